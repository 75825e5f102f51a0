#include "steps/precondition.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "database/catalog.h"

/* "audit.users" is a table of the schema audit on PostgreSQL, and elsewhere a name with a dot. */
static char *quoted(struct session *session, const char *schema, const char *table)
{
	const char *dot = strchr(table, '.');
	bool qualified = dot != NULL && session_kind(session) == DATABASE_POSTGRES;
	autofree char *own = qualified ? memory_copy_bytes(table, (size_t)(dot - table)) : NULL;
	const struct catalog_names names = {.schema = qualified ? own : schema};
	return catalog_quoted(session, &names, qualified ? dot + 1 : table);
}

/* 1 when the table has rows, 0 when it has none or is not there, which is told in room. */
static int has_rows(struct session *session, const char *schema, const char *table, char *room,
	size_t size, struct failure *failure)
{
	struct rows rows = {0};
	struct text sql = {0};
	autofree char *name = quoted(session, schema, table);
	text_add_format(&sql, "SELECT 1 FROM %s LIMIT 1", name);
	int result = session_query(session, sql.bytes, &rows, failure);
	size_t count = rows_count(&rows);
	text_free(&sql);
	rows_clear(&rows);
	if (result == 0)
		return count > 0 ? 1 : 0;
	if (!catalog_misses_table(failure))
		return -1;
	(void)snprintf(room, size, "there is no table %s", name);
	return 0;
}

/* Which right is missing, and what for. */
static void advise(const char *table, struct failure *failure)
{
	size_t used = strlen(failure->message);
	(void)snprintf(failure->message + used, sizeof failure->message - used,
		" (asked for the rows of %s, of seed.if_empty)", table);
}

int precondition_ask(const struct work *work, struct session *session, const char *schema,
	char *room, size_t size, struct failure *failure)
{
	const struct list *tables = work->if_empty;
	room[0] = '\0';
	if (work->unless_file != NULL && access(work->unless_file, F_OK) == 0) {
		(void)snprintf(
			room, size, "%s is there, nothing to %s", work->unless_file, work->kind);
		return 1;
	}
	for (size_t i = 0; tables != NULL && i < tables->count; i++) {
		int result = has_rows(session, schema, tables->items[i], room, size, failure);
		if (result < 0)
			advise(tables->items[i], failure);
		if (result > 0)
			(void)snprintf(room, size, "table %s has rows, nothing to %s",
				tables->items[i], work->kind);
		if (result != 0)
			return result;
	}
	return 0;
}
