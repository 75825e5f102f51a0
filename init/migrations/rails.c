/*
 * Rails, Active Record 5 to 8: db/migrate and the folders in it, [0-9]*_*.rb,
 * schema_migrations(version).
 *
 * It compares versions as numbers, so 001 is 1, and ignores rows without a file ("NO FILE"). A name
 * that its glob finds but its pattern refuses, two files of one version and two of one class name
 * are errors to it. (activerecord/lib/active_record/migration.rb, MigrationContext and Migrator)
 */
#include "migrations/rails.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "migrations/configuration.h"
#include "migrations/versioned.h"

#define DIRECTORY "db/migrate"
#define TABLE "schema_migrations"
#define DIGITS "0123456789"
#define NAME_BYTES "_abcdefghijklmnopqrstuvwxyz" DIGITS

/* A number without the zeros in front; the caller frees it. */
static char *number(const char *digits, size_t length)
{
	size_t zeros = strspn(digits, "0");
	if (zeros >= length)
		zeros = length - 1;
	return memory_copy_bytes(digits + zeros, length - zeros);
}

/* [0-9]*_*.rb */
static bool is_globbed(const char *name, size_t length)
{
	return isdigit((unsigned char)name[0]) && length > 4 &&
	       text_equal(name + length - 3, ".rb") && memchr(name, '_', length - 3) != NULL;
}

/* \A([0-9]+)_([_a-z0-9]*)\.?([_a-z0-9]*)?\.rb\z, behind the digits and without the ".rb" */
static bool is_named_well(const char *name, const char *end)
{
	if (*name != '_')
		return false;
	name += strspn(name, NAME_BYTES);
	if (name < end && *name == '.')
		name += 1 + strspn(name + 1, NAME_BYTES);
	return name >= end;
}

static enum versioned_name classify(const char *name, char **version)
{
	size_t length = strlen(name);
	if (!is_globbed(name, length))
		return VERSIONED_OTHER;
	size_t digits = strspn(name, DIGITS);
	if (!is_named_well(name + digits, name + length - 3))
		return VERSIONED_ILLEGAL;
	*version = number(name, digits);
	return VERSIONED_FILE;
}

static char *version_of_row(const char *row)
{
	size_t length = strlen(row);
	if (length == 0 || strspn(row, DIGITS) != length)
		return NULL;
	return number(row, length);
}

static int by_version(const void *one, const void *other)
{
	const char *first = ((const struct versioned_file *)one)->version;
	const char *second = ((const struct versioned_file *)other)->version;
	size_t lengths[] = {strlen(first), strlen(second)};
	if (lengths[0] != lengths[1])
		return lengths[0] < lengths[1] ? -1 : 1;
	int order = strcmp(first, second);
	return order != 0 ? order : versioned_files_by_path(one, other);
}

/* "20240101_add_users.scope.rb" -> "AddUsers", as camelize does. */
static char *class_name(const struct versioned_file *file)
{
	const char *byte = text_last_part(file->path);
	struct text name = {0};
	for (byte += strspn(byte, DIGITS); *byte != '.'; byte++) {
		int letter = byte[-1] == '_' ? toupper((unsigned char)*byte) : *byte;
		if (letter != '_')
			text_add_byte(&name, (char)letter);
	}
	return text_take(&name);
}

static char *version(const struct versioned_file *file)
{
	return memory_copy(file->version);
}

static bool is_sound(const struct migrations_files *files, const struct versioned_files *versions,
	struct finding *finding)
{
	return versioned_keys_differ(files, versions, "version", version, finding) &&
	       versioned_keys_differ(files, versions, "class name", class_name, finding);
}

/* Does a line of YAML say "key: {"? */
static bool opens_brace(const char *line, size_t length)
{
	const char *colon = memchr(line, ':', length);
	return colon != NULL && colon[1 + strspn(colon + 1, " \t")] == '{';
}

/* Where a line of YAML stands. */
struct level {
	size_t indent; /* of the line before, that of "variables:" for the lines below it */
	bool variables;
};

/* Below an environment's own keys there is a third level only where each key is a database, or in
 * "variables:". */
static bool is_third_level(struct level *level, const char *line, size_t length)
{
	size_t indent = strspn(line, " ");
	bool deeper = level->indent > 0 && indent > level->indent;
	if (opens_brace(line, length) || (deeper && !level->variables))
		return true;
	if (!deeper)
		*level = (struct level){.indent = indent,
			.variables = text_starts_with(line + indent, "variables:")};
	return false;
}

/* Is there more in a line than blanks and ERB? */
static bool is_yaml(const char *line)
{
	line += strspn(line, " ");
	return strchr("\r\n", *line) == NULL && !text_starts_with(line, "<%");
}

static bool has_third_level(const char *code)
{
	struct level level = {0};
	for (const char *line = code; *line != '\0';) {
		size_t length = strcspn(line, "\n");
		if (is_yaml(line) && is_third_level(&level, line, length))
			return true;
		line += length + (line[length] == '\n');
	}
	return false;
}

static bool has_one_database(const struct configuration_file *file, struct finding *finding)
{
	return !text_equal(file->path, "config/database.yml") || !has_third_level(file->code) ||
	       configuration_doubt(file, "several databases", finding);
}

/* With VERSION it goes up or down to that version, and with one that is no number it fails. */
static bool goes_to_the_newest(struct finding *finding)
{
	const char *version = getenv("VERSION");
	if (version == NULL || *version == '\0')
		return true;
	(void)finding_set(finding, FINDING_UNKNOWN,
		"VERSION=%s in the environment tells Rails which version to migrate to", version);
	finding_advise(finding, "unset VERSION");
	return false;
}

static bool is_plain(const struct migrations_files *files, struct finding *finding)
{
	static const char *const paths[] = {"config/database.yml", "config/application.rb",
		"config/environment.rb", "config/environments", "config/initializers", NULL};
	/* Engines and packs in the project add theirs to its paths. */
	static const char *const others[] = {"*/db/migrate", "*/*/db/migrate", NULL};
	static const struct configuration_word words[] = {
		{"config/database", VOUCHER_NONE},
		{"migrations_path", VOUCHER_DIRECTORY},
		{"db/migrate", VOUCHER_DIRECTORY},
		{"table_name_prefix", VOUCHER_TABLE},
		{"table_name_suffix", VOUCHER_TABLE},
		{"schema_migrations_table_name", VOUCHER_TABLE},
		{"schema_search_path", VOUCHER_SCHEMA},
		{NULL, VOUCHER_NONE},
	};
	static const struct configuration configuration = {.paths = paths,
		.others = others,
		.comment = "#",
		.words = words,
		.directory = DIRECTORY,
		.check = has_one_database};
	return goes_to_the_newest(finding) &&
	       configuration_is_plain(&configuration, files, NULL, finding);
}

static void inspect(const struct migrations_files *files, const struct migrations_state *state,
	struct finding *finding)
{
	static const struct versioned_tool tool = {
		.names = {.subfolders = true, .classify = classify, .compare = by_version},
		.table = TABLE,
		.upgrade = "bin/rails db:migrate",
		.stamp = "INSERT INTO " TABLE " (version) VALUES ('VERSION'), for each of them",
		.version_of_row = version_of_row,
		.is_plain = is_plain,
		.is_sound = is_sound,
	};
	versioned_inspect(&tool, files, state, finding);
}

static const char *const commands[] = {"rails db:migrate", "rake db:migrate", NULL};

const struct migrations_reader rails_reader = {
	.tool = "rails",
	.directories = {DIRECTORY},
	.commands = commands,
	.version_table = TABLE,
	.version_column = "version",
	.inspect = inspect,
};
