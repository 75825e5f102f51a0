#include "check.h"

#include "base/memory.h"
#include "base/text.h"
#include "config/url.h"

/* "kind user:password host:port,... name name=value&..." with - for what is not there. */
static char *describe(const struct database_url *url)
{
	static const char *const kinds[] = {"pg", "my", "lite"};
	struct text text = {0};
	text_add_format(&text, "%s %s:%s ", kinds[url->kind], url->user != NULL ? url->user : "-",
		url->password != NULL ? url->password : "-");
	for (size_t i = 0; i < url->host_count; i++)
		text_add_format(
			&text, "%s%s:%d", i > 0 ? "," : "", url->hosts[i].name, url->hosts[i].port);
	text_add_format(&text, " %s", url->name != NULL ? url->name : "-");
	for (size_t i = 0; i < url->parameter_count; i++)
		text_add_format(&text, " %s=%s", url->parameters[i].name, url->parameters[i].value);
	return text_take(&text);
}

static void every_dialect_is_taken_apart(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *expected;
	} rows[] = {
		{"postgres://u:p@h:1/d", "pg u:p h:1 d"},
		{"postgresql://u:p@h/d", "pg u:p h:5432 d"},
		{"POSTGRES://h/d", "pg -:- h:5432 d"},
		{"postgresql+psycopg2://u@h/d", "pg u:- h:5432 d"},
		{"postgresql+asyncpg://u:@h/d", "pg u: h:5432 d"},
		{"postgres://h", "pg -:- h:5432 -"},
		{"postgres://h/", "pg -:- h:5432 -"},
		{"postgres://h:/d", "pg -:- h:5432 d"},
		{"postgres://", "pg -:- /var/run/postgresql:5432 -"},
		{"postgres:///d", "pg -:- /var/run/postgresql:5432 d"},
		{"postgres://:6000/d", "pg -:- /var/run/postgresql:6000 d"},
		{"postgres://u@/d", "pg u:- /var/run/postgresql:5432 d"},
		{"postgres://:p@h/d", "pg -:p h:5432 d"},
		{"postgres://u:p@[::1]:6000/d", "pg u:p ::1:6000 d"},
		{"postgres://[2001:db8::1]/d", "pg -:- 2001:db8::1:5432 d"},
		{"postgres://[fe80::1%25eth0]/d", "pg -:- fe80::1%eth0:5432 d"},
		{"postgres://h1:1,h2:2,[::3]:3/d", "pg -:- h1:1,h2:2,::3:3 d"},
		{"postgres://u:p@h1,h2/d", "pg u:p h1:5432,h2:5432 d"},
		{"postgres://%2Fvar%2Frun/d", "pg -:- /var/run:5432 d"},
		{"postgresql:///d?host=/sock&port=6000", "pg -:- /sock:6000 d"},
		{"postgresql:///d?host=a&host=b", "pg -:- a:5432,b:5432 d"},
		{"postgresql://x/d?host=a:1&host=b:2", "pg -:- a:1,b:2 d"},
		{"postgresql:///d?host=a,b&port=1,2", "pg -:- a:1,b:2 d"},
		{"postgresql:///d?host=a,b&port=7", "pg -:- a:7,b:7 d"},
		{"postgresql:///d?host=::1", "pg -:- ::1:5432 d"},
		{"postgresql:///?user=u&password=p%26&dbname=d",
			"pg u:p& /var/run/postgresql:5432 d"},
		{"postgres://h/d?sslmode=require&sslrootcert=%2Fca",
			"pg -:- h:5432 d sslmode=require sslrootcert=/ca"},
		{"postgres://h/d?ssl=true", "pg -:- h:5432 d sslmode=require"},
		{"postgres://h?sslmode=require", "pg -:- h:5432 - sslmode=require"},
		{"postgres://h/d?options=a%3Db&&x", "pg -:- h:5432 d options=a=b x="},
		{"postgres://h/d?options=-csearch_path=x",
			"pg -:- h:5432 d options=-csearch_path=x"},
		{"postgres://h/my$db?x=$y", "pg -:- h:5432 my$db x=$y"},
		{"postgres://u$er:p$w@h/d", "pg u$er:p$w h:5432 d"},
		{"postgres://u%40x:p%2F%3A%25@h/d%20e", "pg u@x:p/:% h:5432 d e"},
		{"postgres://u:p+q@h/d", "pg u:p+q h:5432 d"},
		{"postgres://u:p%C3%A9@h/d", "pg u:p\xc3\xa9 h:5432 d"},
		{"postgres://u:p@ss@h/d", "pg u:p@ss h:5432 d"},
		{"postgres://u:p:q@h/d", "pg u:p:q h:5432 d"},
		{"postgres://u:p#q@h/d", "pg u:p#q h:5432 d"},
		{"postgres://u:p?q@h/d?x=1", "pg u:p?q h:5432 d x=1"},
		{"postgres://u:p@h?x=a@b", "pg u:p h:5432 - x=a@b"},
		{"postgres://h:1?x=a@b", "pg -:- h:1 - x=a@b"},
		{"postgres://u:p@h/d?x=a@b", "pg u:p h:5432 d x=a@b"},
		{"postgres://u:p@h/d?x=a/b", "pg u:p h:5432 d x=a/b"},
		{"postgres://u:p@h/a/b", "pg u:p h:5432 a/b"},
		{"mysql://u:p@h/d", "my u:p h:3306 d"},
		{"mysql+pymysql://u:p@h:1/d?charset=utf8mb4", "my u:p h:1 d charset=utf8mb4"},
		{"mysql2://h/d", "my -:- h:3306 d"},
		{"mariadb://h/d", "my -:- h:3306 d"},
		{"mariadb+mariadbconnector://u@h/d", "my u:- h:3306 d"},
		{"mysql:///d", "my -:- localhost:3306 d"},
		{"mysql://u@localhost/d?unix_socket=/run/m.sock", "my u:- /run/m.sock:3306 d"},
		{"mysql://u@/d?unix_socket=%2Frun%2Fm.sock&x=1", "my u:- /run/m.sock:3306 d x=1"},
		{"mysql://h/d?host=x", "my -:- h:3306 d host=x"},
		{"sqlite:///a.db", "lite -:-  a.db"},
		{"sqlite:///a/b.db", "lite -:-  a/b.db"},
		{"sqlite:////a/b.db", "lite -:-  /a/b.db"},
		{"sqlite+pysqlite:////a.db", "lite -:-  /a.db"},
		{"sqlite3:db/a.db", "lite -:-  db/a.db"},
		{"sqlite:////a.db?timeout=5", "lite -:-  /a.db timeout=5"},
		{"sqlite:////a%20b.db", "lite -:-  /a%20b.db"},
		{"sqlite:///file:a.db?mode=ro&uri=true", "lite -:-  file:a.db mode=ro uri=true"},
		{"sqlite://", "lite -:-  -"},
		{"sqlite:///", "lite -:-  -"},
		{"sqlite:///:memory:", "lite -:-  -"},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct error error = {0};
		struct database_url *url = NULL;
		int status = database_url_parse(rows[i].text, "DATABASE_URL", &url, &error);
		CHECK_TEXT(rows[i].text, status == 0 ? "" : error.message, "");
		autofree char *description = describe(url);
		CHECK_TEXT(rows[i].text, description, rows[i].expected);
		CHECK_TEXT(rows[i].text, url->origin, "DATABASE_URL");
		database_url_free(url);
	}
}

static void errors_name_the_part_and_never_the_password(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *part;
	} rows[] = {
		{"", "is empty"},
		{"secret", "has no scheme"},
		{"//u:secret@h/d", "has no scheme"},
		{"postgre://u:secret@h/d", "scheme \"postgre\""},
		{"redis://u:secret@h", "scheme \"redis\""},
		{"postgres:u:secret@h/d", "\"//\""},
		{"postgres://u%zz:secret@h/d", "the user of"},
		{"postgres://u:secret%zz@h/d", "the password of"},
		{"postgres://u:secret%@h/d", "the password of"},
		{"postgres://u:secret%2@h/d", "%25"},
		{"postgres://u:secret%00@h/d", "the password of"},
		{"postgres://u:secret@h%/d", "the host of"},
		{"postgres://u:secret@h/d%GG", "the name of"},
		{"postgres://u:secret@h/d?x=%", "parameters"},
		{"postgres://u:secret@h:x/d", "the port of"},
		{"postgres://u:secret@h:0/d", "the port of"},
		{"postgres://u:secret@h:65536/d", "the port of"},
		{"postgres://u:secret@h:-1/d", "the port of"},
		{"postgres://u:secret@h:99999999999999999999/d", "the port of"},
		{"postgres://u:secret", "the port of"},
		{"postgres://u:sec/ret@h/d", "%2F"},
		{"postgres://u:123/secret@h/d", "%2F"},
		{"postgres://u:secret@[::1/d", "the host of"},
		{"postgres://u:secret@[::1]x/d", "the host of"},
		{"postgres://u:secret@::1/d", "brackets"},
		{"postgres://u:secret@h h/d", "the host of"},
		{"postgres://u:secret@h\n/d", "the host of"},
		{"postgres:///d?host=a,b&port=1,2,3&password=secret", "as many ports"},
		{"postgres:///d?host=a,b,c&port=1,2&password=secret", "as many ports"},
		{"postgres:///d?port=x&password=secret", "the port of"},
		{"sqlite://relative.db", "sqlite:///relative"},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct error error = {0};
		struct database_url *url = NULL;
		int status = database_url_parse(rows[i].text, "tminus.ini:14", &url, &error);
		CHECK_TRUE(rows[i].text, status == -1 && url == NULL);
		assert_int_equal(error.status, STATUS_CONFIG);
		CHECK_HOLDS(rows[i].text, error.message, "tminus.ini:14: ");
		CHECK_HOLDS(rows[i].text, error.message, rows[i].part);
		CHECK_TRUE(rows[i].text, strstr(error.message, "secret") == NULL);
		CHECK_TRUE(rows[i].text, strstr(error.message, "ret@") == NULL);
	}
}

static void a_url_is_displayed_without_its_password(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *expected;
	} rows[] = {
		{"postgres://app:secret@db/shop", "postgres://app@db:5432/shop"},
		{"postgresql+psycopg2://db/shop?sslmode=require", "postgres://db:5432/shop"},
		{"postgres://u:secret@[::1],b:1/d", "postgres://u@[::1]:5432,b:1/d"},
		{"postgres://u:secret@/d", "postgres://u@/d?host=/var/run/postgresql&port=5432"},
		{"mariadb://u:secret@h/d", "mysql://u@h:3306/d"},
		{"mysql://u:secret@/d?unix_socket=/s", "mysql://u@/d?unix_socket=/s"},
		{"sqlite:////a.db", "sqlite:////a.db"},
		{"sqlite:///a.db", "sqlite:///a.db"},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct error error;
		struct database_url *url;
		assert_int_equal(database_url_parse(rows[i].text, "x", &url, &error), 0);
		autofree char *display = database_url_display(url);
		CHECK_TEXT(rows[i].text, display, rows[i].expected);
		database_url_free(url);
	}
}

static void masking_hides_passwords_and_keeps_the_rest(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *expected;
	} rows[] = {
		{"", ""},
		{"tcp://redis:6379", "tcp://redis:6379"},
		{"file:/a@b", "file:/a@b"},
		{"postgres://u:secret@h/d?x=1", "postgres://u:********@h/d?x=1"},
		{"postgres://u:se@cr:et@h/d", "postgres://u:********@h/d"},
		{"postgres://u@h/d", "postgres://u@h/d"},
		{"postgres://u:@h/d", "postgres://u:********@h/d"},
		{"postgres:///d?password=secret&x=1", "postgres:///d?password=********&x=1"},
		{"postgres://h/d?sslpassword=secret", "postgres://h/d?sslpassword=********"},
		{"postgres://u:sec/ret@h/d", "postgres://********"},
		{"--url=http://u:secret@h/", "--url=http://u:********@h/"},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		autofree char *masked = url_masked(rows[i].text);
		CHECK_TEXT(rows[i].text, masked, rows[i].expected);
	}
}

static void only_the_scheme_is_normalized(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *expected;
	} rows[] = {
		{"postgres://u:p%40@h/d?x=postgres://", "postgresql://u:p%40@h/d?x=postgres://"},
		{"postgresql://h/d", "postgresql://h/d"},
		{"postgres+psycopg2://h/d", "postgres+psycopg2://h/d"},
		{"mysql://h/d", "mysql://h/d"},
		{"", ""},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		autofree char *normalized = database_url_normalized(rows[i].text);
		CHECK_TEXT(rows[i].text, normalized, rows[i].expected);
	}
}

static void a_parameter_is_found_by_its_name(void **state)
{
	(void)state;
	struct error error;
	struct database_url *url;
	assert_int_equal(database_url_parse("mysql://h/d?a=1&b=&a=2", "x", &url, &error), 0);
	assert_string_equal(database_url_parameter(url, "a"), "1");
	assert_string_equal(database_url_parameter(url, "b"), "");
	assert_null(database_url_parameter(url, "c"));
	database_url_free(url);
}

static void two_hundred_kilobytes_of_password_are_kept(void **state)
{
	(void)state;
	struct text text = {0};
	text_add(&text, "postgres://u:");
	for (int i = 0; i < 20000; i++)
		text_add(&text, "%41bcdefgh");
	text_add(&text, "@h/d");
	struct error error;
	struct database_url *url;
	assert_int_equal(database_url_parse(text.bytes, "x", &url, &error), 0);
	assert_int_equal(strlen(url->password), 160000);
	database_url_free(url);
	text_free(&text);
}

static void parts_are_taken_as_they_are(void **state)
{
	(void)state;
	struct database_url *url = database_url_from_parts(
		DATABASE_MYSQL, "h", 0, "u%40", "p@:/%", "d", "tminus.ini:3");
	autofree char *description = describe(url);
	assert_string_equal(description, "my u%40:p@:/% h:3306 d");
	database_url_free(url);
	url = database_url_from_parts(DATABASE_SQLITE, NULL, 0, NULL, NULL, "a.db", "x");
	assert_int_equal(url->host_count, 0);
	assert_false(database_url_in_memory(url));
	database_url_free(url);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_dialect_is_taken_apart),
		cmocka_unit_test(errors_name_the_part_and_never_the_password),
		cmocka_unit_test(a_url_is_displayed_without_its_password),
		cmocka_unit_test(masking_hides_passwords_and_keeps_the_rest),
		cmocka_unit_test(only_the_scheme_is_normalized),
		cmocka_unit_test(a_parameter_is_found_by_its_name),
		cmocka_unit_test(two_hundred_kilobytes_of_password_are_kept),
		cmocka_unit_test(parts_are_taken_as_they_are),
	};
	return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
