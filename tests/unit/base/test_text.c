#include "../config/check.h"

#include "base/memory.h"
#include "base/text.h"

static void text_grows_by_any_amount(void **state)
{
	(void)state;
	struct text text = {0};
	for (int i = 0; i < 1000; i++) {
		text_add_byte(&text, 'a');
		text_add_bytes(&text, "bc", 2);
		text_add_format(&text, "%d", i % 10);
	}
	assert_int_equal(text.length, 4000);
	assert_int_equal(strlen(text.bytes), 4000);
	text_free(&text);
}

static void text_holds_two_hundred_kilobytes_in_one_value(void **state)
{
	(void)state;
	autofree char *large = memory_zeroed(200001, 1);
	memset(large, 'x', 200000);
	struct text text = {0};
	text_add_format(&text, "%s!", large);
	assert_int_equal(text.length, 200001);
	text_free(&text);
}

static void taking_an_empty_text_gives_an_empty_string(void **state)
{
	(void)state;
	struct text text = {0};
	autofree char *taken = text_take(&text);
	assert_string_equal(taken, "");
	assert_null(text.bytes);
}

static void a_list_ends_with_null_like_argv(void **state)
{
	(void)state;
	struct list list = {0};
	list_append(&list, "one");
	list_append_owned(&list, memory_copy(""));
	assert_int_equal(list.count, 2);
	assert_string_equal(list.items[0], "one");
	assert_string_equal(list.items[1], "");
	assert_null(list.items[2]);
	list_clear(&list);
	assert_null(list.items);
	assert_int_equal(list.count, 0);
}

static void durations_are_shown_in_the_unit_that_reads_best(void **state)
{
	(void)state;
	static const struct {
		long long milliseconds;
		const char *text;
	} rows[] = {
		{0, "0 ms"},
		{412, "412 ms"},
		{999, "999 ms"},
		{1000, "1 s"},
		{3250, "3.2 s"},
		{59999, "59.9 s"},
		{60000, "60 s"},
		{125000, "2 min 5 s"},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		char room[40];
		CHECK_TEXT(rows[i].text, text_duration(rows[i].milliseconds, room, sizeof room),
			rows[i].text);
	}
}

static void prefixes_and_equality_are_exact(void **state)
{
	(void)state;
	assert_true(text_starts_with("TMINUS_X", "TMINUS_"));
	assert_true(text_starts_with("x", ""));
	assert_false(text_starts_with("TM", "TMINUS_"));
	assert_true(text_equal("", ""));
	assert_false(text_equal("a", "A"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_grows_by_any_amount),
		cmocka_unit_test(text_holds_two_hundred_kilobytes_in_one_value),
		cmocka_unit_test(taking_an_empty_text_gives_an_empty_string),
		cmocka_unit_test(a_list_ends_with_null_like_argv),
		cmocka_unit_test(durations_are_shown_in_the_unit_that_reads_best),
		cmocka_unit_test(prefixes_and_equality_are_exact),
	};
	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
