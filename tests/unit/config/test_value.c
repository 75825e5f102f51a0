#include "check.h"

#include "config/suggest.h"
#include "config/value.h"

#define FAILS INT64_C(-1)

static void durations_have_a_unit_or_are_seconds(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t milliseconds;
	} rows[] = {
		{"250ms", 250},
		{"60s", 60000},
		{"60", 60000},
		{"0", 0},
		{"0ms", 0},
		{"5m", 300000},
		{"2h", 7200000},
		{"1d", 86400000},
		{"5 m", 300000},
		{"007s", 7000},
		{"36600d", INT64_C(36600) * 86400000},
		{"36601d", FAILS},
		{"9223372036854775807", FAILS},
		{"9223372036854775808", FAILS},
		{"99999999999999999999999999ms", FAILS},
		{"", FAILS},
		{" ", FAILS},
		{"s", FAILS},
		{"-1", FAILS},
		{"+1", FAILS},
		{"1.5s", FAILS},
		{"5S", FAILS},
		{"5min", FAILS},
		{"5s ", FAILS},
		{"5s\n", FAILS},
		{"5s5m", FAILS},
		{"0x10", FAILS},
		{"1e3", FAILS},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		int64_t milliseconds = FAILS;
		int status = value_duration(rows[i].text, &milliseconds);
		CHECK_TRUE(rows[i].text, (status == 0) == (rows[i].milliseconds != FAILS));
		CHECK_TRUE(rows[i].text, status != 0 || milliseconds == rows[i].milliseconds);
	}
}

static void durations_read_back_what_they_are_shown_as(void **state)
{
	(void)state;
	static const struct {
		int64_t milliseconds;
		const char *text;
	} rows[] = {
		{0, "0"},
		{1, "1ms"},
		{250, "250ms"},
		{1000, "1s"},
		{1500, "1500ms"},
		{60000, "60s"},
		{90000, "90s"},
		{300000, "5m"},
		{3600000, "1h"},
		{86400000, "1d"},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		char room[VALUE_TEXT_SIZE];
		int64_t back = FAILS;
		CHECK_TEXT(rows[i].text,
			value_duration_text(rows[i].milliseconds, room, sizeof room), rows[i].text);
		assert_int_equal(value_duration(room, &back), 0);
		assert_true(back == rows[i].milliseconds);
	}
}

static void sizes_are_binary_unless_they_say_kB(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t bytes;
	} rows[] = {
		{"0", 0},
		{"4096", 4096},
		{"4096B", 4096},
		{"64k", 65536},
		{"64K", 65536},
		{"64KiB", 65536},
		{"64kB", 64000},
		{"10M", 10485760},
		{"10MB", 10000000},
		{"1G", 1073741824},
		{"1GiB", 1073741824},
		{"1T", INT64_C(1099511627776)},
		{"8388607T", INT64_C(8388607) << 40},
		{"8388608T", FAILS},
		{"9223372036854775807", INT64_MAX},
		{"", FAILS},
		{"k", FAILS},
		{"-1", FAILS},
		{"1.5G", FAILS},
		{"64kb", FAILS},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		int64_t bytes = FAILS;
		int status = value_size(rows[i].text, &bytes);
		CHECK_TRUE(rows[i].text, (status == 0) == (rows[i].bytes != FAILS));
		CHECK_TRUE(rows[i].text, status != 0 || bytes == rows[i].bytes);
	}
}

static void booleans_have_four_words_for_each_truth(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int truth; /* -1: none */
	} rows[] = {
		{"1", 1},
		{"true", 1},
		{"YES", 1},
		{"On", 1},
		{"0", 0},
		{"False", 0},
		{"no", 0},
		{"OFF", 0},
		{"", -1},
		{"y", -1},
		{"2", -1},
		{"yes ", -1},
		{"enabled", -1},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		bool truth = false;
		int status = value_boolean(rows[i].text, &truth);
		CHECK_TRUE(rows[i].text, (status == 0 ? (int)truth : -1) == rows[i].truth);
	}
}

static void masks_are_octal(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t mask;
	} rows[] = {
		{"022", 022},
		{"27", 027},
		{"0", 0},
		{"0777", 0777},
		{"1000", FAILS},
		{"08", FAILS},
		{"-1", FAILS},
		{" 22", FAILS},
		{"22 ", FAILS},
		{"0x12", FAILS},
		{"u=rwx", FAILS},
		{"", FAILS},
		{"777777777777777777777777", FAILS},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		int64_t mask;
		int status = value_mask(rows[i].text, &mask);
		CHECK_TRUE(rows[i].text, (status == 0 ? mask : FAILS) == rows[i].mask);
	}
}

static void a_mode_is_octal_and_has_special_bits(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t mode;
	} rows[] = {{"755", 0755}, {"0750", 0750}, {"2775", 02775}, {"7777", 07777}, {"0", 0},
		{"10000", FAILS}, {"788", FAILS}, {"u=rwx", FAILS}, {"-1", FAILS}, {" 755", FAILS},
		{"755 ", FAILS}, {"", FAILS}};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		int64_t mode;
		int status = value_mode(rows[i].text, &mode);
		CHECK_TRUE(rows[i].text, (status == 0 ? mode : FAILS) == rows[i].mode);
	}
}

static void a_choice_is_one_whole_word_of_its_list(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int index;
	} rows[] = {{"run", 0}, {"wait", 1}, {"off", 2}, {"ru", -1}, {"runs", -1}, {"", -1},
		{"run|wait", -1}};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		int index = -1;
		(void)value_choice(rows[i].text, "run|wait|off", &index);
		CHECK_TRUE(rows[i].text, index == rows[i].index);
	}
	char room[8];
	assert_string_equal(value_choice_name("run|wait|off", 1, room, sizeof room), "wait");
	assert_string_equal(value_choice_name("run|wait|off", 2, room, sizeof room), "off");
}

static void a_slip_of_the_hand_gets_a_suggestion(void **state)
{
	(void)state;
	static const struct {
		const char *word;
		const char *expected;
	} rows[] = {
		{"timeoout", "; did you mean \"timeout\"?"},
		{"tiemout", "; did you mean \"timeout\"?"},
		{"TIMEOUT", "; did you mean \"timeout\"?"},
		{"timeot", "; did you mean \"timeout\"?"},
		{"levle", "; did you mean \"level\"?"},
		{"banana", ""},
		{"", ""},
		{"x", ""},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		char room[SUGGEST_TEXT_SIZE];
		struct suggestion suggestion = suggest_for(rows[i].word);
		suggest_offer(&suggestion, "timeout");
		suggest_offer(&suggestion, "level");
		CHECK_TEXT(rows[i].word, suggest_text(&suggestion, room), rows[i].expected);
	}
}

static void what_others_call_it_and_what_lacks_words_gets_a_suggestion(void **state)
{
	(void)state;
	static const struct {
		const char *word;
		const char *expected;
	} rows[] = {
		{"cmd", "; did you mean \"command\"?"},
		{"CWD", "; did you mean \"workdir\"?"},
		{"cm", ""},
		{"user", "; did you mean \"NAME_user\"?"},
		{"TMINUS_USER", "; did you mean \"TMINUS_APP_USER\"?"},
		{"TMINUS_LIMIT", "; did you mean \"TMINUS_APP_RESTART_LIMIT\"?"},
		{"TMINUS_APP_LIMIT", "; did you mean \"TMINUS_APP_RESTART_LIMIT\"?"},
		{"TMINUS_APP", "; did you mean \"TMINUS_APP_RESTART_LIMIT\"?"},
		{"TMINUS_ART_LIMIT", ""},
		{"TMINUS_COMMAND_COMMAND", ""},
	};
	static const char *const candidates[] = {"command", "workdir", "NAME_user",
		"TMINUS_DATABASE_USER", "TMINUS_APP_RESTART_LIMIT", "TMINUS_APP_USER"};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		char room[SUGGEST_TEXT_SIZE];
		struct suggestion suggestion = suggest_for(rows[i].word);
		for (size_t j = 0; j < LENGTH(candidates); j++)
			suggest_offer(&suggestion, candidates[j]);
		CHECK_TEXT(rows[i].word, suggest_text(&suggestion, room), rows[i].expected);
	}
}

static void words_of_any_length_get_at_most_no_suggestion(void **state)
{
	(void)state;
	char large[200];
	char room[SUGGEST_TEXT_SIZE];
	memset(large, 'x', sizeof large - 1);
	large[sizeof large - 1] = '\0';
	struct suggestion suggestion = suggest_for(large);
	suggest_offer(&suggestion, large);
	assert_string_equal(suggest_text(&suggestion, room), "");
	large[SUGGEST_LENGTH] = '\0';
	suggestion = suggest_for(large);
	suggest_offer(&suggestion, large + 1);
	assert_string_not_equal(suggest_text(&suggestion, room), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_have_a_unit_or_are_seconds),
		cmocka_unit_test(durations_read_back_what_they_are_shown_as),
		cmocka_unit_test(sizes_are_binary_unless_they_say_kB),
		cmocka_unit_test(booleans_have_four_words_for_each_truth),
		cmocka_unit_test(masks_are_octal),
		cmocka_unit_test(a_mode_is_octal_and_has_special_bits),
		cmocka_unit_test(a_choice_is_one_whole_word_of_its_list),
		cmocka_unit_test(a_slip_of_the_hand_gets_a_suggestion),
		cmocka_unit_test(what_others_call_it_and_what_lacks_words_gets_a_suggestion),
		cmocka_unit_test(words_of_any_length_get_at_most_no_suggestion),
	};
	return cmocka_run_group_tests_name("value", tests, NULL, NULL);
}
