/* Users and groups from files of a test's own. */
#include "check.h"

#include "config/account.h"
#include "config/limits.h"
#include "folder.h"

#define ORIGIN "tminus.ini:2"

/* "uid gid home name groups..." of what text means, or the error's message. The caller frees it. */
static char *found(const char *text)
{
	struct error error;
	struct account *account = NULL;
	struct text line = {0};
	if (account_find(text, ORIGIN, ".", &account, &error) != 0)
		return strdup(error.message);
	assert_string_equal(account->text, text);
	assert_string_equal(account->origin, ORIGIN);
	text_add_format(&line, "%u %u %s %s", account->uid, account->gid, account->home,
		account->name != NULL ? account->name : "-");
	for (size_t i = 0; i < account->group_count; i++)
		text_add_format(&line, " %u", account->groups[i]);
	account_free(account);
	return text_take(&line);
}

static void write_files(void)
{
	folder_write("passwd", "root:x:0:0:root:/root:/bin/sh\n"
			       "app:x:1500:1600:,,,:/srv/app:/bin/sh\n"
			       "twin:x:1500:1601:::\n"
			       "\n"
			       "no such line\n"
			       "1500:x:7:8::/digits:\n"
			       "last:x:1503:1503::/last:/bin/sh");
	folder_write("group", "root:x:0:\n"
			      "app:x:1600:app\n"
			      "logs:x:1700:twin,app\n"
			      "broken\n"
			      "9:x:1709:\n"
			      "media:x:1701:app,app");
}

static void a_user_is_a_name_or_a_number_with_a_group_or_without(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *expected;
	} rows[] = {
		{"app", "1500 1600 /srv/app app 1600 1700 1701"},
		{"twin", "1500 1601 / twin 1601 1700"},
		{"last", "1503 1503 /last last 1503"},
		{"1500", "7 8 /digits 1500 8"},
		{"1503", "1503 1503 /last last 1503"},
		{"0", "0 0 /root root 0"},
		{"42", "42 42 / - 42"},
		{"42:43", "42 43 / - 43"},
		{"42:logs", "42 1700 / - 1700"},
		{"app:9", "1500 1709 /srv/app app 1709"},
		{"app:0", "1500 0 /srv/app app 0"},
		{"4294967294", "4294967294 4294967294 / - 4294967294"},
		{"4294967295", "there is no user \"4294967295\" in ./passwd, and it is no number"},
		{"4294967296", "there is no user \"4294967296\" in ./passwd, and it is no number"},
		{"ap", "there is no user \"ap\" in ./passwd, and it is no number"},
		{"", "there is no user \"\" in ./passwd, and it is no number"},
		{":42", "there is no user \"\" in ./passwd, and it is no number"},
		{"-1", "there is no user \"-1\" in ./passwd, and it is no number"},
		{"1e3", "there is no user \"1e3\" in ./passwd, and it is no number"},
		{"app:", "there is no group \"\" in ./group, and it is no number"},
		{"app:log", "there is no group \"log\" in ./group, and it is no number"},
		{"app:1:2", "there is no group \"1:2\" in ./group, and it is no number"},
	};
	write_files();
	for (size_t i = 0; i < LENGTH(rows); i++) {
		char *line = found(rows[i].text);
		CHECK_TEXT(rows[i].text, line, rows[i].expected);
		free(line);
	}
}

static void without_files_numbers_are_what_they_are(void **state)
{
	(void)state;
	(void)remove("passwd");
	(void)remove("group");
	char *number = found("42:43");
	char *name = found("root");
	assert_string_equal(number, "42 43 / - 43");
	assert_string_equal(name, "there is no user \"root\" in ./passwd, and it is no number");
	free(number);
	free(name);
}

static void another_group_takes_the_place_of_its_own(void **state)
{
	(void)state;
	struct error error;
	struct account *account = NULL;
	write_files();
	assert_int_equal(account_find("app", ORIGIN, ".", &account, &error), 0);
	account_set_group(account, 1700);
	assert_int_equal(account->gid, 1700);
	assert_int_equal(account->group_count, 2);
	assert_int_equal(account->groups[0], 1700);
	assert_int_equal(account->groups[1], 1701);
	account_free(account);
}

static void limits_are_a_name_and_one_value_or_two(void **state)
{
	(void)state;
	static const struct {
		const char *word;
		int resource; /* -1: refused */
		rlim_t soft;
		rlim_t hard;
	} rows[] = {
		{"nofile=100", RLIMIT_NOFILE, 100, 100},
		{"nofile=100:200", RLIMIT_NOFILE, 100, 200},
		{"core=0:unlimited", RLIMIT_CORE, 0, RLIM_INFINITY},
		{"core=-1", RLIMIT_CORE, RLIM_INFINITY, RLIM_INFINITY},
		{"memlock=64k", RLIMIT_MEMLOCK, 65536, 65536},
		{"as=1G:2G", RLIMIT_AS, (rlim_t)1 << 30, (rlim_t)2 << 30},
		{"nofile=200:100", -1, 0, 0},
		{"nofile=unlimited:100", -1, 0, 0},
		{"nofile=", -1, 0, 0},
		{"nofile=1:", -1, 0, 0},
		{"nofile=:1", -1, 0, 0},
		{"nofile=1:2:3", -1, 0, 0},
		{"nofile=0000000000000000000000000000000000000001", -1, 0, 0},
		{"nofil=1", -1, 0, 0},
		{"nofiles=1", -1, 0, 0},
		{"=1", -1, 0, 0},
		{"nofile", -1, 0, 0},
		{"", -1, 0, 0},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct error error;
		struct list words = {0};
		struct limits limits = {0};
		list_append(&words, rows[i].word);
		bool read = limits_read(&words, &limits, &error) == 0;
		CHECK_TRUE(rows[i].word, read == (rows[i].resource >= 0));
		if (read) {
			CHECK_TRUE(rows[i].word, limits.rows[0].resource == rows[i].resource);
			CHECK_TRUE(rows[i].word, limits.rows[0].values.rlim_cur == rows[i].soft);
			CHECK_TRUE(rows[i].word, limits.rows[0].values.rlim_max == rows[i].hard);
		} else {
			CHECK_HOLDS(rows[i].word, error.message, rows[i].word);
		}
		free(limits.rows);
		list_clear(&words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_user_is_a_name_or_a_number_with_a_group_or_without),
		cmocka_unit_test(without_files_numbers_are_what_they_are),
		cmocka_unit_test(another_group_takes_the_place_of_its_own),
		cmocka_unit_test(limits_are_a_name_and_one_value_or_two),
	};
	return cmocka_run_group_tests_name("account", tests, folder_enter, folder_leave);
}
