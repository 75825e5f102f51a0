#include "folder.h"

#include "base/memory.h"
#include "config/json.h"
#include "config/settings.h"
#include "config/show.h"
#include "config/value.h"

static struct config *load(const char *ini, char *const *environment, const char *set)
{
	struct config_request request = {.environment = environment};
	struct faults faults = {0};
	struct config *config = NULL;
	folder_write("tminus.ini", ini);
	if (set != NULL)
		list_append(&request.set, set);
	int status = config_load(&request, &config, &faults);
	CHECK_TEXT(ini, faults.messages.count > 0 ? faults.messages.items[0] : "", "");
	assert_int_equal(status, 0);
	list_clear(&request.set);
	faults_free(&faults);
	return config;
}

static char *show(const struct config *config, bool json)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);
	assert_non_null(stream);
	config_show(config, stream, json);
	assert_int_equal(fclose(stream), 0);
	return text;
}

static char ini[] = "[boot]\n"
		    "preset = alembic\n"
		    "[database]\n"
		    "url = postgres://app:swordfish@db/shop?sslmode=require\n"
		    "[wait]\n"
		    "timeout = 5m\n"
		    "targets = mysql://u:swordfish@h/d,tcp://r:1\n"
		    "[app]\n"
		    "command = serve --key ${KEY} --url ${URL}\n"
		    "stop_signal = SIGINT\n"
		    "[step a]\n"
		    "command = one\n"
		    "  two ${KEY}\n";

static char *environment[] = {"KEY=swordfish", "TMINUS_DATABASE_PASSWORD=swordfish",
	"URL=redis://u:swordfish@h", "TMINUS_LOG_LEVEL=debug", NULL};

/* The part of text from name to the end of its line, with runs of blanks as one. */
static char *line_of(const char *text, const char *name)
{
	struct text line = {0};
	const char *start = strstr(text, name);
	assert_non_null(start);
	for (; *start != '\0' && *start != '\n'; start++)
		if (*start != ' ' || start[1] != ' ')
			text_add_byte(&line, *start);
	return text_take(&line);
}

static void every_value_is_shown_with_its_origin(void **state)
{
	(void)state;
	static const char *const expected[] = {
		"environment production default",
		"boot.preset alembic tminus.ini:2",
		"boot.grace 8s default",
		"database.url postgres://app:********@db/shop?sslmode=require tminus.ini:4",
		"database.user - default",
		"database.password ******** TMINUS_DATABASE_PASSWORD",
		"database.normalize yes preset alembic",
		"wait.timeout 5m tminus.ini:6",
		"wait.targets mysql://u:********@h/d,tcp://r:1 tminus.ini:7",
		"wait.grace 7s --set",
		"upgrade.command alembic upgrade head preset alembic",
		"app.command serve --key ${KEY} --url ${URL} tminus.ini:9",
		"app.stop_signal INT tminus.ini:10",
		"log.level debug TMINUS_LOG_LEVEL",
		"step.a.command one two ${KEY} tminus.ini:12",
		"step.a.on_failure stop default",
		"file tminus.ini",
		"database postgres://app@db:5432/shop (tminus.ini:4)",
		"order wait, upgrade, seed, a",
		"app serve --key ${KEY} --url ${URL} (tminus.ini:9)",
	};
	struct config *config = load(ini, environment, "wait.grace=7s");
	autofree char *text = show(config, false);
	for (size_t i = 0; i < LENGTH(expected); i++) {
		char name[64];
		(void)snprintf(
			name, sizeof name, "\n%.*s ", (int)strcspn(expected[i], " "), expected[i]);
		if (strncmp(expected[i], "app serve", 9) == 0)
			(void)snprintf(name, sizeof name, "\napp  ");
		if (strncmp(expected[i], "database postgres", 17) == 0)
			(void)snprintf(name, sizeof name, "\ndatabase  ");
		autofree char *line = line_of(strstr(text, name) + 1, "");
		CHECK_TEXT(expected[i], line, expected[i]);
	}
	assert_null(strstr(text, "swordfish"));
	config_free(config);
}

static void no_secret_is_in_the_json(void **state)
{
	(void)state;
	struct config *config = load(ini, environment, NULL);
	autofree char *text = show(config, true);
	assert_null(strstr(text, "swordfish"));
	CHECK_HOLDS(
		"json", text, "\"wait.timeout\": {\"value\": \"5m\", \"from\": \"tminus.ini:6\"}");
	CHECK_HOLDS("json", text, "\"database.user\": {\"value\": null, \"from\": \"default\"}");
	CHECK_HOLDS("json", text, "\"order\": [\"wait\", \"upgrade\", \"seed\", \"a\"]");
	config_free(config);
}

static void text_becomes_a_json_string(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *expected;
	} rows[] = {
		{NULL, "null"},
		{"", "\"\""},
		{"a \"b\" \\", "\"a \\\"b\\\" \\\\\""},
		{"\n\r\t\x01\x7f", "\"\\n\\r\\t\\u0001\\u007f\""},
		{"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
			"\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
		{"a\xff", "\"a\\ufffd\""},
		{"\xc3", "\"\\ufffd\""},
		{"\xe2\x82", "\"\\ufffd\\ufffd\""},
		{"\xc0\x80", "\"\\ufffd\\ufffd\""},
		{"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		char room[64] = "";
		FILE *stream = fmemopen(room, sizeof room, "w");
		assert_non_null(stream);
		json_string(stream, rows[i].text);
		assert_int_equal(fclose(stream), 0);
		CHECK_TEXT(rows[i].expected, room, rows[i].expected);
	}
}

static void the_example_loads_and_changes_nothing(void **state)
{
	(void)state;
	char *example = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&example, &size);
	assert_non_null(stream);
	config_example(stream);
	assert_int_equal(fclose(stream), 0);
	char *none[] = {NULL};
	struct config *with = load(example, none, NULL);
	struct config *without = load("", none, NULL);
	autofree char *one = show(with, false);
	autofree char *other = show(without, false);
	assert_string_equal(one, other);
	config_free(with);
	config_free(without);
	free(example);
}

/* The example with its settings switched on: they must be understood, the empty ones aside. */
static void the_defaults_in_the_example_are_understood(void **state)
{
	(void)state;
	char *example = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&example, &size);
	assert_non_null(stream);
	config_example(stream);
	assert_int_equal(fclose(stream), 0);
	for (char *line = example; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (*line == ';' && line[strcspn(line, "\n") - 1] != '=')
			*line = ' ';
	}
	*strstr(example, "\n [step NAME]") = '\0'; /* it would have no command */
	char *none[] = {NULL};
	struct config *config = load(example, none, NULL);
	config_free(config);
	free(example);
}

/* The lines of the help are folded between words. */
static const char *first_word(const char *text, char *room, size_t size)
{
	(void)snprintf(room, size, "%.*s", (int)strcspn(text, " "), text);
	return room;
}

static void the_help_has_one_line_for_every_setting(void **state)
{
	(void)state;
	char *help = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&help, &size);
	assert_non_null(stream);
	config_help_settings(stream);
	assert_int_equal(fclose(stream), 0);
	size_t count;
	const struct setting *plain = settings_plain(&count);
	for (size_t i = 0; i < count; i++) {
		char line[64];
		(void)snprintf(line, sizeof line, "\n  %s = ", plain[i].key);
		CHECK_HOLDS(line, help, line);
		CHECK_HOLDS(line, help, first_word(plain[i].help, line, sizeof line));
	}
	free(help);
}

static void names_of_settings_are_derived(void **state)
{
	(void)state;
	size_t count;
	const struct setting *plain = settings_plain(&count);
	const struct setting *timeout = &plain[settings_find("wait", "timeout")];
	const struct setting *environment_row = &plain[settings_find("", "environment")];
	const struct setting *command =
		&settings_named(NAMED_STEP, &count)[settings_find_named(NAMED_STEP, "command")];
	autofree char *variable = setting_variable(timeout, NULL);
	autofree char *plain_variable = setting_variable(environment_row, NULL);
	autofree char *step_variable = setting_variable(command, "collect-static");
	autofree char *path = setting_path(timeout, NULL);
	autofree char *plain_path = setting_path(environment_row, NULL);
	autofree char *step_path = setting_path(command, "collect-static");
	assert_string_equal(variable, "TMINUS_WAIT_TIMEOUT");
	assert_string_equal(plain_variable, "TMINUS_ENVIRONMENT");
	assert_string_equal(step_variable, "TMINUS_STEP_COLLECT_STATIC_COMMAND");
	assert_string_equal(path, "wait.timeout");
	assert_string_equal(plain_path, "environment");
	assert_string_equal(step_path, "step.collect-static.command");
}

static void every_row_of_the_table_is_sound(void **state)
{
	(void)state;
	size_t count;
	const struct setting *plain = settings_plain(&count);
	for (size_t i = 0; i < count; i++) {
		autofree char *variable = setting_variable(&plain[i], NULL);
		CHECK_TRUE(variable, settings_find(plain[i].section, plain[i].key) == (int)i);
		CHECK_TRUE(variable, (plain[i].type == TYPE_CHOICE) == (plain[i].choices != NULL));
		CHECK_TRUE(variable, plain[i].help[strlen(plain[i].help) - 1] == '.');
		int index;
		if (plain[i].choices != NULL)
			CHECK_TRUE(variable,
				value_choice(plain[i].fallback, plain[i].choices, &index) == 0);
		for (size_t j = 0; j < i; j++) {
			autofree char *other = setting_variable(&plain[j], NULL);
			CHECK_TRUE(variable, strcmp(variable, other) != 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(every_value_is_shown_with_its_origin),
		IN_FOLDER(no_secret_is_in_the_json),
		cmocka_unit_test(text_becomes_a_json_string),
		IN_FOLDER(the_example_loads_and_changes_nothing),
		IN_FOLDER(the_defaults_in_the_example_are_understood),
		cmocka_unit_test(the_help_has_one_line_for_every_setting),
		cmocka_unit_test(names_of_settings_are_derived),
		cmocka_unit_test(every_row_of_the_table_is_sound),
	};
	return cmocka_run_group_tests_name("show", tests, NULL, NULL);
}
