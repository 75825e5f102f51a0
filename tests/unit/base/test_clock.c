#include "../config/check.h"

#include <errno.h>
#include <limits.h>

#include "base/clock.h"
#include "base/error.h"

static void the_clock_never_goes_back(void **state)
{
	(void)state;
	int64_t before = clock_now();
	for (int i = 0; i < 1000; i++) {
		int64_t now = clock_now();
		assert_true(now >= before);
		before = now;
	}
}

static void a_limit_of_zero_is_no_deadline(void **state)
{
	(void)state;
	assert_true(clock_deadline(0) == CLOCK_NEVER);
	assert_int_equal(clock_left(CLOCK_NEVER), -1);
	assert_true(clock_earlier(CLOCK_NEVER, 5) == 5);
}

static void what_is_left_fits_poll(void **state)
{
	(void)state;
	assert_int_equal(clock_left(clock_now() - 1), 0);
	int left = clock_left(clock_deadline(10000));
	assert_true(left > 9000 && left <= 10000);
	assert_int_equal(clock_left(CLOCK_NEVER - 1), INT_MAX);
}

static void an_error_is_a_message_and_a_status(void **state)
{
	(void)state;
	struct error error;
	assert_int_equal(error_set(&error, STATUS_CONFIG, "%s:%d", "a", 1), -1);
	assert_string_equal(error.message, "a:1");
	assert_int_equal(error.status, 78);
	assert_int_equal(error_set_errno(&error, STATUS_INTERNAL, ENOENT, "/x"), -1);
	assert_string_equal(error.message, "/x: No such file or directory");
}

static void a_message_too_long_is_cut(void **state)
{
	(void)state;
	char large[3000];
	memset(large, 'x', sizeof large - 1);
	large[sizeof large - 1] = '\0';
	struct error error;
	(void)error_set_errno(&error, STATUS_INTERNAL, ENOENT, "%s", large);
	assert_int_equal(strlen(error.message), sizeof error.message - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_clock_never_goes_back),
		cmocka_unit_test(a_limit_of_zero_is_no_deadline),
		cmocka_unit_test(what_is_left_fits_poll),
		cmocka_unit_test(an_error_is_a_message_and_a_status),
		cmocka_unit_test(a_message_too_long_is_cut),
	};
	return cmocka_run_group_tests_name("clock and error", tests, NULL, NULL);
}
