/*
 * Knex: ./migrations, knex_migrations(name), knex_migrations_lock(is_locked).
 *
 * A version is a file's whole name. What counts is its extension (lib/migrations/common/
 * MigrationsLoader.js); a row without a file is an error to it ("The migration directory is
 * corrupt"), and so is a lock, even when nothing is pending (Migrator.js, latest and _runBatch).
 */
#include "migrations/knex.h"

#include <string.h>

#include "base/memory.h"
#include "migrations/configuration.h"
#include "migrations/knexfile.h"
#include "migrations/versioned.h"

#define DIRECTORY "migrations"
#define TABLE "knex_migrations"

/* The default loadExtensions; Node's path.extname sees none in ".js". */
static enum versioned_name classify(const char *name, char **version)
{
	static const char *const extensions[] = {
		".co", ".coffee", ".eg", ".iced", ".js", ".cjs", ".litcoffee", ".ls", ".ts", NULL};
	const char *dot = strrchr(name, '.');
	if (dot == NULL || dot == name)
		return VERSIONED_OTHER;
	for (size_t i = 0; extensions[i] != NULL; i++)
		if (text_equal(dot, extensions[i])) {
			*version = memory_copy(name);
			return VERSIONED_FILE;
		}
	return VERSIONED_OTHER;
}

static bool is_plain(const struct migrations_files *files, struct finding *finding)
{
	static const char *const paths[] = {"knexfile.js", "knexfile.cjs", "knexfile.mjs",
		"knexfile.ts", "knexfile.cts", "knexfile.mts", "knexfile.coffee", "knexfile.eg",
		"knexfile.ls", NULL};
	static const struct configuration_word words[] = {
		{"migrationSource", VOUCHER_NONE},
		{"loadExtensions", VOUCHER_NONE},
		{"disableMigrationsListValidation", VOUCHER_NONE},
		{"JSON.parse", VOUCHER_DIRECTORY | VOUCHER_TABLE},
		{"schemaName", VOUCHER_SCHEMA},
		{"searchPath", VOUCHER_SCHEMA},
		{NULL, VOUCHER_NONE},
	};
	static const struct configuration configuration = {.paths = paths,
		.comment = "//",
		.words = words,
		.directory = DIRECTORY,
		.check = knexfile_is_plain};
	size_t found = 0;
	if (!configuration_is_plain(&configuration, files, &found, finding))
		return false;
	if (found > 0 || (configuration_vouchers(&configuration, files) & VOUCHER_DIRECTORY) != 0)
		return true;
	(void)finding_set(finding, FINDING_UNKNOWN,
		"no knexfile is here, so the program itself says where the migrations are");
	finding_advise(finding, "say where they are: upgrade.migrations");
	return false;
}

static void inspect(const struct migrations_files *files, const struct migrations_state *state,
	struct finding *finding)
{
	static const struct versioned_tool tool = {
		.names = {.classify = classify, .compare = versioned_files_by_path},
		.table = TABLE,
		.upgrade = "knex migrate:latest",
		.stamp = "INSERT INTO " TABLE " (name, batch) VALUES ('FILE', 1), for each of them",
		.unlock = "knex migrate:unlock",
		.refuses_other_rows = true,
		.version_of_row = memory_copy,
		.is_plain = is_plain,
	};
	versioned_inspect(&tool, files, state, finding);
}

static const char *const commands[] = {"knex migrate:latest", NULL};

const struct migrations_reader knex_reader = {
	.tool = "knex",
	.directories = {DIRECTORY},
	.commands = commands,
	.version_table = TABLE,
	.version_column = "name",
	.lock_table = TABLE "_lock",
	.lock_column = "is_locked",
	.inspect = inspect,
};
