/* What each error means for somebody who waits. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/text.h"
#include "database/failure.h"

struct expected {
	const char *sqlstate;
	unsigned number;
	enum verdict verdict;
	int status;
	bool starting;
	const char *text;
};

#define RETRY VERDICT_RETRY, STATUS_UNAVAILABLE, false
#define STARTING VERDICT_RETRY, STATUS_UNAVAILABLE, true
#define GRACE VERDICT_GRACE, STATUS_REFUSED, false

static void expect(const struct failure_class *class, const struct expected *expected)
{
	assert_int_equal(class->verdict, expected->verdict);
	assert_int_equal(class->status, expected->status);
	assert_int_equal(class->starting, expected->starting);
}

static void every_class_of_sqlstates_has_its_verdict(void **state)
{
	(void)state;
	static const struct expected rows[] = {
		{"57P03", 0, STARTING, ""},
		{"57P01", 0, RETRY, ""},
		{"57P02", 0, RETRY, ""},
		{"57014", 0, RETRY, ""},
		{"57P04", 0, GRACE, ""},
		{"53300", 0, RETRY, ""},
		{"53200", 0, RETRY, ""},
		{"08006", 0, RETRY, ""},
		{"08P01", 0, RETRY, "server_login_retry"},
		{"08P01", 0, GRACE, "no such database: shop"},
		{"08P01", 0, GRACE, "SASL authentication failed"},
		{"08P01", 0, GRACE, "unsupported startup parameter: options"},
		{"XX000", 0, GRACE, "Tenant or user not found"},
		{"XX000", 0, RETRY, "internal error"},
		{"28P01", 0, GRACE, ""},
		{"28000", 0, GRACE, ""},
		{"3D000", 0, GRACE, ""},
		{"42501", 0, GRACE, ""},
		{"55000", 0, GRACE, ""},
		{"0A000", 0, GRACE, ""},
		{"22023", 0, GRACE, ""},
		{"25006", 0, RETRY, ""},
		{"58030", 0, RETRY, ""},
		{"ZZZZZ", 0, RETRY, ""},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		expect(failure_of_sqlstate(rows[i].sqlstate, rows[i].text), &rows[i]);
}

static void every_class_of_mysql_errors_has_its_verdict(void **state)
{
	(void)state;
	static const struct expected rows[] = {
		{"", 1040, RETRY, "Too many connections"},
		{"", 1203, RETRY, ""},
		{"", 1053, RETRY, ""},
		{"", 2002, RETRY, ""},
		{"", 2003, RETRY, ""},
		{"", 2005, RETRY, ""},
		{"", 2006, RETRY, ""},
		{"", 2013, RETRY, ""},
		{"", 1290, RETRY, ""},
		{"", 1047, STARTING, "WSREP has not yet prepared node for application use"},
		{"", 1044, GRACE, ""},
		{"", 1045, GRACE, ""},
		{"", 1049, GRACE, ""},
		{"", 1129, GRACE, ""},
		{"", 1130, GRACE, ""},
		{"", 1698, GRACE, ""},
		{"", 3159, GRACE, ""},
		{"", 2026, GRACE, ""},
		{"", 2026, GRACE, "TLS/SSL error: Hostname verification failed"},
		{"", 2026, GRACE, "TLS/SSL error: self-signed certificate in certificate chain"},
		{"", 2026, RETRY, "TLS/SSL error: unexpected eof while reading"},
		{"", 2026, RETRY, "TLS/SSL error: Connection reset by peer (104)"},
		{"", 2027, GRACE, ""},
		{"", 2059, GRACE, ""},
		{"", 65000, RETRY, ""},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		expect(failure_of_mysql(rows[i].number, rows[i].text), &rows[i]);
}

static void libpqs_own_errors_are_known_by_their_words(void **state)
{
	(void)state;
	static const struct expected rows[] = {
		{"", 0, RETRY, "server closed the connection unexpectedly"},
		{"", 0, RETRY, "SSL SYSCALL error: EOF detected"},
		{"", 0, RETRY, "session is read-only"},
		{"", 0, GRACE, "received invalid response to SSL negotiation: H"},
		{"", 0, GRACE, "expected authentication request from server, but received H"},
		{"", 0, GRACE, "server does not support SSL, but SSL was required"},
		{"", 0, GRACE, "SSL error: certificate verify failed"},
		{"", 0, GRACE, "server certificate for \"a\" does not match host name \"b\""},
		{"", 0, GRACE, "root certificate file \"/x\" does not exist"},
		{"", 0, GRACE, "fe_sendauth: no password supplied"},
		{"", 0, GRACE, "authentication method 10 not supported"},
		{"", 0, GRACE, "something new"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		expect(failure_of_libpq(rows[i].text), &rows[i]);
}

static void sqlite_codes_and_errnos_have_their_verdicts(void **state)
{
	(void)state;
	static const struct expected codes[] = {
		{"", 5, RETRY, ""},
		{"", 261, RETRY, ""}, /* BUSY_RECOVERY */
		{"", 10, RETRY, ""},
		{"", 26, GRACE, ""},
		{"", 8, GRACE, ""},
		{"", 1032, GRACE, ""}, /* READONLY_DBMOVED */
		{"", 200, RETRY, ""},
	};
	static const struct expected numbers[] = {
		{"", ECONNREFUSED, RETRY, ""},
		{"", ENOENT, RETRY, ""},
		{"", EHOSTUNREACH, RETRY, ""},
		{"", EACCES, GRACE, ""},
		{"", ENAMETOOLONG, VERDICT_REFUSE, STATUS_CONFIG, false, ""},
	};
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
		expect(failure_of_sqlite((int)codes[i].number), &codes[i]);
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		expect(failure_of_errno((int)numbers[i].number), &numbers[i]);
	assert_ptr_equal(failure_of_errno_text("x: Connection refused\n\tIs the server running?"),
		failure_of_errno(ECONNREFUSED));
	assert_null(failure_of_errno_text("FATAL: something"));
}

static void every_kind_has_a_status(void **state)
{
	(void)state;
	for (int kind = FAILURE_UNKNOWN_HOST; kind <= FAILURE_INTERNAL; kind++)
		assert_true(failure_of_kind((enum failure_kind)kind)->status >= STATUS_USAGE);
}

static void every_error_is_classed_exactly_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < failure_sqlstate_count(); i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(failure_sqlstate_at(i), failure_sqlstate_at(j));
	for (size_t i = 0; i < failure_mysql_count(); i++)
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(failure_mysql_at(i), failure_mysql_at(j));
}

static void a_missing_plugin_is_no_wrong_password(void **state)
{
	(void)state;
	static const char text[] = "Plugin caching_sha2_password could not be loaded: no such file";
	static const unsigned numbers[] = {1045, 1524, 2059};
	for (size_t i = 0; i < 3; i++)
		assert_non_null(strstr(failure_of_mysql(numbers[i], text)->advice, "plugin"));
	assert_null(strstr(failure_of_mysql(1045, "Access denied")->advice, "plugin"));
}

static void a_blocked_host_is_told_how_to_be_let_in_again(void **state)
{
	(void)state;
	assert_non_null(strstr(failure_of_mysql(1129, "")->advice, "mysqladmin flush-hosts"));
}

static void a_message_is_one_line_with_code_and_advice(void **state)
{
	(void)state;
	struct failure failure;
	assert_int_equal(failure_set(&failure, failure_of_sqlstate("3D000", ""), "3D000", "%s",
				 "app@db:5432/shop:\nno\x1b[31m such\t\n\n"),
		-1);
	assert_string_equal(failure.message, "app@db:5432/shop: no [31m such (3D000); create the "
					     "database, or check its name in the "
					     "URL");
	assert_string_equal(failure.code, "3D000");
}

static void a_long_message_is_cut(void **state)
{
	(void)state;
	struct failure failure;
	char text[2000];
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	(void)failure_set(&failure, failure_of_mysql(1045, ""), "1045", "%s", text);
	assert_int_equal(strlen(failure.message), sizeof failure.message - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_class_of_sqlstates_has_its_verdict),
		cmocka_unit_test(every_class_of_mysql_errors_has_its_verdict),
		cmocka_unit_test(libpqs_own_errors_are_known_by_their_words),
		cmocka_unit_test(sqlite_codes_and_errnos_have_their_verdicts),
		cmocka_unit_test(every_kind_has_a_status),
		cmocka_unit_test(every_error_is_classed_exactly_once),
		cmocka_unit_test(a_missing_plugin_is_no_wrong_password),
		cmocka_unit_test(a_blocked_host_is_told_how_to_be_let_in_again),
		cmocka_unit_test(a_message_is_one_line_with_code_and_advice),
		cmocka_unit_test(a_long_message_is_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
