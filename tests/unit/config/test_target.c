#include "check.h"

#include "base/memory.h"
#include "base/text.h"
#include "config/target.h"

static char *describe(const char *text)
{
	static const char *const kinds[] = {"tcp", "unix", "http", "file"};
	struct target target;
	struct error error;
	if (target_parse(text, &target, &error) != 0)
		return NULL;
	struct text description = {0};
	text_add_format(&description, "%s %s %d %s", kinds[target.kind],
		target.host != NULL ? target.host : "-", target.port,
		target.path != NULL ? target.path : "-");
	target_clear(&target);
	return text_take(&description);
}

static void targets_are_taken_apart(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *expected;
	} rows[] = {
		{"tcp://redis:6379", "tcp redis 6379 -"},
		{"tcp://redis:6379/", "tcp redis 6379 -"},
		{"tcp://[::1]:80", "tcp ::1 80 -"},
		{"unix:/run/x.sock", "unix - 0 /run/x.sock"},
		{"unix:///run/x.sock", "unix - 0 /run/x.sock"},
		{"http://api", "http api 80 /"},
		{"http://api:8080", "http api 8080 /"},
		{"http://api/ready?x=1#y", "http api 80 /ready?x=1"},
		{"http://api?x=1", "http api 80 /?x=1"},
		{"http://[::1]:81/a", "http ::1 81 /a"},
		{"file:/a/b", "file - 0 /a/b"},
		{"file:///a", "file - 0 /a"},
		{"tcp://redis", NULL},
		{"tcp://:6379", NULL},
		{"tcp://redis:0", NULL},
		{"tcp://redis:65536", NULL},
		{"tcp://redis:x", NULL},
		{"tcp://redis:6379/x", NULL},
		{"tcp://::1:80", NULL},
		{"tcp://[::1:80", NULL},
		{"tcp://[::1]80", NULL},
		{"tcp://", NULL},
		{"unix:run", NULL},
		{"unix:/", NULL},
		{"unix:", NULL},
		{"file:a", NULL},
		{"http://", NULL},
		{"http://a b", NULL},
		{"http://a/b\r\nX: y", NULL},
		{"https://a", NULL},
		{"redis:6379", NULL},
		{"redis", NULL},
		{"", NULL},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		autofree char *description = describe(rows[i].text);
		CHECK_TEXT(rows[i].text, description, rows[i].expected);
	}
}

static void errors_say_what_to_write_and_hide_passwords(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *part;
	} rows[] = {
		{"redis:6379", "did you mean \"tcp://redis:6379\"?"},
		{"https://a", "needs TLS"},
		{"tcp://redis", "needs a port"},
		{"http://u:secret@h/", "http://u:********@h/"},
		{"ftp://u:secret@h/", "is not of the form"},
		{"tcp://fe80::1:80", "brackets"},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct error error = {0};
		assert_int_equal(target_check(rows[i].text, &error), -1);
		assert_int_equal(error.status, STATUS_CONFIG);
		CHECK_HOLDS(rows[i].text, error.message, rows[i].part);
		CHECK_TRUE(rows[i].text, strstr(error.message, "secret") == NULL);
	}
}

static void the_path_of_a_socket_fits_its_address(void **state)
{
	(void)state;
	char text[200] = "unix:/";
	struct error error;
	memset(text + 6, 'x', 106);
	assert_int_equal(target_check(text, &error), 0);
	text[112] = 'x';
	assert_int_equal(target_check(text, &error), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets_are_taken_apart),
		cmocka_unit_test(errors_say_what_to_write_and_hide_passwords),
		cmocka_unit_test(the_path_of_a_socket_fits_its_address),
	};
	return cmocka_run_group_tests_name("target", tests, NULL, NULL);
}
