/* SHA-256 by the examples of FIPS 180-4 and NIST's CAVP. */
#include "../config/check.h"

#include "base/sha256.h"

static const char *digest_of(const void *bytes, size_t length)
{
	static char text[SHA256_TEXT];
	struct sha256 sha;
	sha256_begin(&sha);
	sha256_add(&sha, bytes, length);
	sha256_end(&sha, text);
	return text;
}

static void digests_are_those_of_the_standard(void **state)
{
	static const struct {
		const char *text;
		const char *digest;
	} vectors[] = {
		{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
			"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
		{"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqk"
		 "lmnopqrlmnopqrsmnopqrstnopqrstu",
			"cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++)
		assert_string_equal(
			digest_of(vectors[i].text, strlen(vectors[i].text)), vectors[i].digest);
}

static void a_million_bytes_in_pieces_of_any_size(void **state)
{
	struct sha256 sha;
	char bytes[1000];
	char text[SHA256_TEXT];
	(void)state;
	memset(bytes, 'a', sizeof bytes);
	sha256_begin(&sha);
	size_t piece = 1;
	for (size_t left = 1000000; left > 0; left -= piece) {
		piece = piece * 7 % 997 + 1;
		piece = piece < left ? piece : left;
		sha256_add(&sha, bytes, piece);
	}
	sha256_end(&sha, text);
	assert_string_equal(
		text, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* Padding takes one block or two, as the length says. */
static void every_length_around_a_block_has_its_own_digest(void **state)
{
	char seen[130][SHA256_TEXT];
	char zeros[130] = {0};
	(void)state;
	for (size_t length = 0; length < 130; length++) {
		memcpy(seen[length], digest_of(zeros, length), SHA256_TEXT);
		for (size_t other = 0; other < length; other++)
			assert_string_not_equal(seen[length], seen[other]);
	}
	assert_string_equal(
		seen[64], "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_are_those_of_the_standard),
		cmocka_unit_test(a_million_bytes_in_pieces_of_any_size),
		cmocka_unit_test(every_length_around_a_block_has_its_own_digest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
