#include "input.h"

#include "base/memory.h"
#include "config/condition.h"
#include "config/variables.h"

static const char *value(const struct config *config, const char *name)
{
	return variable_value(config->environment.items, name);
}

static void a_row_sets_what_commands_get(void **state)
{
	(void)state;
	static const struct {
		const char *row;
		const char *a; /* A in the environment before, as A=value; NULL: not set */
		const char *expected;
	} rows[] = {
		{"A = 1", NULL, "1"},
		{"A = 1", "A=2", "1"},
		{"A=1", "A=", "1"},
		{"A: 1", "A=2", "1"},
		{"A =", "A=2", ""},
		{"A ?= 1", NULL, "1"},
		{"A ?= 1", "A=", "1"},
		{"A ?= 1", "A=2", "2"},
		{"A?=1", NULL, "1"},
		{"A ?=", NULL, ""},
		{"A ?= ${NONE:?not needed}", "A=2", "2"},
		{"A = ?= 1", NULL, "?= 1"},
		{"A = ${A}:x", "A=2", "2:x"},
		{"A = ${A}:x", NULL, ":x"},
		{"A =  a  'b' \"c\" ;d #e\\ ", NULL, "a  'b' \"c\" ;d #e\\"},
		{"A = $A $$ $${A} 100% %s", "A=2", "$A $ ${A} 100% %s"},
		{"A = a\n  b\n  c", NULL, "a\nb\nc"},
		{"A = ${S}", NULL, "a 'b \"c ${A} $$\n%40"},
		{"A = ${NONE}${EMPTY:-d}", NULL, "d"},
		{"B = 1\nA = ${B}2\nB2 = ${A}3", NULL, "12"},
		{"A = ${B}\nB = 1", NULL, ""},
		{"unset = A", "A=2", NULL},
		{"A = 1\nunset = A", "A=2", NULL},
		{"unset = B\nB = 1\nA = ${B}", NULL, "1"},
		{"A = postgres://u:p/${S}@h", NULL, "postgres://u:p/a 'b \"c ${A} $$\n%40@h"},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct text ini = {0};
		text_add_format(&ini, "[env]\n%s\n", rows[i].row);
		const struct input input = {
			ini.bytes, {"S=a 'b \"c ${A} $$\n%40", "EMPTY=", rows[i].a}, {0}, {0}};
		struct config *config = load_well(&input);
		CHECK_TEXT(rows[i].row, value(config, "A"), rows[i].expected);
		config_free(config);
		text_free(&ini);
	}
}

static void values_in_the_login_of_a_url_are_percent_encoded(void **state)
{
	(void)state;
	static const struct {
		const char *row;
		const char *expected;
	} rows[] = {
		{"postgres://${U}:${P}@${H}/app", "postgres://u:p%40%2F%25%3A%20%C3%A4@h:1/app"},
		{"amqps://${U}:${P}@${H}", "amqps://u:p%40%2F%25%3A%20%C3%A4@h:1"},
		{"redis://:${P}@h/0", "redis://:p%40%2F%25%3A%20%C3%A4@h/0"},
		{"redis://${H}/0", "redis://h:1/0"},
		{"http://${H}/@${P}", "http://h:1/@p@/%: \xc3\xa4"},
		{"http://h?${P}@", "http://h?p@/%: \xc3\xa4@"},
		{"x://u:p%40@h/${P}", "x://u:p%40@h/p@/%: \xc3\xa4"},
		{"x://u@v:${P}@h", "x://u@v:p%40%2F%25%3A%20%C3%A4@h"},
		{"x://u:${NONE:-p@/}@h", "x://u:p@/@h"},
		{"x://u:${NONE:-${P}}@h", "x://u:p%40%2F%25%3A%20%C3%A4@h"},
		{"x:${P}@h", "x:p@/%: \xc3\xa4@h"},
		{"${S}://u:${P}@h", "x://u:p@/%: \xc3\xa4@h"},
		{"x://u:$$@h", "x://u:$@h"},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct text ini = {0};
		text_add_format(&ini, "[env]\nA = %s\n[upgrade]\nurl = %s\n", rows[i].row,
			text_starts_with(rows[i].row, "postgres:") ? rows[i].row : "");
		const struct input input = {ini.bytes,
			{"U=u", "P=p@/%: \xc3\xa4", "H=h:1", "S=x", "DATABASE_URL=postgres://h"},
			{0}, {0}};
		struct config *config = load_well(&input);
		CHECK_TEXT(rows[i].row, value(config, "A"), rows[i].expected);
		if (config->upgrade_url != NULL)
			CHECK_TEXT(rows[i].row, config->upgrade_url, rows[i].expected);
		config_free(config);
		text_free(&ini);
	}
}

static void everything_in_the_file_sees_it(void **state)
{
	(void)state;
	static const struct input input = {
		"[step x]\nif = ON = yes and !OFF\ncommand = echo ${ON} \"${TWO}\"\n"
		"[upgrade]\ncommand = ${TWO} db\n"
		"[app]\nuser = ${PUID:-1000}:${PGID:-1000}\nworkdir = ${DIR}\ncommand = a ${TWO}\n"
		"env_file = ${NAME}\n"
		"[boot]\npreset = ${SET}\n"
		"[wait]\ntimeout = ${LIMIT}\n"
		"[env]\nON = yes\nOFF = 0\nTWO = 1 2\nSET = flask\nDIR = /\nLIMIT ?= 5m\n"
		"DATABASE_URL ?= postgres://u@h/d\nHOME = /config\n",
		{"NAME=.env", "APP_ENV=production"}, {0}, {0}};
	folder_write(".env", "PUID=1777\nFLASK_ENV=development\nLIMIT=7s");
	struct config *config = load_well(&input);
	assert_true(condition_holds(config->steps[0].condition, config->environment.items));
	assert_string_equal(config->steps[0].command.items[2], "1 2");
	assert_string_equal(config->upgrade_command.items[0], "1 2");
	assert_int_equal(config->app.count, 2);
	assert_string_equal(config->app.items[1], "1 2");
	assert_int_equal(config->app_user->uid, 1777);
	assert_int_equal(config->app_user->gid, 1000);
	assert_string_equal(value(config, "HOME"), "/config");
	assert_int_equal(config->preset, PRESET_FLASK);
	assert_true(config->wait_timeout == 7000);
	assert_string_equal(config->database->hosts[0].name, "h");
	assert_string_equal(value(config, "DATABASE_URL"), "postgresql://u@h/d");
	assert_true(config->production);
	config_free(config);
}

static void the_environment_is_named_by_the_platform_before_the_file(void **state)
{
	(void)state;
	static const struct {
		struct input input;
		const char *expected;
	} rows[] = {
		{{"[env]\nFLASK_ENV = development", {0}, {0}, {0}}, "development"},
		{{"[env]\nFLASK_ENV ?= development", {"APP_ENV=production"}, {0}, {0}},
			"production"},
		{{"[env]\nFLASK_ENV ?= development", {"FLASK_ENV=test"}, {0}, {0}}, "test"},
		{{"[env]\nFLASK_ENV = production", {"FLASK_ENV=test"}, {0}, {0}}, "production"},
		{{"environment = test\n[env]\nNODE_ENV = development", {0}, {0}, {0}},
			"development"},
		{{"[env]\nNODE_ENV = development", {"TMINUS_ENVIRONMENT=x"}, {0}, {0}}, "x"},
		{{"[env]\nunset = FLASK_ENV", {"FLASK_ENV=test"}, {0}, {0}}, "production"},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct config *config = load_well(&rows[i].input);
		CHECK_TEXT(rows[i].input.ini, config->environment_name, rows[i].expected);
		config_free(config);
	}
}

static void an_env_file_sets_what_is_not_set(void **state)
{
	(void)state;
	static const struct input input = {
		"[app]\nenv_file = one two -three\n[env]\nA ?= row\nE ?= ${B}\nF = row\n",
		{"P=process", "EMPTY="}, {0}, {0}};
	folder_write("one", "\xef\xbb\xbf"
			    "P=one\nEMPTY=one\nA=one\nB=${P} ${A}\nC=one\nF=one\n");
	folder_write("two", "C=two ${A}\nD=\"x\ny\"\n");
	struct config *config = load_well(&input);
	assert_string_equal(value(config, "P"), "process");
	assert_string_equal(value(config, "EMPTY"), "");
	assert_string_equal(value(config, "A"), "one");
	assert_string_equal(value(config, "B"), "process one");
	assert_string_equal(value(config, "C"), "two one");
	assert_string_equal(value(config, "D"), "x\ny");
	assert_string_equal(value(config, "E"), "process one");
	assert_string_equal(value(config, "F"), "row");
	config_free(config);
}

static void secrets_are_read_when_their_file_is_known(void **state)
{
	(void)state;
	static const struct {
		struct input input;
		const char *a;
	} rows[] = {
		{{"[env]\nsecrets = A", {0}, {0}, {0}}, NULL},
		{{"[env]\nsecrets = A", {"A=1"}, {0}, {0}}, "1"},
		{{"[env]\nsecrets = A", {"A_FILE=file"}, {0}, {0}}, "s $$ ${X}"},
		{{"[env]\nsecrets = A", {"A_FILE=file", "A="}, {0}, {0}}, "s $$ ${X}"},
		{{"[env]\nA ?= 1\nsecrets = A", {"A_FILE=file"}, {0}, {0}}, "s $$ ${X}"},
		{{"[env]\nA ?= 1\nsecrets = A", {0}, {0}, {0}}, "1"},
		{{"[env]\nA_FILE = file\nsecrets = A", {0}, {0}, {0}}, "s $$ ${X}"},
		{{"[env]\nA_FILE ?= nowhere\nsecrets = A", {"A_FILE=file"}, {0}, {0}}, "s $$ ${X}"},
		{{"[env]\nA = 1", {"A_FILE=file"}, {0}, {0}}, "1"},
		{{"[env]\nsecrets = A\nA = 1\n[app]\nenv_file = .env", {0}, {0}, {0}}, "1"},
		{{"[env]\nsecrets = A\n[app]\nenv_file = .env", {0}, {0}, {0}}, "2"},
		{{"[env]\nsecrets = A\n[app]\nenv_file = files", {0}, {0}, {0}}, "s $$ ${X}"},
	};
	folder_write("file", "s $$ ${X}\n");
	folder_write(".env", "A=2\n");
	folder_write("files", "A_FILE=file\n");
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct config *config = load_well(&rows[i].input);
		CHECK_TEXT(rows[i].input.ini, value(config, "A"), rows[i].a);
		config_free(config);
	}
	static const struct input later = {
		"[env]\nsecrets = A\nA_FILE ?= file\nB = <${A}>", {0}, {0}, {0}};
	struct config *config = load_well(&later);
	assert_string_equal(value(config, "B"), "<s $$ ${X}>");
	config_free(config);
}

static void a_database_url_of_a_row_or_its_file_is_the_database(void **state)
{
	(void)state;
	static const struct {
		struct input input;
		const char *password;
	} rows[] = {
		{{"[env]\nDATABASE_URL = mysql://u:one@h/d", {"DATABASE_URL=mysql://h"}, {0}, {0}},
			"one"},
		{{"[env]\nDATABASE_URL_FILE = url", {0}, {0}, {0}}, "two"},
		{{"[env]\nDATABASE_URL ?= x", {"DATABASE_URL_FILE=url"}, {0}, {0}}, "two"},
		{{"[env]\nDATABASE_URL = mysql://u:one@h/d", {"DATABASE_URL_FILE=url"}, {0}, {0}},
			"one"},
		{{"[env]\nMYSQL_HOST = h\nMYSQL_USER = u\nMYSQL_PASSWORD_FILE = word", {0}, {0},
			 {0}},
			"three"},
		{{"[env]\nrequired = DATABASE_URL\n[database]\nhost = h\nkind = mysql\n"
		  "user = u\npassword = ${P}",
			 {"P=four"}, {0}, {0}},
			"four"},
	};
	folder_write("url", "mysql://u:two@h/d\n");
	folder_write("word", "three\n");
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct config *config = load_well(&rows[i].input);
		CHECK_TEXT(rows[i].input.ini, config->database->password, rows[i].password);
		config_free(config);
	}
}

static void folders_come_before_those_of_path(void **state)
{
	(void)state;
	static const struct {
		struct input input;
		const char *expected; /* @ is the folder of the test */
	} rows[] = {
		{{"[app]\npath_prepend = venv/bin", {"PATH=/bin"}, {0}, {0}}, "@/venv/bin:/bin"},
		{{"[app]\npath_prepend = /a b\nworkdir = /app", {"PATH=/bin"}, {0}, {0}},
			"/a:/app/b:/bin"},
		{{"[app]\npath_prepend = b\nworkdir = src", {"PATH=/bin"}, {0}, {0}},
			"@/src/b:/bin"},
		{{"[app]\npath_prepend = ${V}/bin\n[env]\nV = /v w\nPATH = /x:${PATH}",
			 {"PATH=/bin"}, {0}, {0}},
			"/v w/bin:/x:/bin"},
		{{"[app]\npath_prepend = /v", {0}, {0}, {0}},
			"/v:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
		{{"", {"PATH=/bin"}, {0}, {0}}, "/bin"},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct config *config = load_well(&rows[i].input);
		struct text expected = {0};
		bool here = rows[i].expected[0] == '@';
		text_add_format(&expected, "%s%s", here ? folder_path : "",
			rows[i].expected + (here ? 1 : 0));
		CHECK_TEXT(rows[i].input.ini, value(config, "PATH"), expected.bytes);
		text_free(&expected);
		config_free(config);
	}
}

static void what_is_wrong_is_told_with_its_place(void **state)
{
	(void)state;
	static const struct {
		struct input input;
		const char *faults;
	} rows[] = {
		{{"[env]\nrequired = A B C D", {"B=", "C=1"}, {0}, {0}},
			"tminus.ini:2: required: not set, or empty: A, B, D\n"},
		{{"[env]\nA = 1\nA ?= 2", {0}, {0}, {0}},
			"tminus.ini:3: \"A\" was set already in [env], in line 2\n"},
		{{"[env]\n1A = 1", {0}, {0}, {0}},
			"tminus.ini:2: 1A is no name of a variable (letters, digits and _, and no "
			"digit first)\n"},
		{{"[env]\nA-B = 1", {0}, {0}, {0}},
			"tminus.ini:2: A-B is no name of a variable (letters, digits and _, and no "
			"digit first)\n"},
		{{"[env]\nTMINUS_LOG_LEVEL ?= x", {0}, {0}, {0}},
			"tminus.ini:2: TMINUS_LOG_LEVEL is tminus's own: settings stand in "
			"sections "
			"of their own\n"},
		{{"[env]\nunset = NOTIFY_SOCKET", {0}, {0}, {0}},
			"tminus.ini:2: unset: NOTIFY_SOCKET is tminus's to set: see app.notify\n"},
		{{"[env]\nsecret = A", {0}, {0}, {0}}, "tminus.ini:2: unknown key \"secret\" in "
						       "[env]; did you mean \"secrets\"?\n"},
		{{"[env]\nA = ${hunter2", {0}, {0}, {0}},
			"tminus.ini:2: A: a \"${\" has no \"}\" ($$ is a $, so $${ stands for "
			"itself)\n"},
		{{"[env]\nA = ${B:?say which}", {0}, {0}, {0}},
			"tminus.ini:2: A: the variable B is not set or empty: say which\n"},
		{{"[wait]\ntimeout ?= 5s", {0}, {0}, {0}},
			"tminus.ini:2: ?= is for variables in [env]\n"},
		{{"[step x]\ncommand ?= true", {0}, {0}, {0}},
			"tminus.ini:2: ?= is for variables in [env]\n"},
		{{"[env]\nsecrets = A", {"A=1", "A_FILE=file"}, {0}, {0}},
			"tminus.ini:2: secrets: A and A_FILE are both set; unset one of them\n"},
		{{"[env]\nA = 1\nsecrets = A", {"A_FILE=file"}, {0}, {0}},
			"tminus.ini:2: A is in env.secrets, and A_FILE is set\n"},
		{{"[env]\nsecrets = A", {"A_FILE=nowhere"}, {0}, {0}},
			"tminus.ini:2: secrets: A_FILE: nowhere: cannot be read: No such file or "
			"directory\n"},
		{{"[app]\nenv_file = nowhere", {0}, {0}, {0}},
			"tminus.ini:2: env_file: nowhere: cannot be read: No such file or "
			"directory; where it may be missing: -nowhere\n"},
		{{"[app]\nenv_file = -folder", {0}, {0}, {0}},
			"tminus.ini:2: env_file: folder: is a directory; a regular file is needed "
			"here\n"},
		{{"[app]\nenv_file = twice", {0}, {0}, {0}},
			"twice:4: A was set already in twice:1\n"},
		{{"[app]\nuser = ${PUID}:${PGID:-1000}", {"PUID=none"}, {0}, {0}},
			"tminus.ini:2: user: there is no user \"none\" in /etc/passwd, and it is "
			"no "
			"number\n"},
	};
	folder_write("file", "s");
	folder_write("folder/x", "");
	folder_write("twice", "A=1\nB='\n'\nA=1\n");
	for (size_t i = 0; i < LENGTH(rows); i++) {
		autofree char *faults = NULL;
		assert_null(load(&rows[i].input, &faults));
		CHECK_TEXT(rows[i].input.ini, faults, rows[i].faults);
	}
}

static void as_root_an_env_file_that_others_can_write_is_refused(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	static const struct input input = {"[app]\nenv_file = .env", {0}, {0}, {0}};
	folder_write(".env", "A=1");
	assert_int_equal(chmod(".env", 0664), 0);
	autofree char *faults = NULL;
	assert_null(load(&input, &faults));
	CHECK_HOLDS(".env", faults, ".env: its group can write it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(a_row_sets_what_commands_get),
		IN_FOLDER(values_in_the_login_of_a_url_are_percent_encoded),
		IN_FOLDER(everything_in_the_file_sees_it),
		IN_FOLDER(the_environment_is_named_by_the_platform_before_the_file),
		IN_FOLDER(an_env_file_sets_what_is_not_set),
		IN_FOLDER(secrets_are_read_when_their_file_is_known),
		IN_FOLDER(a_database_url_of_a_row_or_its_file_is_the_database),
		IN_FOLDER(folders_come_before_those_of_path),
		IN_FOLDER(what_is_wrong_is_told_with_its_place),
		IN_FOLDER(as_root_an_env_file_that_others_can_write_is_refused),
	};
	return cmocka_run_group_tests_name("environment", tests, NULL, NULL);
}
