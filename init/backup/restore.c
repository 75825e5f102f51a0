#include "backup/restore.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backup/tool.h"
#include "base/memory.h"
#include "database/query.h"

static const struct {
	int (*check)(struct restore *restore, struct error *error);
	int (*apply)(struct restore *restore, struct error *error);
} kinds[] = {
	[DATABASE_POSTGRES] = {restore_check_postgres, restore_apply_postgres},
	[DATABASE_MYSQL] = {restore_check_mysql, restore_apply_mysql},
	[DATABASE_SQLITE] = {restore_check_sqlite, restore_apply_sqlite},
};

int restore_check(struct restore *restore, struct error *error)
{
	return kinds[restore->url->kind].check(restore, error);
}

int restore_apply(struct restore *restore, struct error *error)
{
	return kinds[restore->url->kind].apply(restore, error);
}

int restore_ask(
	const struct restore *restore, const char *sql, struct rows *rows, struct error *error)
{
	struct failure failure = {0};
	if (session_query(restore->session, sql, rows, &failure) == 0)
		return 0;
	return error_set(error, STATUS_RESTORE, "%s", failure.message);
}

void restore_count(struct restore *restore, long long tables)
{
	(void)snprintf(restore->done, sizeof restore->done, "%lld table%s", tables,
		tables == 1 ? "" : "s");
}

int restore_mixed(
	const struct restore *restore, long long stored, long long there, struct error *error)
{
	return error_set(error, STATUS_RESTORE,
		"%s holds %lld tables, of which %lld are there: restore it where all are, or none",
		restore->path, stored, there);
}

/* Of the release whose dump tool backup.command names by its folder. */
char *restore_tool(const struct restore *restore, const char *program)
{
	const struct list *command = &restore->config->backup_command;
	const char *dump = command->count > 0 ? command->items[command->count - 1] : "";
	const char *slash = strrchr(dump, '/');
	struct text path = {0};
	if (slash != NULL)
		text_add_bytes(&path, dump, (size_t)(slash + 1 - dump));
	text_add(&path, program);
	if (slash != NULL && access(path.bytes, X_OK) != 0) {
		text_free(&path);
		text_add(&path, program);
	}
	return text_take(&path);
}

char *restore_tool_version(const struct restore *restore, const char *program, struct error *error)
{
	autofree char *tool = restore_tool(restore, program);
	return tool_version(tool, restore->config->environment.items, STATUS_RESTORE, error);
}
