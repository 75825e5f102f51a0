#include "../config/check.h"

#include <signal.h>

#include "base/signal_name.h"

static void names_and_numbers_of_signals_are_understood(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		int number;
	} rows[] = {
		{"TERM", SIGTERM},
		{"SIGTERM", SIGTERM},
		{"term", SIGTERM},
		{"sigint", SIGINT},
		{"15", 15},
		{"64", 64},
		{"WINCH", SIGWINCH},
		{"SYS", SIGSYS},
		{"RTMIN", 34},
		{"SIGRTMIN+3", 37},
		{"rtmax-1", 63},
		{"RTMAX", 64},
		{"", -1},
		{"0", -1},
		{"65", -1},
		{"-1", -1},
		{" 15", -1},
		{"15 ", -1},
		{"15x", -1},
		{"99999999999999999999", -1},
		{"SIG", -1},
		{"SIGSIGTERM", -1},
		{"TERMINATE", -1},
		{"RTMIN+31", -1},
		{"RTMIN-1", -1},
		{"RTMAX+1", -1},
		{"RTMIN+", -1},
	};
	for (size_t i = 0; i < LENGTH(rows); i++)
		CHECK_TRUE(rows[i].name, signal_number(rows[i].name) == rows[i].number);
}

static void every_number_reads_back_from_its_name(void **state)
{
	(void)state;
	char room[SIGNAL_NAME_SIZE];
	for (int number = 1; number <= SIGNAL_LAST; number++)
		assert_int_equal(signal_number(signal_name(number, room, sizeof room)), number);
}

#ifdef __GLIBC__ /* musl has no sigabbrev_np(3) */
static void the_names_are_those_of_the_c_library(void **state)
{
	(void)state;
	char room[SIGNAL_NAME_SIZE];
	for (int number = 1; number < 32; number++) {
		const char *name = sigabbrev_np(number);
		if (name != NULL && strcmp(name, "POLL") != 0)
			CHECK_TEXT(name, signal_name(number, room, sizeof room), name);
	}
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_numbers_of_signals_are_understood),
		cmocka_unit_test(every_number_reads_back_from_its_name),
#ifdef __GLIBC__
		cmocka_unit_test(the_names_are_those_of_the_c_library),
#endif
	};
	return cmocka_run_group_tests_name("signal_name", tests, NULL, NULL);
}
