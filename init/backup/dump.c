#include "backup/dump.h"

#include <stdlib.h>
#include <string.h>

#include "backup/tool.h"
#include "base/memory.h"
#include "base/text.h"
#include "config/words.h"
#include "database/query.h"
#include "process/exec.h"

static const struct dump_kind *const kinds[] = {
	[DATABASE_POSTGRES] = &dump_postgres,
	[DATABASE_MYSQL] = &dump_mysql,
	[DATABASE_SQLITE] = &dump_sqlite,
};

/* What is not told, because it takes the server too long, or because of rights, is no reason not to
 * back up. */
static void ask_name_and_size(struct dump *dump, const char *sql, long long *size)
{
	struct rows rows = {0};
	struct failure ignored;
	const char *name = dump->url->name;
	if (sql != NULL && session_query(dump->session, sql, &rows, &ignored) == 0) {
		name = rows_value(&rows, 0, 0);
		*size = rows_number(&rows, 0, 1);
	}
	manifest_set(dump->manifest, MANIFEST_DATABASE, name != NULL ? name : "");
	rows_clear(&rows);
}

static void note_tables(
	struct manifest *manifest, enum manifest_field field, const struct list *tables)
{
	struct text text = {0};
	for (size_t i = 0; i < tables->count; i++) {
		autofree char *quoted = words_item(tables->items[i]);
		text_add_format(&text, "%s%s", i > 0 ? ", " : "", quoted);
	}
	if (text.bytes != NULL)
		manifest_set(manifest, field, text.bytes);
	text_free(&text);
}

char *dump_identity(struct session *session, const struct database_url *url)
{
	struct rows rows = {0};
	struct failure ignored;
	char *path = url->kind == DATABASE_SQLITE && url->name != NULL ? realpath(url->name, NULL)
								       : NULL;
	if (path != NULL)
		return path;
	if (url->kind == DATABASE_POSTGRES)
		(void)session_query(session,
			"SELECT system_identifier FROM pg_catalog.pg_control_system()", &rows,
			&ignored);
	char *identity = memory_copy(rows_value(&rows, 0, 0));
	rows_clear(&rows);
	return identity;
}

int dump_prepare(struct dump *dump, long long *size, struct error *error)
{
	const struct dump_kind *kind = kinds[dump->url->kind];
	*size = 0;
	manifest_set(dump->manifest, MANIFEST_KIND, kind->name);
	if (dump->config->database_schema != NULL)
		manifest_set(dump->manifest, MANIFEST_SCHEMA, dump->config->database_schema);
	note_tables(dump->manifest, MANIFEST_TABLES, &dump->config->backup_tables);
	note_tables(dump->manifest, MANIFEST_EXCLUDE, &dump->config->backup_exclude);
	ask_name_and_size(dump, kind->size_query, size);
	return kind->prepare(dump, size, error);
}

int dump_write(struct dump *dump, struct error *error)
{
	return kinds[dump->url->kind]->write(dump, error);
}

int dump_find_tool(
	struct dump *dump, const char *const *programs, const char *install, struct error *error)
{
	char *const *environment = dump->environment.items;
	const struct list *given = &dump->config->backup_command;
	while (programs[1] != NULL && exec_look(programs[0], environment, error) != 0)
		programs++;
	tool_add_command(&dump->command, given, programs[0]);
	if (exec_look(dump->command.items[0], environment, error) != 0) {
		autofree char *why = memory_copy(error->message);
		return error_set(error, STATUS_BACKUP,
			"%s; install %s, or name the dump tool in backup.command", why, install);
	}
	autofree char *version = tool_version_of(&dump->command, environment, STATUS_BACKUP, error);
	if (version == NULL)
		return -1;
	manifest_set(dump->manifest, MANIFEST_TOOL, version);
	return 0;
}

void dump_close_session(struct dump *dump)
{
	session_close(dump->session);
	dump->session = NULL;
}

void dump_clear(struct dump *dump)
{
	list_clear(&dump->environment);
	list_clear(&dump->command);
	dump_close_session(dump);
}
