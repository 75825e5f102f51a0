/* PostgreSQL: pg_dump in its custom format, and pg_restore, which must be able to read it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/dump.h"
#include "backup/tool.h"
#include "base/memory.h"
#include "base/text.h"
#include "database/catalog.h"

#define DUMP "pg_dump"
#define RESTORE "pg_restore"
#define COMPRESSES 10 /* a custom dump has no indexes either */

/* 15 of "PostgreSQL 15.6" and of "pg_dump (PostgreSQL) 15.18 (Debian ...)"; 0 for none. */
static int major(const char *version)
{
	const char *number = strpbrk(version, "0123456789");
	return number != NULL ? (int)strtol(number, NULL, 10) : 0;
}

/* pg_dump refuses a newer server, but says so only once it runs. pg_dump(1), "Notes" */
static int check_version(const struct dump *dump, int server, struct error *error)
{
	const char *tool = manifest_get(dump->manifest, MANIFEST_TOOL);
	if (major(tool) >= server || major(tool) == 0)
		return 0;
	return error_set(error, STATUS_BACKUP,
		"%s cannot dump %s: it is older; install postgresql-client-%d, or name a newer one "
		"in backup.command (/usr/lib/postgresql/%d/bin/pg_dump)",
		tool, manifest_get(dump->manifest, MANIFEST_SERVER), server, server);
}

static int prepare(struct dump *dump, long long *size, struct error *error)
{
	static const char *const programs[] = {DUMP, NULL};
	char install[40];
	int server = major(manifest_get(dump->manifest, MANIFEST_SERVER));
	(void)snprintf(install, sizeof install, "postgresql-client-%d", server);
	if (dump_find_tool(dump, programs, install, error) != 0)
		return -1;
	dump->suffix = ".dump";
	manifest_set(dump->manifest, MANIFEST_FORMAT, FORMAT_PG_CUSTOM);
	if (dump->config->backup_compress)
		*size /= COMPRESSES;
	return check_version(dump, server, error);
}

/* Within quotes a pattern stands for itself. A table is one of database.schema, unless it says
 * another: schema.table. psql(1), "Patterns" */
static void add_table(
	const struct dump *dump, struct list *argv, const char *option, const char *table)
{
	struct text pattern = {0};
	const char *dot = strchr(table, '.');
	autofree char *schema =
		dot != NULL ? memory_copy_bytes(table, (size_t)(dot - table)) : NULL;
	const struct catalog_names names = {
		.schema = dot != NULL ? schema : dump->config->database_schema};
	autofree char *quoted =
		catalog_quoted(dump->session, &names, dot != NULL ? dot + 1 : table);
	text_add_format(&pattern, "%s%s", option, quoted);
	list_append_owned(argv, text_take(&pattern));
}

static void add_tables(const struct dump *dump, struct list *argv)
{
	const struct config *config = dump->config;
	for (size_t i = 0; i < config->backup_tables.count; i++)
		add_table(dump, argv, "--table=", config->backup_tables.items[i]);
	for (size_t i = 0; i < config->backup_exclude.count; i++)
		add_table(dump, argv, "--exclude-table=", config->backup_exclude.items[i]);
	if (config->database_schema == NULL || config->backup_tables.count > 0)
		return;
	static const struct catalog_names nowhere = {0};
	struct text pattern = {0};
	autofree char *quoted = catalog_quoted(dump->session, &nowhere, config->database_schema);
	text_add_format(&pattern, "--schema=%s", quoted);
	list_append_owned(argv, text_take(&pattern));
}

/* --- verifying ------------------------------------------------------------------------------- */

/* The lines of pg_restore --list, as they come in. */
struct listing {
	struct text line;
	int tables;
};

static void take_listing(void *context, const char *bytes, size_t length)
{
	struct listing *listing = context;
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] != '\n') {
			text_add_byte(&listing->line, bytes[i]);
			continue;
		}
		if (listing->line.bytes != NULL && strstr(listing->line.bytes, " TABLE DATA "))
			listing->tables++;
		text_free(&listing->line);
	}
}

static int verify(const struct dump *dump, struct error *error)
{
	char verified[64];
	struct listing listing = {0};
	struct list argv = {0};
	list_append_owned(&argv, tool_beside(&dump->command, RESTORE));
	list_append(&argv, "--list");
	list_append(&argv, dump->path);
	const struct tool_run run = {.tools = {argv.items},
		.environment = dump->environment.items,
		.input = -1,
		.output = -1,
		.secret = -1,
		.take = take_listing,
		.context = &listing};
	int result = tool_run(&run, STATUS_BACKUP, error);
	(void)snprintf(
		verified, sizeof verified, RESTORE " --list: data of %d tables", listing.tables);
	manifest_set(dump->manifest, MANIFEST_VERIFIED, verified);
	text_free(&listing.line);
	list_clear(&argv);
	return result;
}

static int write_dump(struct dump *dump, struct error *error)
{
	struct list argv = {0};
	autofree char *options = session_tool_options(dump->url);
	tool_add_command(&argv, &dump->command, DUMP);
	list_append(&argv, "--format=custom");
	list_append(&argv, "--no-password");
	list_append(&argv, "--strict-names"); /* or a table that is not there would be left out */
	if (!dump->config->backup_compress)
		list_append(&argv, "--compress=0");
	add_tables(dump, &argv);
	list_append(&argv, "--dbname");
	list_append(&argv, options);
	dump_close_session(dump);
	const struct tool_run run = {.tools = {argv.items},
		.environment = dump->environment.items,
		.input = -1,
		.output = dump->descriptor,
		.secret = -1,
		.tick = dump->tick,
		.context = dump->context};
	int result = tool_run(&run, STATUS_BACKUP, error);
	list_clear(&argv);
	return result == 0 ? verify(dump, error) : -1;
}

const struct dump_kind dump_postgres = {
	.name = "postgres",
	.size_query = "SELECT pg_catalog.current_database(), "
		      "pg_catalog.pg_database_size(pg_catalog.current_database())",
	.prepare = prepare,
	.write = write_dump,
};
