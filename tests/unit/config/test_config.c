#include "input.h"

#include <errno.h>

#include "base/memory.h"
#include "config/config.h"
#include "config/variables.h"
#include "config/words.h"

static void without_any_setting_tminus_is_a_plain_init(void **state)
{
	(void)state;
	static const struct input input = {NULL, {"HOME=/root"}, {0}, {"sleep", "1"}};
	struct config *config = load_well(&input);
	assert_null(config->file);
	assert_null(config->database);
	assert_int_equal(config->step_count, 0);
	assert_int_equal(config->upgrade_command.count, 0);
	assert_int_equal(config->seed_all.count, 0);
	assert_string_equal(config->environment_name, "production");
	assert_true(config->production);
	assert_false(config->writable);
	assert_true(config->wait_timeout == 60000);
	assert_true(config->boot_grace == 8000);
	assert_int_equal(config->app_stop_signal, 15);
	assert_true(config->database_port == -1);
	assert_int_equal(config->app.count, 2);
	assert_string_equal(config->app.items[1], "1");
	assert_null(config->app.items[2]);
	assert_int_equal(config->warnings.count, 0);
	config_free(config);
}

static void what_no_tool_understands_is_only_a_warning_to_a_plain_init(void **state)
{
	(void)state;
	static const char *const rows[] = {"DATABASE_URL=sqlserver://u:secret@h/d",
		"DATABASE_URL=file:./dev.db", "DATABASE_URL_FILE=/does/not/exist", "PGHOST=h",
		"DATABASE_URL=sqlite://"};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		const struct input input = {
			NULL, {rows[i], i == 3 ? "PGPORT=x" : NULL}, {0}, {"true"}};
		struct config *config = load_well(&input);
		CHECK_TRUE(rows[i], config->database == NULL);
		CHECK_TRUE(rows[i], config->warnings.count == 1);
		CHECK_TRUE(rows[i], strstr(config->warnings.items[0], "secret") == NULL);
		config_free(config);
	}
	static const struct input configured = {
		"[upgrade]\ncommand = x", {"DATABASE_URL=sqlserver://u:secret@h/d"}, {0}, {0}};
	autofree char *faults = NULL;
	assert_null(load(&configured, &faults));
	CHECK_HOLDS("configured", faults, "DATABASE_URL: the scheme \"sqlserver\"");
}

static void the_command_line_comes_before_the_environment_before_the_file(void **state)
{
	(void)state;
	static const struct {
		struct input input;
		int64_t timeout;
	} rows[] = {
		{{NULL, {0}, {0}, {0}}, 60000},
		{{"[wait]\ntimeout = 5m", {0}, {0}, {0}}, 300000},
		{{"[wait]\ntimeout = 5m", {"TMINUS_WAIT_TIMEOUT=7"}, {0}, {0}}, 7000},
		{{"[wait]\ntimeout = 5m", {"TMINUS_WAIT_TIMEOUT=7"}, {"wait.timeout=1ms"}, {0}}, 1},
		{{NULL, {0}, {"wait.timeout=1ms", "wait.timeout=2ms"}, {0}}, 2},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct config *config = load_well(&rows[i].input);
		assert_true(config->wait_timeout == rows[i].timeout);
		config_free(config);
	}
}

static void every_fault_is_reported_at_once(void **state)
{
	(void)state;
	static const struct input input = {"[wait]\n"
					   "timeoout = 1\n"
					   "timeout = soon\n"
					   "level = redy\n"
					   "[wiat]\n"
					   "x = 1\n"
					   "[step a]\n"
					   "[step wait]\n"
					   "command = x\n"
					   "[step b]\n"
					   "command = 'x\n"
					   "if = A B\n"
					   "timeot = 1\n"
					   "[log\n"
					   "timeout = 5\n",
		{"TMINUS_WIAT_TIMEOUT=1", "TMINUS_WAIT_GRACE=", "TMINUS_BOOT_PRESET=zope",
			"DATABASE_URL=postgres://u:secret@h:x/d"},
		{"x.y=1", "nonsense"}, {"a", "${B:?b is missing}"}};
	static const char *const expected[] = {
		"tminus.ini:2: unknown key \"timeoout\" in [wait]; did you mean \"timeout\"?\n",
		"tminus.ini:3: timeout: \"soon\" is not a duration (250ms, 60s, 5m, 2h, 1d)\n",
		"tminus.ini:4: level: \"redy\" is not one of auto, tcp, ready, query\n",
		"tminus.ini:5: unknown section [wiat]; did you mean \"wait\"?\n",
		"tminus.ini:7: [step a] has no command\n",
		"tminus.ini:8: the name of [step wait] is the name of a step of tminus's own\n",
		"tminus.ini:11: command: a ' has no closing '\n",
		"tminus.ini:12: if: ",
		"tminus.ini:13: unknown key \"timeot\" in [step b]; did you mean \"timeout\"?\n",
		"tminus.ini:14: the [ of a section has no ]\n",
		"TMINUS_WIAT_TIMEOUT: unknown variable; did you mean \"TMINUS_WAIT_TIMEOUT\"?\n",
		"TMINUS_WAIT_GRACE: an empty value is not a duration",
		"TMINUS_BOOT_PRESET: \"zope\" is not one of none, auto, flask, alembic, django, "
		"rails",
		"DATABASE_URL: the port of the database URL",
		"--set x.y: unknown setting",
		"--set nonsense: is not of the form section.key=value",
		"command line: the variable B is not set or empty: b is missing\n",
	};
	autofree char *faults = NULL;
	assert_null(load(&input, &faults));
	for (size_t i = 0; i < LENGTH(expected); i++)
		CHECK_HOLDS(expected[i], faults, expected[i]);
	size_t lines = 0;
	for (const char *byte = faults; *byte != '\0'; byte++)
		lines += *byte == '\n';
	CHECK_TRUE(faults, lines == LENGTH(expected));
	assert_null(strstr(faults, "secret"));
}

static void single_faults_are_named(void **state)
{
	(void)state;
	static const struct {
		struct input input;
		const char *part;
	} rows[] = {
		{{"timeout = 5", {0}, {0}, {0}}, "tminus.ini:1: unknown key \"timeout\" before"},
		{{"preset = flask", {0}, {0}, {0}}, "tminus.ini:1: \"preset\" belongs into [boot]"},
		{{"[step]\ncommand = x", {0}, {0}, {0}}, "tminus.ini:1: a step has a name"},
		{{"[step a b]\ncommand = x", {0}, {0}, {0}},
			"tminus.ini:1: the name of [step a b] has"},
		{{"[step a-b]\ncommand=x\n[step a_b]\ncommand=x", {0}, {0}, {0}},
			"tminus.ini:3: [step a_b] and [step a-b] have the same variables"},
		{{"[step a]\ncommand=x\nafter=b", {0}, {0}, {0}},
			"tminus.ini:1: after of [step a]: there is no step \"b\""},
		{{NULL, {"TMINUS_STEP_SEED_COMMAND=x"}, {0}, {0}},
			"TMINUS_STEP_SEED_COMMAND: unknown variable"},
		{{NULL, {"TMINUS_STEP_COMMAND=x"}, {0}, {0}}, "TMINUS_STEP_COMMAND: unknown"},
		{{NULL, {"TMINUS_STEP_A_TIMEOUT=1"}, {0}, {0}},
			"TMINUS_STEP_A_TIMEOUT: [step a] has no command"},
		{{NULL, {"TMINUS_SERVICE_NAME=x"}, {0}, {0}}, "TMINUS_SERVICE_NAME: unknown"},
		{{NULL, {"TMINUS_=x"}, {0}, {0}}, "TMINUS_: unknown"},
		{{NULL, {"TMINUS_DATABASE_PASSWORD=a", "TMINUS_DATABASE_PASSWORD_FILE=/x"}, {0},
			 {0}},
			"TMINUS_DATABASE_PASSWORD and TMINUS_DATABASE_PASSWORD_FILE are both set"},
		{{NULL, {"TMINUS_SEED_ALL=", "TMINUS_SEED_ALL_FILE=/x"}, {0}, {0}},
			"TMINUS_SEED_ALL and TMINUS_SEED_ALL_FILE are both set"},
		{{NULL, {"TMINUS_DATABASE_PASSWORD_FILE=/does/not/exist"}, {0}, {0}},
			"TMINUS_DATABASE_PASSWORD_FILE: /does/not/exist: cannot be read: No such "
			"file"},
		{{NULL, {"TMINUS_DATABASE_PASSWORD_FILE=/"}, {0}, {0}}, "/: is a directory"},
		{{NULL, {"TMINUS_DATABASE_PASSWORD_FILE=/dev/zero"}, {0}, {0}}, "is a device"},
		{{"[wait]\ntargets = redis:6379", {0}, {0}, {0}}, "tminus.ini:2: the wait target"},
		{{"[wait]\ntargets = mysql://u:secret@h:x/", {0}, {0}, {0}},
			"tminus.ini:2: the port"},
		{{"[database]\nhost = h", {0}, {0}, {0}}, "tminus.ini:2: database.host needs"},
		{{"[database]\nhost = h\nkind = oracle", {0}, {0}, {0}},
			"tminus.ini:3: \"oracle\" is not one of"},
		{{"[database]\nhost = h\nkind = mysql\nport = 0", {0}, {0}, {0}},
			"tminus.ini:4: is not"},
		{{"[database]\nurl = ${NOT_THERE:-}", {0}, {0}, {0}},
			"tminus.ini:2: database.url is empty"},
		{{"[wait]\ntimeout = ${A}", {"A=secret"}, {0}, {0}}, "\"${A}\" is not a duration"},
		{{"[app]\ncommand = x ${A:?no A}", {0}, {0}, {0}},
			"tminus.ini:2: command: the variable A is not set or empty: no A"},
		{{"[seed]\nundo = x", {0}, {0}, {0}}, "tminus.ini:2: seed.undo would delete rows"},
		{{"[app]\nstop_signal = TERMINATE", {0}, {0}, {0}},
			"\"TERMINATE\" is not a signal"},
		{{"[database]\nport = 5432x", {0}, {0}, {0}}, "\"5432x\" is not a number"},
		{{"[seed]\nproduction_undo = maybe", {0}, {0}, {0}}, "\"maybe\" is not yes or no"},
		{{"[database]\npassword = ${secret", {0}, {0}, {0}},
			"tminus.ini:2: password: a \"${\""},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		autofree char *faults = NULL;
		assert_null(load(&rows[i].input, &faults));
		CHECK_HOLDS(rows[i].part, faults, rows[i].part);
		CHECK_TRUE(rows[i].part, strstr(faults, "secret") == NULL);
		CHECK_TRUE(faults, strchr(faults, '\n') == strrchr(faults, '\n'));
	}
}

static void variables_of_kubernetes_and_reserved_ones_are_no_settings(void **state)
{
	(void)state;
	static const struct input input = {NULL,
		{"TMINUS_SERVICE_HOST=10.0.0.1", "TMINUS_SERVICE_PORT=80",
			"TMINUS_SERVICE_PORT_HTTP=80", "TMINUS_PORT=tcp://10.0.0.1:80",
			"TMINUS_PORT_80_TCP=tcp://10.0.0.1:80", "TMINUS_VERSION=1",
			"TMINUS_BOOT_ID=x"},
		{0}, {0}};
	struct config *config = load_well(&input);
	assert_int_equal(config->environment.count, 5);
	assert_string_equal(variable_value(config->environment.items, "TMINUS_SERVICE_PORT"), "80");
	assert_null(variable_value(config->environment.items, "TMINUS_VERSION"));
	config_free(config);
}

static void children_get_everything_but_tminus_own_variables(void **state)
{
	(void)state;
	static const struct input input = {NULL,
		{"A=1", "TMINUS_WAIT_TIMEOUT=5s", "TMINUS_ENVIRONMENT=test",
			"DATABASE_URL=postgres://u:p%40@h/d?x=$y", "EMPTY=", "TMINUS=x", "ODD"},
		{"database.normalize=yes"}, {0}};
	struct config *config = load_well(&input);
	autofree char *environment = words_join(config->environment.items);
	assert_string_equal(environment, "A=1 'DATABASE_URL=postgresql://u:p%40@h/d?x=$y' EMPTY= "
					 "TMINUS=x ODD");
	assert_string_equal(config->database->origin, "DATABASE_URL");
	config_free(config);
}

static void a_url_from_a_file_reaches_the_children(void **state)
{
	(void)state;
	folder_write("url", "postgres://u:p@h/d\n");
	static const struct input input = {
		NULL, {"DATABASE_URL_FILE=url"}, {"boot.preset=flask"}, {0}};
	struct config *config = load_well(&input);
	assert_string_equal(
		variable_value(config->environment.items, "DATABASE_URL"), "postgresql://u:p@h/d");
	assert_string_equal(config->database->password, "p");
	assert_string_equal(config->database->origin, "DATABASE_URL_FILE");
	config_free(config);
}

static void secrets_are_read_from_files_byte_for_byte(void **state)
{
	(void)state;
	static const struct {
		const char *contents;
		size_t length;
		const char *value; /* NULL: fails */
	} rows[] = {
		{"secret", 6, "secret"},
		{"secret\n", 7, "secret"},
		{"secret\r\n", 8, "secret"},
		{"secret\n\n", 8, "secret\n"},
		{" a b'\"$${X}%s ", 14, " a b'\"$${X}%s "},
		{"a\nb", 3, "a\nb"},
		{"a\0b", 3, NULL},
		{"", 0, NULL},
	};
	static const struct input input = {"[database]\nkind = postgres\nhost = h",
		{"TMINUS_DATABASE_PASSWORD_FILE=secret"}, {0}, {0}};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		autofree char *faults = NULL;
		folder_write_bytes("secret", rows[i].contents, rows[i].length);
		struct config *config = load(&input, &faults);
		CHECK_TRUE(rows[i].contents,
			rows[i].length == 0 || (config != NULL) == (rows[i].value != NULL));
		if (config != NULL)
			CHECK_TEXT(rows[i].contents, config->database->password, rows[i].value);
		config_free(config);
	}
}

static void values_of_200_kilobytes_are_kept(void **state)
{
	(void)state;
	autofree char *large = memory_zeroed(200001, 1);
	memset(large, 'x', 200000);
	struct text variable = {0};
	text_add_format(&variable, "TMINUS_DATABASE_PASSWORD=%s", large);
	const struct input input = {"[database]\nkind = mysql\nhost = h\n[app]\ncommand = a ${BIG}",
		{variable.bytes, "X=1"}, {0}, {0}};
	struct config *config = load_well(&input);
	assert_string_equal(config->database->password, large);
	config_free(config);
	text_free(&variable);
}

static void the_database_is_found_in_one_fixed_order(void **state)
{
	(void)state;
	folder_write("password", "from file\n");
	static const struct {
		struct input input;
		const char *display; /* NULL: none */
		const char *origin;
		const char *password;
	} rows[] = {
		{{NULL, {0}, {0}, {0}}, NULL, NULL, NULL},
		{{NULL, {"DATABASE_URL="}, {0}, {0}}, NULL, NULL, NULL},
		{{NULL, {"DATABASE_URL=mysql://u:p@h/d", "PGHOST=x"}, {0}, {0}},
			"mysql://u@h:3306/d", "DATABASE_URL", "p"},
		{{NULL, {"DATABASE_URL=mysql://h/d", "TMINUS_DATABASE_URL=postgres://g/e"}, {0},
			 {0}},
			"postgres://g:5432/e", "TMINUS_DATABASE_URL", NULL},
		{{NULL, {"DATABASE_URL=mysql://h/d", "TMINUS_DATABASE_URL="}, {0}, {0}}, NULL, NULL,
			NULL},
		{{"[database]\nurl = ${X}", {"X=mysql://h/d"}, {0}, {0}}, "mysql://h:3306/d",
			"tminus.ini:2", NULL},
		{{"[database]\nhost = h\nkind = mariadb\nuser = u\nname = d",
			 {"DATABASE_URL=postgres://x/y"}, {0}, {0}},
			"mysql://u@h:3306/d", "tminus.ini:2", NULL},
		{{"[database]\nhost = h\nport = 5432", {0}, {0}, {0}}, "postgres://h:5432/",
			"tminus.ini:2", NULL},
		{{"[database]\nkind = sqlite\nname = a.db", {0}, {0}, {0}}, "sqlite:///a.db",
			"tminus.ini:3", NULL},
		{{"[database]\nuser = u\npassword = p", {"DATABASE_URL=postgres://x:y@h/d"}, {0},
			 {0}},
			"postgres://u@h:5432/d", "DATABASE_URL", "p"},
		{{NULL, {"PGHOST=h", "PGPORT=1", "PGUSER=u", "PGPASSWORD=p", "PGDATABASE=d"}, {0},
			 {0}},
			"postgres://u@h:1/d", "PGHOST", "p"},
		{{NULL, {"PGUSER=u", "PGDATABASE=d"}, {0}, {0}}, NULL, NULL, NULL},
		{{NULL,
			 {"POSTGRES_HOST=h", "POSTGRES_PORT=tcp://10.0.0.1:5432", "POSTGRES_USER=u",
				 "POSTGRES_PASSWORD_FILE=password", "POSTGRES_DB=d"},
			 {0}, {0}},
			"postgres://u@h:5432/d", "POSTGRES_HOST", "from file"},
		{{NULL,
			 {"MYSQL_HOST=h", "MYSQL_PORT=1", "MYSQL_TCP_PORT=2", "MYSQL_USER=u",
				 "MYSQL_PASSWORD=p", "MYSQL_DATABASE=d"},
			 {0}, {0}},
			"mysql://u@h:2/d", "MYSQL_HOST", "p"},
		{{NULL, {"MARIADB_HOST=h", "MARIADB_USER=u"}, {0}, {0}}, "mysql://u@h:3306/",
			"MARIADB_HOST", NULL},
		{{NULL, {"PGHOST=g", "MYSQL_HOST=h"}, {"database.kind=mysql"}, {0}},
			"mysql://h:3306/", "MYSQL_HOST", NULL},
		{{NULL, {"DATABASE_URL=postgres://h/d", "PGPASSWORD_FILE=/does/not/exist"}, {0},
			 {0}},
			"postgres://h:5432/d", "DATABASE_URL", NULL},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct config *config = load_well(&rows[i].input);
		autofree char *display =
			config->database != NULL ? database_url_display(config->database) : NULL;
		char row[16];
		(void)snprintf(row, sizeof row, "%zu", i);
		CHECK_TEXT(row, display, rows[i].display);
		if (config->database != NULL) {
			CHECK_TEXT(row, config->database->origin, rows[i].origin);
			CHECK_TEXT(row, config->database->password, rows[i].password);
		}
		config_free(config);
	}
}

static void an_automatic_level_is_a_login_where_there_is_a_user(void **state)
{
	(void)state;
	static const struct {
		const char *url;
		const char *set;
		enum wait_level level;
	} rows[] = {
		{"DATABASE_URL=postgres://u@h/d", NULL, WAIT_QUERY},
		{"DATABASE_URL=postgres://h/d", NULL, WAIT_READY},
		{"DATABASE_URL=sqlite:///a.db", NULL, WAIT_QUERY},
		{"DATABASE_URL=postgres://u@h/d", "wait.level=tcp", WAIT_TCP},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		const struct input input = {NULL, {rows[i].url}, {rows[i].set}, {0}};
		struct config *config = load_well(&input);
		CHECK_TRUE(rows[i].url, config->database_level == rows[i].level);
		config_free(config);
	}
}

static void the_environment_is_named_by_the_first_of_its_variables(void **state)
{
	(void)state;
	static const struct {
		struct input input;
		const char *name;
		bool production;
	} rows[] = {
		{{NULL, {0}, {0}, {0}}, "production", true},
		{{NULL, {"NODE_ENV=test", "APP_ENV=staging"}, {0}, {0}}, "staging", false},
		{{NULL, {"NODE_ENV=test", "FLASK_ENV="}, {0}, {0}}, "test", false},
		{{NULL, {"FLASK_ENV=development"}, {0}, {0}}, "development", false},
		{{NULL, {"APP_ENV=prod"}, {0}, {0}}, "prod", true},
		{{NULL, {"FLASK_ENV=a", "TMINUS_ENVIRONMENT=b"}, {0}, {0}}, "b", false},
		{{NULL, {"FLASK_ENV=a", "TMINUS_ENVIRONMENT="}, {0}, {0}}, "a", false},
		{{"environment = ${X:-c}", {0}, {0}, {0}}, "c", false},
		{{"environment = development", {"FLASK_ENV=production"}, {0}, {0}}, "production",
			true},
		{{"environment = c", {0}, {"environment=d"}, {0}}, "d", false},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct config *config = load_well(&rows[i].input);
		CHECK_TEXT(rows[i].name, config->environment_name, rows[i].name);
		CHECK_TRUE(rows[i].name, config->production == rows[i].production);
		config_free(config);
	}
}

/* The value of NAME in the environment of the children; "" when it is not set. */
static const char *handed(const struct config *config, const char *name)
{
	const char *value = variable_value(config->environment.items, name);
	return value != NULL ? value : "";
}

static void children_get_the_database_that_the_settings_name(void **state)
{
	(void)state;
	static const struct {
		struct input input;
		const char *url;
	} rows[] = {
		{{NULL, {"DATABASE_URL=postgres://u:p@h/d"}, {0}, {0}}, "postgres://u:p@h/d"},
		{{NULL, {"TMINUS_DATABASE_URL=postgres://u:p%40@h/d"}, {0}, {0}},
			"postgres://u:p%40@h/d"},
		{{"[database]\nurl = mysql://u:p@h/d?charset=utf8", {"DATABASE_URL=sqlite:///x"},
			 {0}, {0}},
			"mysql://u:p@h/d?charset=utf8"},
		{{"[database]\nurl = postgres://h/d\nnormalize = yes", {0}, {0}, {0}},
			"postgresql://h/d"},
		{{NULL,
			 {"TMINUS_DATABASE_HOST=::1", "TMINUS_DATABASE_KIND=postgres",
				 "TMINUS_DATABASE_USER=a@b",
				 "TMINUS_DATABASE_PASSWORD=/% :", "TMINUS_DATABASE_NAME=s p"},
			 {0}, {0}},
			"postgresql://a%40b:%2F%25%20%3A@[::1]:5432/s%20p"},
		{{NULL, {"DATABASE_URL=mysql://u@h:3307/d", "TMINUS_DATABASE_PASSWORD=x"}, {0},
			 {0}},
			"mysql://u:x@h:3307/d"},
		{{NULL, {"TMINUS_DATABASE_KIND=sqlite", "TMINUS_DATABASE_NAME=/data/a b.db"}, {0},
			 {0}},
			"sqlite:////data/a b.db"},
		{{NULL, {"PGHOST=h", "PGUSER=u"}, {0}, {0}}, ""},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct config *config = load_well(&rows[i].input);
		CHECK_TEXT(rows[i].url, handed(config, "DATABASE_URL"), rows[i].url);
		config_free(config);
	}
}

static void presets_seed_and_undo_as_the_environment_allows(void **state)
{
	(void)state;
	static const struct {
		struct input input;
		const char *undo;
		const char *all;
	} rows[] = {
		{{NULL, {"FLASK_ENV=development"}, {"boot.preset=flask"}, {0}}, "flask seed undo",
			"flask seed all"},
		{{NULL, {0}, {"boot.preset=flask"}, {0}}, "", "flask seed all"},
		{{NULL, {"TMINUS_SEED_ALL="}, {"boot.preset=flask"}, {0}}, "", ""},
		{{"[boot]\npreset = flask\n[seed]\nall =\n", {"APP_ENV=test"}, {0}, {0}},
			"flask seed undo", ""},
		{{"[seed]\nundo = x y\nproduction_undo = yes", {0}, {0}, {0}}, "x y", ""},
		{{"[seed]\nundo = x y", {"APP_ENV=test"}, {0}, {0}}, "x y", ""},
		{{"[seed]\nundo =", {0}, {0}, {0}}, "", ""},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct config *config = load_well(&rows[i].input);
		autofree char *undo = words_join(config->seed_undo.items);
		autofree char *all = words_join(config->seed_all.items);
		CHECK_TEXT(rows[i].undo, undo, rows[i].undo);
		CHECK_TEXT(rows[i].all, all, rows[i].all);
		config_free(config);
	}
}

static void auto_says_what_it_chose(void **state)
{
	(void)state;
	folder_write("manage.py", "");
	static const struct input input = {"[boot]\npreset = auto", {0}, {0}, {0}};
	struct config *config = load_well(&input);
	assert_int_equal(config->preset, PRESET_DJANGO);
	assert_string_equal(config->preset_reason, "preset auto chose django: there is manage.py");
	assert_string_equal(config->upgrade_command.items[0], "python3");
	assert_true(config->writable);
	config_free(config);
}

static void steps_come_from_the_file_the_environment_and_the_command_line(void **state)
{
	(void)state;
	static const struct input input = {"[step collect-static]\ncommand = a b\nif = X\n[step "
					   "z]\ncommand = z ${H}\nbefore = seed",
		{"TMINUS_STEP_COLLECT_STATIC_COMMAND=c 'd e' ${H}",
			"TMINUS_STEP_Z_ON_FAILURE=continue", "TMINUS_STEP_WARM_UP_COMMAND=w",
			"H=x y", "TMINUS_STEP_Z_TIMEOUT_FILE=timeout"},
		{"step.last.command=l", "step.last.after=wait"}, {0}};
	folder_write("timeout", "5m\n");
	struct config *config = load_well(&input);
	assert_int_equal(config->step_count, 4);
	assert_string_equal(config->steps[0].name, "collect-static");
	assert_string_equal(config->steps[0].condition, "X");
	assert_int_equal(config->steps[0].command.count, 3);
	assert_string_equal(config->steps[0].command.items[2], "${H}");
	assert_int_equal(config->steps[1].on_failure, FAILURE_CONTINUES);
	assert_string_equal(config->steps[1].command.items[1], "x y");
	assert_true(config->steps[1].timeout == 300000);
	assert_string_equal(config->steps[2].name, "warm-up");
	assert_string_equal(config->steps[2].origin, "TMINUS_STEP_WARM_UP_COMMAND");
	static const char *const order[] = {
		"wait", "last", "upgrade", "z", "seed", "collect-static", "warm-up"};
	static const char *const builtins[] = {"wait", "upgrade", "seed"};
	assert_int_equal(config->order_count, LENGTH(order));
	for (size_t i = 0; i < LENGTH(order); i++)
		assert_string_equal(config->order[i].kind == ORDERED_STEP
					    ? config->steps[config->order[i].step].name
					    : builtins[config->order[i].kind],
			order[i]);
	config_free(config);
}

static void an_empty_command_switches_a_step_off(void **state)
{
	(void)state;
	static const struct input input = {
		"[step a]\ncommand = x", {"TMINUS_STEP_A_COMMAND="}, {0}, {0}};
	struct config *config = load_well(&input);
	assert_int_equal(config->steps[0].command.count, 0);
	assert_int_equal(config->order_count, 3);
	config_free(config);
}

static void the_apps_argv_is_expanded_unless_a_shell_does_it(void **state)
{
	(void)state;
	static const struct {
		struct input input;
		const char *expected;
	} rows[] = {
		{{NULL, {"P=8 0"}, {0}, {"gunicorn", "-b:${P}", "$P", "$$", "${Q:-'q'}"}},
			"gunicorn '-b:8 0' '$P' '$' ''\\''q'\\'''"},
		{{NULL, {"P=1"}, {0}, {"sh", "-c", "echo ${P%%1} $$"}}, "sh -c 'echo ${P%%1} $$'"},
		{{NULL, {"P=1"}, {0}, {"/bin/bash", "-c", "${P}"}}, "/bin/bash -c '${P}'"},
		{{"[app]\ncommand = a ${P} '${P}'", {"P=1 2"}, {0}, {0}}, "a '1 2' '${P}'"},
		{{"[app]\ncommand = a", {0}, {0}, {"b"}}, "b"},
		{{NULL, {"TMINUS_APP_COMMAND=a ${P}"}, {0}, {0}}, "a '${P}'"},
		{{NULL, {0}, {0}, {0}}, ""},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct config *config = load_well(&rows[i].input);
		autofree char *app = words_join(config->app.items);
		CHECK_TEXT(rows[i].expected, app, rows[i].expected);
		config_free(config);
	}
}

static void targets_are_parsed_where_they_are_databases(void **state)
{
	(void)state;
	static const struct input input = {
		"[wait]\ntargets = tcp://r:1, postgres://u:p@a,b/d\n  file:/x", {0}, {0}, {0}};
	struct config *config = load_well(&input);
	assert_int_equal(config->wait_targets.count, 3);
	assert_null(config->targets[0]);
	assert_int_equal(config->targets[1]->host_count, 2);
	assert_string_equal(config->targets[1]->origin, "tminus.ini:2");
	assert_null(config->targets[2]);
	config_free(config);
}

static void shell_operators_are_warned_of(void **state)
{
	(void)state;
	static const struct input input = {
		"[step a]\ncommand = x && y\n[step b]\ncommand = sh -c 'x && y'", {0}, {0}, {0}};
	struct config *config = load_well(&input);
	assert_int_equal(config->warnings.count, 1);
	CHECK_HOLDS("&&", config->warnings.items[0], "tminus.ini:2: \"&&\" becomes an argument");
	config_free(config);
}

static void the_file_is_the_first_one_named_or_found(void **state)
{
	(void)state;
	folder_write("other.ini", "[wait]\ntimeout = 2s");
	folder_write("third.ini", "[wait]\ntimeout = 3s");
	folder_write("tminus.ini", "[wait]\ntimeout = 1s");
	char variable[] = "TMINUS_CONFIG=third.ini";
	char empty[] = "TMINUS_CONFIG=";
	static char missing[] = "TMINUS_CONFIG=missing.ini";
	const struct {
		const char *named;
		char *variable;
		int64_t timeout; /* 0: fails */
	} rows[] = {
		{NULL, NULL, 1000},
		{NULL, empty, 1000},
		{NULL, variable, 3000},
		{"other.ini", variable, 2000},
		{"missing.ini", NULL, 0},
		{NULL, missing, 0},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		char *environment[] = {rows[i].variable, NULL};
		const struct config_request request = {
			.file = rows[i].named, .environment = environment};
		struct faults faults = {0};
		struct config *config = NULL;
		int status = config_load(&request, &config, &faults);
		assert_int_equal(status, rows[i].timeout > 0 ? 0 : -1);
		if (config != NULL)
			assert_true(config->wait_timeout == rows[i].timeout);
		if (status != 0)
			CHECK_TEXT("missing", faults.messages.items[0],
				"missing.ini: cannot be read: No such file or directory");
		config_free(config);
		faults_free(&faults);
	}
}

static void make_large_file(const char *path)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(ftruncate(fileno(file), 100 << 20), 0);
	assert_int_equal(fclose(file), 0);
}

static void only_a_small_regular_file_is_read(void **state)
{
	(void)state;
	assert_int_equal(mkdir("folder", 0755), 0);
	assert_int_equal(mkfifo("fifo", 0644), 0);
	make_large_file("large");
	folder_write("file", "");
	static const struct {
		const char *path;
		const char *message;
	} rows[] = {
		{"folder", "folder: is a directory; a regular file is needed here"},
		{"fifo", "fifo: is a FIFO; a regular file is needed here"},
		{"/dev/null", "/dev/null: is a device; a regular file is needed here"},
		{"large", "large: is larger than 1 MiB"},
		{"file/x", "file/x: cannot be read: Not a directory"},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		const struct config_request request = {.file = rows[i].path};
		struct faults faults = {0};
		struct config *config = NULL;
		assert_int_equal(config_load(&request, &config, &faults), -1);
		CHECK_TEXT(rows[i].path, faults.messages.items[0], rows[i].message);
		faults_free(&faults);
	}
}

static void as_root_a_file_that_others_can_write_is_refused(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	static const struct {
		mode_t mode;
		uid_t owner;
		const char *who; /* NULL: accepted */
	} rows[] = {
		{0644, 0, NULL},
		{0400, 0, NULL},
		{0664, 0, "its group can write"},
		{0666, 0, "everybody can write"},
		{0602, 0, "everybody can write"},
		{0644, 1000, "its owner can write"},
		{0444, 1000, "its owner can write"},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		folder_write("mine.ini", "[wait]\ntimeout = 1s");
		assert_int_equal(chmod("mine.ini", rows[i].mode), 0);
		assert_int_equal(chown("mine.ini", rows[i].owner, 0), 0);
		const struct config_request request = {.file = "mine.ini"};
		struct faults faults = {0};
		struct config *config = NULL;
		int status = config_load(&request, &config, &faults);
		assert_int_equal(status, rows[i].who == NULL ? 0 : -1);
		if (status != 0)
			CHECK_HOLDS("mine.ini", faults.messages.items[0], rows[i].who);
		config_free(config);
		faults_free(&faults);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(without_any_setting_tminus_is_a_plain_init),
		IN_FOLDER(what_no_tool_understands_is_only_a_warning_to_a_plain_init),
		IN_FOLDER(the_command_line_comes_before_the_environment_before_the_file),
		IN_FOLDER(every_fault_is_reported_at_once),
		IN_FOLDER(single_faults_are_named),
		IN_FOLDER(variables_of_kubernetes_and_reserved_ones_are_no_settings),
		IN_FOLDER(children_get_everything_but_tminus_own_variables),
		IN_FOLDER(a_url_from_a_file_reaches_the_children),
		IN_FOLDER(secrets_are_read_from_files_byte_for_byte),
		IN_FOLDER(values_of_200_kilobytes_are_kept),
		IN_FOLDER(the_database_is_found_in_one_fixed_order),
		IN_FOLDER(an_automatic_level_is_a_login_where_there_is_a_user),
		IN_FOLDER(the_environment_is_named_by_the_first_of_its_variables),
		IN_FOLDER(children_get_the_database_that_the_settings_name),
		IN_FOLDER(presets_seed_and_undo_as_the_environment_allows),
		IN_FOLDER(auto_says_what_it_chose),
		IN_FOLDER(steps_come_from_the_file_the_environment_and_the_command_line),
		IN_FOLDER(an_empty_command_switches_a_step_off),
		IN_FOLDER(the_apps_argv_is_expanded_unless_a_shell_does_it),
		IN_FOLDER(targets_are_parsed_where_they_are_databases),
		IN_FOLDER(shell_operators_are_warned_of),
		IN_FOLDER(the_file_is_the_first_one_named_or_found),
		IN_FOLDER(only_a_small_regular_file_is_read),
		IN_FOLDER(as_root_a_file_that_others_can_write_is_refused),
	};
	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
