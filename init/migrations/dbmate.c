/*
 * dbmate 2.x: ./db/migrations, ^(\d+).*\.sql$, schema_migrations(version).
 *
 * It compares versions as text, so 1 is not 01; it passes over folders and ignores rows without a
 * file. (pkg/dbmate/db.go, FindMigrations; https://github.com/amacneil/dbmate)
 */
#include "migrations/dbmate.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "migrations/configuration.h"
#include "migrations/versioned.h"

#define DIRECTORY "db/migrations"
#define TABLE "schema_migrations"

static enum versioned_name classify(const char *name, char **version)
{
	size_t digits = strspn(name, "0123456789");
	size_t length = strlen(name);
	if (digits == 0 || length < digits + 4 || strcmp(name + length - 4, ".sql") != 0)
		return VERSIONED_OTHER;
	if (strchr(name, '\n') != NULL) /* which "." in its pattern does not match */
		return VERSIONED_OTHER;
	*version = memory_copy_bytes(name, digits);
	return VERSIONED_FILE;
}

/* The second insert of one version fails, and once the first is there both look applied. */
static char *pending_version(const struct versioned_file *file)
{
	return file->applied ? NULL : memory_copy(file->version);
}

/* DBMATE_STRICT; strconv.ParseBool */
static bool is_strict(void)
{
	const char *value = getenv("DBMATE_STRICT");
	return value != NULL && *value != '\0' && strchr("0fF", *value) == NULL;
}

static const struct versioned_file *first_pending(const struct versioned_files *versions)
{
	for (size_t i = 0; i < versions->count; i++)
		if (!versions->items[i].applied)
			return &versions->items[i];
	return NULL;
}

static const struct versioned_file *highest_applied(const struct versioned_files *versions)
{
	const struct versioned_file *highest = NULL;
	for (size_t i = 0; i < versions->count; i++) {
		const struct versioned_file *file = &versions->items[i];
		if (file->applied &&
			(highest == NULL || strcmp(highest->version, file->version) < 0))
			highest = file;
	}
	return highest;
}

static bool is_in_order(const struct migrations_files *files,
	const struct versioned_files *versions, struct finding *finding)
{
	const struct versioned_file *pending = first_pending(versions);
	const struct versioned_file *applied = highest_applied(versions);
	if (!is_strict() || pending == NULL || applied == NULL ||
		strcmp(pending->version, applied->version) > 0)
		return true;
	(void)finding_set(finding, FINDING_BROKEN,
		"%s: %s is not applied, but %s behind it is, which DBMATE_STRICT refuses",
		files->directory, pending->path, applied->path);
	finding_advise(finding, "give %s a version above %s, or unset DBMATE_STRICT", pending->path,
		applied->version);
	return false;
}

static bool is_sound(const struct migrations_files *files, const struct versioned_files *versions,
	struct finding *finding)
{
	return versioned_keys_differ(files, versions, "version", pending_version, finding) &&
	       is_in_order(files, versions, finding);
}

static bool doubt_variable(const char *name, const char *value, struct finding *finding)
{
	(void)finding_set(finding, FINDING_UNKNOWN,
		"%s=%s is not where the migrations are looked for", name, value);
	finding_advise(finding, "say the same in upgrade.migrations and upgrade.version_table");
	return false;
}

static bool variables_are_plain(const struct migrations_files *files, struct finding *finding)
{
	const char *directory = getenv("DBMATE_MIGRATIONS_DIR");
	const char *table = getenv("DBMATE_MIGRATIONS_TABLE");
	if (directory != NULL && !configuration_same_folder(directory, files->directory))
		return doubt_variable("DBMATE_MIGRATIONS_DIR", directory, finding);
	if (table != NULL && !text_equal(table, TABLE) && !files->version_table_is_set)
		return doubt_variable("DBMATE_MIGRATIONS_TABLE", table, finding);
	return true;
}

static bool is_plain(const struct migrations_files *files, struct finding *finding)
{
	static const char *const paths[] = {".env", NULL};
	static const struct configuration_word words[] = {
		{"DBMATE_MIGRATIONS_DIR", VOUCHER_DIRECTORY},
		{"DBMATE_MIGRATIONS_TABLE", VOUCHER_TABLE},
		{"DBMATE_STRICT", VOUCHER_NONE},
		{NULL, VOUCHER_NONE},
	};
	static const struct configuration configuration = {
		.paths = paths, .comment = "#", .words = words, .directory = DIRECTORY};
	return variables_are_plain(files, finding) &&
	       configuration_is_plain(&configuration, files, NULL, finding);
}

static void inspect(const struct migrations_files *files, const struct migrations_state *state,
	struct finding *finding)
{
	static const struct versioned_tool tool = {
		.names = {.passes_folders = true,
			.classify = classify,
			.compare = versioned_files_by_path},
		.table = TABLE,
		.upgrade = "dbmate up",
		.stamp = "INSERT INTO " TABLE " (version) VALUES ('VERSION'), for each of them",
		.version_of_row = memory_copy,
		.is_plain = is_plain,
		.is_sound = is_sound,
	};
	versioned_inspect(&tool, files, state, finding);
}

static const char *const commands[] = {"dbmate up", "dbmate migrate", "dbmate --wait up",
	"dbmate --no-dump-schema up", "dbmate --no-dump-schema migrate", NULL};

const struct migrations_reader dbmate_reader = {
	.tool = "dbmate",
	.directories = {DIRECTORY},
	.commands = commands,
	.version_table = TABLE,
	.version_column = "version",
	.inspect = inspect,
};
