/* Schedules: what is understood, what is not, and the rules of cron(8) one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "config/schedule.h"

/* New York, by rules of POSIX: forward on the second Sunday in March at 2, back on the first in
 * November at 2. No tzdata is needed. */
#define NEW_YORK "EST5EDT,M3.2.0,M11.1.0"

static int64_t at(const char *zone, int year, int month, int day, int hour, int minute)
{
	assert_int_equal(setenv("TZ", zone, 1), 0);
	tzset();
	struct tm local = {.tm_year = year - 1900,
		.tm_mon = month - 1,
		.tm_mday = day,
		.tm_hour = hour,
		.tm_min = minute,
		.tm_isdst = -1};
	return (int64_t)mktime(&local);
}

static int64_t next(const char *text, int64_t after)
{
	struct schedule schedule;
	struct error error;
	assert_int_equal(schedule_parse(text, &schedule, &error), 0);
	return schedule_next(&schedule, after);
}

static void fields_know_names_ranges_steps_and_lists(void **state)
{
	(void)state;
	int64_t saturday = at("UTC0", 2026, 11, 21, 12, 0);
	assert_true(next("* * * * *", saturday) == saturday + 60);
	assert_true(next("*/15 * * * *", saturday) == saturday + 900);
	assert_true(next("5,10-20/5 12 * * *", saturday + 300) == saturday + 600);
	assert_true(next("0 0 * * mon-wed", saturday) == at("UTC0", 2026, 11, 23, 0, 0));
	assert_true(next("0 0 * * 7", saturday) == at("UTC0", 2026, 11, 22, 0, 0));
	assert_true(next("0 0 1 jan,FEB *", saturday) == at("UTC0", 2027, 1, 1, 0, 0));
	assert_true(next(" 0\t0 29  2 * ", saturday) == at("UTC0", 2028, 2, 29, 0, 0));
}

static void nicknames_are_the_five_fields_that_they_stand_for(void **state)
{
	(void)state;
	int64_t saturday = at("UTC0", 2026, 11, 21, 12, 30);
	assert_true(next("@hourly", saturday) == at("UTC0", 2026, 11, 21, 13, 0));
	assert_true(next("@daily", saturday) == at("UTC0", 2026, 11, 22, 0, 0));
	assert_true(next("@midnight", saturday) == at("UTC0", 2026, 11, 22, 0, 0));
	assert_true(next("@weekly", saturday) == at("UTC0", 2026, 11, 22, 0, 0));
	assert_true(next("@monthly", saturday) == at("UTC0", 2026, 12, 1, 0, 0));
	assert_true(next("@yearly", saturday) == at("UTC0", 2027, 1, 1, 0, 0));
	assert_true(next("@annually", saturday) == at("UTC0", 2027, 1, 1, 0, 0));
}

static void day_or_weekday_is_enough_where_both_are_restricted(void **state)
{
	(void)state;
	int64_t saturday = at("UTC0", 2026, 11, 21, 12, 0);
	assert_true(next("0 0 25 * mon", saturday) == at("UTC0", 2026, 11, 23, 0, 0));
	assert_true(next("0 0 25 * mon", at("UTC0", 2026, 11, 24, 0, 0)) ==
		    at("UTC0", 2026, 11, 25, 0, 0));
	/* A field that begins with a star restricts, but offers no choice. */
	assert_true(next("0 0 */5 * mon", saturday) == at("UTC0", 2026, 12, 21, 0, 0));
}

static void a_time_that_does_not_exist_comes_once_right_behind_the_gap(void **state)
{
	(void)state;
	int64_t evening = at(NEW_YORK, 2026, 3, 7, 22, 0);
	int64_t three = at(NEW_YORK, 2026, 3, 8, 3, 0);
	assert_true(next("30 2 * * *", evening) == three);
	assert_true(next("0,30 2 * * *", three) == at(NEW_YORK, 2026, 3, 9, 2, 0));
	/* What follows the clock has no such time. */
	assert_true(next("30 * * * *", at(NEW_YORK, 2026, 3, 8, 1, 30)) == three + 1800);
}

static void a_time_that_comes_twice_comes_the_first_time_alone(void **state)
{
	(void)state;
	int64_t evening = at(NEW_YORK, 2026, 10, 31, 22, 0);
	int64_t first = next("30 1 * * *", evening);
	assert_true(first == evening + 12600);
	assert_true(next("30 1 * * *", first) == at(NEW_YORK, 2026, 11, 2, 1, 30));
	assert_true(next("30 * * * *", first) == first + 3600);
}

static void what_is_no_schedule_is_refused_with_the_field_that_is_wrong(void **state)
{
	static const struct {
		const char *text;
		const char *word;
	} rows[] = {
		{"", "minute"},
		{"60 * * * *", "minute"},
		{"-1 * * * *", "minute"},
		{"1-5/0 * * * *", "minute"},
		{"5/10 * * * *", "minute"},
		{"1, * * * *", "minute"},
		{"0001 * * * *", "minute"},
		{"99999999999 * * * *", "minute"},
		{"0 24 * * *", "hour"},
		{"0 5-3 * * *", "hour"},
		{"0 0 0 * *", "day"},
		{"0 0 32 * *", "day"},
		{"0 0 * 13 *", "month"},
		{"0 0 * foo *", "month"},
		{"0 0 * * 8", "weekday"},
		{"0 0 * *", "weekday"},
		{"0 0 * * * *", "more than five fields"},
		{"@reboot", "minute"},
		{"0 0 30 2 *", "never comes"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct schedule schedule;
		struct error error = {0};
		assert_int_equal(schedule_parse(rows[i].text, &schedule, &error), -1);
		assert_int_equal(error.status, STATUS_CONFIG);
		if (strstr(error.message, rows[i].word) == NULL)
			fail_msg("%s: %s", rows[i].text, error.message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_know_names_ranges_steps_and_lists),
		cmocka_unit_test(nicknames_are_the_five_fields_that_they_stand_for),
		cmocka_unit_test(day_or_weekday_is_enough_where_both_are_restricted),
		cmocka_unit_test(a_time_that_does_not_exist_comes_once_right_behind_the_gap),
		cmocka_unit_test(a_time_that_comes_twice_comes_the_first_time_alone),
		cmocka_unit_test(what_is_no_schedule_is_refused_with_the_field_that_is_wrong),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
