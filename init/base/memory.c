#include "base/memory.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

static _Noreturn void out_of_memory(void)
{
	static const char text[] = "tminus: error: out of memory\n";
	ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);
	(void)ignored;
	_exit(STATUS_INTERNAL);
}

/* --- the region ------------------------------------------------------------------------------ */

#ifdef MEMORY_REGION

/* Untouched pages of it cost nothing. */
#define REGION_WORDS ((size_t)12 * 1024)
/* What is larger, which boot alone needs, comes from malloc(3) and goes back to the kernel. */
#define LARGEST 4096

/* A word is four bytes: a block's first is its size in words, and what it is for begins behind it,
 * at a multiple of eight bytes. The second of a free one is the index of the next free one, by
 * address, or 0. */
#define ALIGNMENT 8
static struct {
	uint32_t free;
	uint32_t used; /* the end of what was ever used; behind it no page was touched */
	_Alignas(ALIGNMENT) uint32_t words[REGION_WORDS];
} region;
#define FIRST 1

/* Linked with --wrap=free every free(3) of the program comes to __wrap_free, whoever calls it.
 * ld(1) */
void __real_free(void *memory); // NOLINT
#if defined __GNUC__ && !defined __clang__
__attribute__((externally_visible))
#endif
void __wrap_free(void *memory); // NOLINT

static bool is_ours(const void *memory)
{
	uintptr_t at = (uintptr_t)memory;
	uintptr_t begin = (uintptr_t)region.words;
	return at >= begin && at < begin + sizeof region.words;
}

/* What stood in memory as another type must be written before it is read as words, and the other
 * way round. */
static void *as_other_type(void *memory)
{
	__asm__("" : "+r"(memory) : : "memory");
	return memory;
}

static uint32_t index_of(void *memory)
{
	const uint32_t *first = as_other_type(memory);
	return (uint32_t)(first - region.words) - 1;
}

/* The first that is large enough, or 0. What it has too much becomes one of its own. */
static uint32_t take_free(uint32_t size)
{
	uint32_t *link = &region.free;
	while (*link != 0 && region.words[*link] < size)
		link = &region.words[*link + 1];
	uint32_t block = *link;
	if (block == 0)
		return 0;
	uint32_t rest = region.words[block] - size;
	*link = region.words[block + 1];
	if (rest == 0)
		return block;
	region.words[block] = size;
	region.words[block + size] = rest;
	region.words[block + size + 1] = *link;
	*link = block + size;
	return block;
}

static uint32_t take_fresh(uint32_t size)
{
	uint32_t block = region.used > 0 ? region.used : FIRST;
	if (block + size > REGION_WORDS)
		return 0;
	region.words[block] = size;
	region.used = block + size;
	return block;
}

static void *region_take(size_t size)
{
	uint32_t words = (uint32_t)(((size + sizeof(uint32_t)) + ALIGNMENT - 1) / ALIGNMENT * 2);
	if (size > LARGEST)
		return NULL;
	uint32_t block = take_free(words);
	if (block == 0)
		block = take_fresh(words);
	if (block == 0)
		return NULL;
	memset(&region.words[block + 1], 0, (words - 1) * sizeof(uint32_t));
	return as_other_type(&region.words[block + 1]);
}

/* Joins block with the next one where they touch. */
static void join(uint32_t block)
{
	uint32_t next = region.words[block + 1];
	if (block + region.words[block] != next)
		return;
	region.words[block] += region.words[next];
	region.words[block + 1] = region.words[next + 1];
}

static void region_give(void *memory)
{
	uint32_t block = index_of(memory);
	uint32_t before = 0;
	uint32_t next = region.free;
	while (next != 0 && next < block) {
		before = next;
		next = region.words[next + 1];
	}
	region.words[block + 1] = next;
	join(block);
	if (before == 0) {
		region.free = block;
		return;
	}
	region.words[before + 1] = block;
	join(before);
}

void __wrap_free(void *memory) // NOLINT
{
	if (is_ours(memory))
		region_give(memory);
	else
		__real_free(memory);
}

void memory_trim(void (*give_back)(uintptr_t begin, uintptr_t end))
{
	for (uint32_t block = region.free; block != 0; block = region.words[block + 1])
		give_back((uintptr_t)&region.words[block + 2],
			(uintptr_t)&region.words[block + region.words[block]]);
}

static size_t room_of(void *memory)
{
	return (region.words[index_of(memory)] - 1) * sizeof(uint32_t);
}

#else /* the sanitizers and the fuzzers see every piece by itself */

static bool is_ours(const void *memory)
{
	(void)memory;
	return false;
}

static void *region_take(size_t size)
{
	(void)size;
	return NULL;
}

static size_t room_of(void *memory)
{
	(void)memory;
	return 0;
}

void memory_trim(void (*give_back)(uintptr_t begin, uintptr_t end))
{
	(void)give_back;
}

#endif

/* --------------------------------------------------------------------------------------------- */

void *memory_zeroed(size_t count, size_t size)
{
	size_t bytes;
	bool fits = !__builtin_mul_overflow(count, size, &bytes);
	void *memory = fits ? region_take(bytes) : NULL;
	if (memory == NULL)
		memory = calloc(count > 0 ? count : 1, size);
	if (memory == NULL)
		out_of_memory();
	return memory;
}

/* What old holds, in a new place where it has too little room. */
static void *moved(void *old, size_t count, size_t size)
{
	size_t held = room_of(old);
	if (count <= held / size)
		return old;
	void *memory = memory_zeroed(count, size);
	memcpy(memory, old, held);
	free(old);
	return memory;
}

void *memory_resized(void *old, size_t count, size_t size)
{
	if (old == NULL)
		return memory_zeroed(count, size);
	if (is_ours(old))
		return moved(old, count, size);
	void *memory = reallocarray(old, count > 0 ? count : 1, size);
	if (memory == NULL)
		out_of_memory();
	return memory;
}

char *memory_copy_bytes(const char *bytes, size_t length)
{
	char *copy = memory_zeroed(length + 1, 1);
	memcpy(copy, bytes, length);
	return copy;
}

char *memory_copy(const char *text)
{
	return memory_copy_bytes(text, strlen(text));
}

void memory_close_at(const int *descriptor)
{
	if (*descriptor >= 0)
		(void)close(*descriptor);
}
