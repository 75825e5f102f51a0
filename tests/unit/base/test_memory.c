#include "../config/check.h"

#include <stdbool.h>

#include "base/memory.h"

#define PIECES 200
#define ROUNDS 20000
#define LARGEST 6000 /* some of them are outside of the region */

struct piece {
	unsigned char *bytes;
	size_t size;
	unsigned char mark;
};

static bool is_filled(const struct piece *piece, size_t length, unsigned char byte)
{
	for (size_t i = 0; i < length; i++)
		if (piece->bytes[i] != byte)
			return false;
	return true;
}

static void fill(struct piece *piece, unsigned number)
{
	piece->mark = (unsigned char)(number % 255 + 1);
	memset(piece->bytes, piece->mark, piece->size);
}

static void replace(struct piece *piece, size_t size, unsigned number)
{
	free(piece->bytes);
	*piece = (struct piece){.bytes = memory_zeroed(size, 1), .size = size};
	assert_true(is_filled(piece, size, 0));
	assert_int_equal((uintptr_t)piece->bytes % sizeof(void *), 0);
	fill(piece, number);
}

static void resize(struct piece *piece, size_t size, unsigned number)
{
	size_t kept = piece->size < size ? piece->size : size;
	piece->bytes = memory_resized(piece->bytes, size, 1);
	piece->size = size;
	assert_true(is_filled(piece, kept, piece->mark));
	fill(piece, number);
}

static void pieces_are_zero_aligned_and_nobody_elses_whatever_comes_and_goes(void **state)
{
	(void)state;
	struct piece pieces[PIECES] = {0};
	srand(1);
	for (unsigned number = 0; number < ROUNDS; number++) {
		struct piece *piece = &pieces[rand() % PIECES];
		size_t size = (size_t)rand() % (rand() % 8 == 0 ? LARGEST : 100);
		assert_true(is_filled(piece, piece->size, piece->mark));
		if (rand() % 2 == 0)
			replace(piece, size, number);
		else
			resize(piece, size, number);
	}
	for (size_t i = 0; i < PIECES; i++)
		free(pieces[i].bytes);
}

#ifdef MEMORY_REGION
static void what_is_freed_is_used_again(void **state)
{
	(void)state;
	void *pieces[PIECES];
	uintptr_t lowest = UINTPTR_MAX;
	for (size_t i = 0; i < PIECES; i++)
		pieces[i] = memory_zeroed(i + 1, 1);
	for (size_t i = 0; i < PIECES; i++) {
		if ((uintptr_t)pieces[i] < lowest)
			lowest = (uintptr_t)pieces[i];
		free(pieces[(i * 7) % PIECES]);
	}
	autofree void *again = memory_zeroed(4000, 1);
	assert_int_equal((uintptr_t)again, lowest);
}

static size_t told;

static void count_bytes(uintptr_t begin, uintptr_t end)
{
	assert_true(begin <= end);
	memset((void *)begin, 0xff, end - begin); // NOLINT
	told += end - begin;
}

static void free_pieces_can_be_given_back_with_all_that_is_in_them(void **state)
{
	(void)state;
	autofree char *before = memory_copy("before");
	void *between = memory_zeroed(4000, 1);
	autofree char *behind = memory_copy("behind");
	free(between);
	told = 0;
	memory_trim(count_bytes);
	assert_true(told >= 3980);
	autofree char *zeroed = memory_zeroed(4000, 1);
	assert_int_equal(zeroed[3999], 0);
	assert_string_equal(before, "before");
	assert_string_equal(behind, "behind");
}

#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_zero_aligned_and_nobody_elses_whatever_comes_and_goes),
#ifdef MEMORY_REGION
		cmocka_unit_test(what_is_freed_is_used_again),
		cmocka_unit_test(free_pieces_can_be_given_back_with_all_that_is_in_them),
#endif
	};
	return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
