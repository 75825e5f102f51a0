/* Manifests: what is written is read back, and what is none is told. */
#include "../config/check.h"

#include <unistd.h>

#include "backup/manifest.h"
#include "base/text.h"

static char folder[] = "/tmp/tminus-manifest-XXXXXX";

static const char *path_of(const char *name)
{
	static char path[64];
	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static void write_text(const char *name, const char *text)
{
	FILE *file = fopen(path_of(name), "w");
	assert_non_null(file);
	(void)fputs(text, file);
	(void)fclose(file);
}

static void every_value_comes_back(void **state)
{
	static const char *const values[] = {"shop", "a = b", "my 'odd' \"shop\" ; # no comment",
		"", "[section]", "Ж\\n", "postgresql://app@db:5432/shop"};
	(void)state;
	for (size_t i = 0; i < LENGTH(values); i++) {
		struct manifest written = {0};
		struct manifest read = {0};
		struct error error = {0};
		manifest_set(&written, MANIFEST_SHA256, "abc");
		manifest_set(&written, MANIFEST_DATABASE, values[i]);
		assert_int_equal(manifest_write(path_of("one"), &written, &error), 0);
		assert_int_equal(manifest_read(path_of("one"), &read, &error), 0);
		CHECK_TEXT(values[i], manifest_get(&read, MANIFEST_DATABASE), values[i]);
		CHECK_TEXT(values[i], manifest_get(&read, MANIFEST_SHA256), "abc");
		manifest_clear(&written);
		manifest_clear(&read);
	}
	assert_int_not_equal(access(path_of("one.partial"), F_OK), 0);
	(void)unlink(path_of("one"));
}

static void a_list_may_be_longer_than_a_line(void **state)
{
	struct manifest written = {0};
	struct manifest read = {0};
	struct error error = {0};
	struct text tables = {0};
	(void)state;
	for (int i = 0; i < 500; i++)
		text_add_format(&tables, "%stable_of_number_%d", i > 0 ? ", " : "", i);
	manifest_set(&written, MANIFEST_TABLES, tables.bytes);
	manifest_set(&written, MANIFEST_SHA256, "abc");
	assert_int_equal(manifest_write(path_of("long"), &written, &error), 0);
	assert_int_equal(manifest_read(path_of("long"), &read, &error), 0);
	assert_string_equal(manifest_get(&read, MANIFEST_TABLES), tables.bytes);
	text_free(&tables);
	manifest_clear(&written);
	manifest_clear(&read);
	(void)unlink(path_of("long"));
}

static void a_value_is_one_line(void **state)
{
	struct manifest manifest = {0};
	(void)state;
	manifest_set(&manifest, MANIFEST_DATABASE, "one\ntwo\tthree");
	assert_string_equal(manifest_get(&manifest, MANIFEST_DATABASE), "one two three");
	manifest_clear(&manifest);
}

static void what_is_no_manifest_is_told(void **state)
{
	static const char *const texts[] = {
		"", "hello", "file = shop.dump\n", "sha256 = abc\ntables\n", "\x1f\x8b\x01"};
	(void)state;
	for (size_t i = 0; i < LENGTH(texts); i++) {
		struct manifest manifest = {0};
		struct error error = {0};
		write_text("none", texts[i]);
		assert_int_equal(manifest_read(path_of("none"), &manifest, &error), -1);
		assert_int_equal(error.status, STATUS_RESTORE);
		CHECK_HOLDS(texts[i], error.message, path_of("none"));
		manifest_clear(&manifest);
	}
	(void)unlink(path_of("none"));
}

static void keys_of_a_later_release_are_passed_over(void **state)
{
	struct manifest manifest = {0};
	struct error error = {0};
	(void)state;
	write_text("later", "colour = blue\nsha256 = abc\nsize = 7\n");
	assert_int_equal(manifest_read(path_of("later"), &manifest, &error), 0);
	assert_string_equal(manifest_get(&manifest, MANIFEST_SIZE), "7");
	manifest_clear(&manifest);
	(void)unlink(path_of("later"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_value_comes_back),
		cmocka_unit_test(a_list_may_be_longer_than_a_line),
		cmocka_unit_test(a_value_is_one_line),
		cmocka_unit_test(what_is_no_manifest_is_told),
		cmocka_unit_test(keys_of_a_later_release_are_passed_over),
	};
	if (mkdtemp(folder) == NULL)
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)rmdir(folder);
	return failed;
}
