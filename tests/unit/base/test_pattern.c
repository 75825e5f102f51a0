#include "../config/folder.h"

#include <fnmatch.h>
#include <glob.h>

#include "base/pattern.h"

static void patterns_fit_whole_names(void **state)
{
	(void)state;
	static const struct {
		const char *pattern;
		const char *name;
		bool fits;
	} rows[] = {
		{"", "", true},
		{"", "a", false},
		{"abc", "abc", true},
		{"abc", "ab", false},
		{"ab", "abc", false},
		{"*", "", true},
		{"*", ".a/b", true},
		{"a*c", "abbc", true},
		{"a*bc*e", "abcbcde", true},
		{"a*bc*e", "abcbcdef", false},
		{"*.up.sql", "1.up.up.sql", true},
		{"?", "", false},
		{"?", "/", true},
		{"??", "\xc3\xa4", true},
		{"g[u-z]nicorn", "gunicorn", true},
		{"[a-c]", "d", false},
		{"[!a-c]", "d", true},
		{"[!a-c]", "b", false},
		{"[]a]", "]", true},
		{"[!]a]", "]", false},
		{"[a-]", "-", true},
		{"[\\]]", "]", true},
		{"[a\\-c]", "b", false},
		{"[\x80-\xff]", "\xc3", true},
		{"[a", "[a", true},
		{"[\\", "[\\", false},
		{"[", "[", true},
		{"[]", "[]", true},
		{"[!]", "a", false},
		{"\\*", "*", true},
		{"\\*", "a", false},
		{"a\\", "a\\", false},
		{"a\\", "a", false},
	};
	for (size_t i = 0; i < LENGTH(rows); i++)
		CHECK_TRUE(rows[i].pattern,
			pattern_matches(rows[i].pattern, rows[i].name) == rows[i].fits);
}

/* Text number number of those over the letters, shorter ones first. */
static void spell(const char *letters, size_t number, char *room)
{
	for (; number > 0; number = (number - 1) / strlen(letters))
		*room++ = letters[(number - 1) % strlen(letters)];
	*room = '\0';
}

static void short_patterns_fit_what_fnmatch_says(void **state)
{
	(void)state;
	static const char *const letters[] = {"a*b", "a*?", "ab*\\"};
	for (size_t set = 0; set < LENGTH(letters); set++)
		for (size_t i = 0; i < 1500; i++)
			for (size_t j = 0; j < 120; j++) {
				char pattern[16];
				char name[16];
				spell(letters[set], i, pattern);
				spell("ab*", j, name);
				size_t length = strlen(pattern);
				if (length > 0 && pattern[length - 1] == '\\')
					continue; /* C libraries differ */
				CHECK_TRUE(pattern, pattern_matches(pattern, name) ==
							    (fnmatch(pattern, name, 0) == 0));
			}
}

static void paths_are_found_as_glob_finds_them(void **state)
{
	(void)state;
	static const char *const patterns[] = {"*", "*.sql", "*/db/migrate", "*/*/db/migrate",
		"one/db/migrate", "one/*/m*", "t*/d?/*", "[!o]*", ".*e", "none", "none/*",
		"a.sql/*", "\\*", "*/.hidden", "lost"};
	folder_write("b.sql", "");
	folder_write("a.sql", "");
	folder_write("*", "");
	folder_write(".secret/db/migrate/x", "");
	folder_write(".hide", "");
	folder_write("two/.hidden", "");
	folder_write("two/db/migrate/1.rb", "");
	folder_write("one/db/migrate/1.rb", "");
	folder_write("apps/shop/db/migrate/1.rb", "");
	assert_int_equal(symlink("nowhere", "lost"), 0);
	for (size_t i = 0; i < LENGTH(patterns); i++) {
		glob_t expected = {0};
		struct list found = {0};
		(void)glob(patterns[i], 0, NULL, &expected);
		pattern_find(".", patterns[i], &found);
		CHECK_TRUE(patterns[i], found.count == expected.gl_pathc);
		for (size_t j = 0; j < found.count; j++)
			assert_string_equal(found.items[j], expected.gl_pathv[j]);
		list_clear(&found);
		globfree(&expected);
	}
}

static void what_is_found_stands_below_a_folder_of_any_name(void **state)
{
	(void)state;
	struct list found = {0};
	folder_write("odd[a]*/x.sql", "");
	pattern_find("odd[a]*", "*.sql", &found);
	assert_int_equal(found.count, 1);
	assert_string_equal(found.items[0], "x.sql");
	list_clear(&found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_fit_whole_names),
		cmocka_unit_test(short_patterns_fit_what_fnmatch_says),
		IN_FOLDER(paths_are_found_as_glob_finds_them),
		IN_FOLDER(what_is_found_stands_below_a_folder_of_any_name),
	};
	return cmocka_run_group_tests_name("pattern", tests, NULL, NULL);
}
