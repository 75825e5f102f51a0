#include "backup/restore.h"

#include <stdio.h>
#include <string.h>

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

char *restore_tool(const struct restore *restore, const char *program)
{
	return tool_beside(&restore->config->backup_command, program);
}

char *restore_tool_version(const struct restore *restore, const char *program, struct error *error)
{
	autofree char *tool = restore_tool(restore, program);
	return tool_version(tool, restore->config->environment.items, STATUS_RESTORE, error);
}
