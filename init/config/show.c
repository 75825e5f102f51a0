#include "config/show.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/signal_name.h"
#include "config/given.h"
#include "config/json.h"
#include "config/settings.h"
#include "config/value.h"

#define MASK "********"
#define VALUE_WIDTH_MAX 48 /* longer values push their origin to the right */

struct row {
	char *name;
	char *value; /* NULL: not set */
	char *origin;
};

struct table {
	struct row *rows;
	size_t count;
};

static void add_row(struct table *table, char *name, char *value, const char *origin)
{
	table->rows = memory_resized(table->rows, table->count + 1, sizeof *table->rows);
	table->rows[table->count++] = (struct row){name, value, memory_copy(origin)};
}

static void free_table(struct table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		free(table->rows[i].name);
		free(table->rows[i].value);
		free(table->rows[i].origin);
	}
	free(table->rows);
}

/* The length of the word at text: blanks in quotes belong to it. */
static size_t word_length(const char *text)
{
	char quote = '\0';
	size_t length = 0;
	for (; text[length] != '\0'; length++) {
		char byte = text[length];
		if (quote == '\0' && strchr(" \t\r\n", byte) != NULL)
			break;
		if (byte == '\\' && quote != '\'' && text[length + 1] != '\0')
			length++;
		else if (byte == quote)
			quote = '\0';
		else if (quote == '\0' && (byte == '"' || byte == '\''))
			quote = byte;
	}
	return length;
}

/* A command's or list's text on one line, with the passwords of the URLs in it masked. */
static char *masked_words(const char *text)
{
	struct text line = {0};
	while (*text != '\0') {
		size_t blanks = strspn(text, " \t\r\n");
		if (blanks > 0 && line.length > 0 && text[blanks] != '\0')
			text_add_byte(&line, ' ');
		text += blanks;
		size_t length = word_length(text);
		autofree char *word = memory_copy_bytes(text, length);
		autofree char *masked = url_masked(word);
		text_add(&line, masked);
		text += length;
	}
	return text_take(&line);
}

/* Words as they were given, not as they were expanded: that may have brought a secret in. */
static char *words_text(const struct setting *setting, const struct given *given)
{
	const char *text = given->text != NULL ? given->text : setting->fallback;
	if (text == NULL)
		return NULL;
	return given->source == SOURCE_FILE ? memory_copy(MASK) : masked_words(text);
}

char *config_command_text(const struct config *config, const char *section, const char *key)
{
	size_t count;
	const struct setting *plain = settings_plain(&count);
	char *text = words_text(
		&plain[settings_find(section, key)], origins_plain(config->origins, section, key));
	return text != NULL ? text : memory_copy("");
}

char *config_named_text(
	const struct config *config, enum named_kind kind, size_t index, const char *name)
{
	size_t count;
	int key = settings_find_named(kind, name);
	const struct setting *keys = settings_named(kind, &count);
	char *text = words_text(&keys[key], &config->origins->named[kind].items[index].keys[key]);
	return text != NULL ? text : memory_copy("");
}

static char *string_text(const char *value)
{
	return value != NULL ? memory_copy(value) : NULL;
}

/* The value of a setting in structure as text for the table; NULL when it is not set. */
static char *value_text(
	const struct setting *setting, const struct given *given, const void *structure)
{
	const void *field = (const char *)structure + setting->offset;
	const char *string = NULL;
	int64_t number = 0;
	char room[64];
	if (setting->type == TYPE_STRING || setting->type == TYPE_SECRET ||
		setting->type == TYPE_URL || setting->type == TYPE_CONDITION)
		memcpy(&string, field, sizeof string);
	if (setting->type == TYPE_DURATION || setting->type == TYPE_SIZE ||
		setting->type == TYPE_INTEGER)
		memcpy(&number, field, sizeof number);
	switch (setting->type) {
	case TYPE_STRING:
	case TYPE_CONDITION:
		return string_text(string);
	case TYPE_SECRET:
		return string != NULL ? memory_copy(MASK) : NULL;
	case TYPE_URL:
		return string != NULL ? url_masked(string) : NULL;
	case TYPE_USER:
	case TYPE_GROUP:
	case TYPE_MASK:
	case TYPE_MODE:
	case TYPE_LIMITS:
	case TYPE_EXITS:
	case TYPE_SCHEDULE:
	case TYPE_LIST:
	case TYPE_COMMAND:
		return words_text(setting, given);
	case TYPE_DURATION:
		return memory_copy(value_duration_text(number, room, sizeof room));
	case TYPE_SIZE:
	case TYPE_INTEGER:
		if (number < 0)
			return NULL;
		(void)snprintf(room, sizeof room, "%" PRId64, number);
		return memory_copy(room);
	case TYPE_BOOLEAN:
		return memory_copy(*(const bool *)field ? "yes" : "no");
	case TYPE_SIGNAL:
		return memory_copy(signal_name(*(const int *)field, room, sizeof room));
	case TYPE_CHOICE:
		return memory_copy(value_choice_name(
			setting->choices, *(const int *)field, room, sizeof room));
	}
	return NULL;
}

static void add_setting(struct table *table, const struct setting *setting,
	const struct given *given, const char *name, const void *structure)
{
	const char *origin = given->origin != NULL ? given->origin : "default";
	bool is_path = text_starts_with(origin, "--set ");
	add_row(table, setting_path(setting, name), value_text(setting, given, structure),
		is_path ? "--set" : origin);
}

static void add_named(struct table *table, const struct config *config, enum named_kind kind)
{
	size_t count;
	const struct setting *keys = settings_named(kind, &count);
	const struct given_sections *sections = &config->origins->named[kind];
	for (size_t i = 0; i < sections->count; i++)
		for (size_t key = 0; key < count; key++)
			add_setting(table, &keys[key], &sections->items[i].keys[key],
				sections->items[i].name, config_named(config, kind, i));
}

/* The variables of [env] and env_file, with their values as they stand in tminus.ini. What an
 * env_file or the environment holds may be a secret, and so may what has such a name. */
static bool is_secret(const struct given_variable *variable)
{
	static const char *const words[] = {
		"PASSWORD", "PASSWD", "SECRET", "TOKEN", "KEY", "CREDENTIAL", NULL};
	for (size_t i = 0; words[i] != NULL; i++)
		if (strstr(variable->name, words[i]) != NULL)
			return true;
	return variable->text == NULL;
}

static char *variable_path(const struct given_variable *variable)
{
	struct text path = {0};
	text_add_format(&path, "env.%s", variable->name);
	return text_take(&path);
}

static void add_variables(struct table *table, const struct origins *origins)
{
	const struct given_variables *set = &origins->variables;
	for (size_t i = 0; i < set->count; i++) {
		const struct given_variable *variable = &set->items[i];
		add_row(table, variable_path(variable),
			is_secret(variable) ? memory_copy(MASK) : masked_words(variable->text),
			variable->origin);
	}
	for (size_t i = 0; i < origins->rows.count; i++) {
		const struct given_variable *row = &origins->rows.items[i];
		if (given_variable_find(set, row->name) == NULL)
			add_row(table, variable_path(row), memory_copy(MASK), "environment");
	}
}

static struct table settings_table(const struct config *config)
{
	struct table table = {0};
	size_t count;
	const struct setting *plain = settings_plain(&count);
	for (size_t i = 0; i < count; i++)
		add_setting(&table, &plain[i], &config->origins->plain[i], NULL, config);
	for (enum named_kind kind = 0; kind < NAMED_KINDS; kind++)
		add_named(&table, config, kind);
	add_variables(&table, config->origins);
	return table;
}

static const char *ordered_name(const struct config *config, const struct ordered_step *ordered)
{
	static const char *const builtins[] = {
		[ORDERED_WAIT] = "wait", [ORDERED_UPGRADE] = "upgrade", [ORDERED_SEED] = "seed"};
	return ordered->kind == ORDERED_STEP ? config->steps[ordered->step].name
					     : builtins[ordered->kind];
}

static char *given_text(const struct given *given)
{
	if (given->text != NULL && given->source == SOURCE_FILE)
		return memory_copy(MASK);
	return masked_words(given->text != NULL ? given->text : "");
}

/* The setting that the app comes from; NULL: the command line. */
static const struct given *app_given(const struct config *config)
{
	const struct given_section *roles = config->origins->named[NAMED_ROLE].items;
	if (config->role != NULL && config->role->command.count > 0)
		return &roles[config->role - config->roles]
				.keys[settings_find_named(NAMED_ROLE, "command")];
	return config->origins->app != NULL ? NULL
					    : origins_plain(config->origins, "app", "command");
}

char *config_app_text(const struct config *config)
{
	struct text text = {0};
	const struct given *prefix = origins_plain(config->origins, "app", "prefix");
	const struct given *given = app_given(config);
	if (config->app.count == 0)
		return NULL;
	autofree char *before = given_text(prefix);
	autofree char *command =
		given != NULL ? given_text(given) : masked_words(config->origins->app);
	if (before[0] != '\0' && !config->unmatched)
		text_add_format(&text, "%s ", before);
	text_add(&text, command);
	return text_take(&text);
}

const char *config_app_origin(const struct config *config)
{
	const struct given *given = app_given(config);
	if (given == NULL)
		return "command line";
	return given->origin != NULL ? given->origin : "default";
}

static const char *role_origin(const struct config *config)
{
	return config->role_name != NULL ? origins_plain(config->origins, "", "role")->origin
					 : config->role->origin;
}

static int width_of(const struct table *table, bool of_value)
{
	int width = 0;
	for (size_t i = 0; i < table->count; i++) {
		const char *text = of_value ? table->rows[i].value : table->rows[i].name;
		int length = text != NULL ? (int)strlen(text) : 1;
		if (length > width && (!of_value || length <= VALUE_WIDTH_MAX))
			width = length;
	}
	return width;
}

/* Control characters would break the table, or move the terminal's cursor. */
static void flatten(char *text)
{
	for (; text != NULL && *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = ' ';
}

static void show_rows(const struct table *table, FILE *stream)
{
	int name = width_of(table, false);
	int value = width_of(table, true);
	(void)fprintf(stream, "%-*s  %-*s  %s\n", name, "SETTING", value, "VALUE", "FROM");
	for (size_t i = 0; i < table->count; i++) {
		const struct row *row = &table->rows[i];
		flatten(row->value);
		(void)fprintf(stream, "%-*s  %-*s  %s\n", name, row->name, value,
			row->value != NULL ? row->value : "-", row->origin);
	}
}

static void show_summary(const struct config *config, FILE *stream)
{
	(void)fprintf(stream, "\nfile      %s\n", config->file != NULL ? config->file : "none");
	if (config->preset_reason != NULL)
		(void)fprintf(stream, "preset    %s\n", config->preset_reason);
	autofree char *database =
		config->database != NULL ? database_url_display(config->database) : NULL;
	flatten(database);
	if (database != NULL)
		(void)fprintf(stream, "database  %s  (%s)\n", database, config->database->origin);
	else
		(void)fputs("database  none\n", stream);
	if (config->role != NULL)
		(void)fprintf(
			stream, "role      %s  (%s)\n", config->role->name, role_origin(config));
	(void)fputs("order     ", stream);
	for (size_t i = 0; i < config->order_count; i++)
		(void)fprintf(
			stream, "%s%s", i > 0 ? ", " : "", ordered_name(config, &config->order[i]));
	autofree char *app = config_app_text(config);
	flatten(app);
	if (app != NULL)
		(void)fprintf(stream, "\napp       %s  (%s)\n", app, config_app_origin(config));
	else
		(void)fputs("\napp       none\n", stream);
}

static void show_pair(FILE *stream, const char *key, const char *value, const char *end)
{
	json_string(stream, key);
	(void)fputs(": ", stream);
	json_string(stream, value);
	(void)fputs(end, stream);
}

static void show_json_settings(const struct table *table, FILE *stream)
{
	(void)fputs("\"settings\": {", stream);
	for (size_t i = 0; i < table->count; i++) {
		(void)fputs(i > 0 ? ",\n  " : "\n  ", stream);
		json_string(stream, table->rows[i].name);
		(void)fputs(": {", stream);
		show_pair(stream, "value", table->rows[i].value, ", ");
		show_pair(stream, "from", table->rows[i].origin, "}");
	}
	(void)fputs("\n},\n", stream);
}

static void show_json(const struct config *config, const struct table *table, FILE *stream)
{
	autofree char *app = config_app_text(config);
	autofree char *database =
		config->database != NULL ? database_url_display(config->database) : NULL;
	(void)fputs("{\n", stream);
	show_pair(stream, "file", config->file, ",\n");
	show_pair(stream, "preset_reason", config->preset_reason, ",\n");
	show_pair(stream, "database", database, ",\n");
	show_pair(stream, "app", app, ",\n");
	if (config->role_count > 0)
		show_pair(stream, "role", config->role != NULL ? config->role->name : NULL, ",\n");
	show_json_settings(table, stream);
	(void)fputs("\"order\": [", stream);
	for (size_t i = 0; i < config->order_count; i++) {
		(void)fputs(i > 0 ? ", " : "", stream);
		json_string(stream, ordered_name(config, &config->order[i]));
	}
	(void)fputs("]\n}\n", stream);
}

void config_show(const struct config *config, FILE *stream, bool json)
{
	struct table table = settings_table(config);
	if (json) {
		show_json(config, &table, stream);
	} else {
		show_rows(&table, stream);
		show_summary(config, stream);
	}
	free_table(&table);
}
