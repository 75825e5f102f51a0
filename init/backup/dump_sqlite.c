/* SQLite: its own online backup, then the tables that are not wanted leave the copy. */
#include <errno.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>

#include "backup/dump.h"
#include "base/memory.h"
#include "base/text.h"
#include "database/catalog.h"

#define LIMIT 10000 /* ms */

static int tell(const struct failure *failure, struct error *error)
{
	return error_set(error, STATUS_BACKUP, "%s", failure->message);
}

/* "shop" of "instance/shop.db" */
static void name_database(struct dump *dump)
{
	autofree char *path = memory_copy(dump->url->name);
	char *name = basename(path);
	char *dot = strrchr(name, '.');
	if (dot != NULL && dot != name)
		*dot = '\0';
	manifest_set(dump->manifest, MANIFEST_DATABASE, name);
}

static int prepare(struct dump *dump, long long *size, struct error *error)
{
	struct stat status;
	if (stat(dump->url->name, &status) != 0)
		return error_set_errno(error, STATUS_BACKUP, errno,
			"%s: there is no database yet that could be backed up", dump->url->name);
	*size = status.st_size;
	name_database(dump);
	dump->suffix = ".sqlite3";
	manifest_set(dump->manifest, MANIFEST_FORMAT, FORMAT_SQLITE);
	manifest_set(dump->manifest, MANIFEST_TOOL, session_server(dump->session));
	return 0;
}

static bool holds(const struct list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (text_equal(list->items[i], name))
			return true;
	return false;
}

static int drop(struct session *copy, const char *table, struct failure *failure)
{
	static const struct catalog_names nowhere = {0};
	struct text sql = {0};
	autofree char *quoted = catalog_quoted(copy, &nowhere, table);
	text_add_format(&sql, "DROP TABLE %s", quoted);
	int result = session_query(copy, sql.bytes, NULL, failure);
	text_free(&sql);
	return result;
}

static int check_names(const struct list *wanted, const struct list *tables, struct error *error)
{
	for (size_t i = 0; i < wanted->count; i++)
		if (!holds(tables, wanted->items[i]))
			return error_set(error, STATUS_BACKUP,
				"backup.tables: there is no table \"%s\"", wanted->items[i]);
	return 0;
}

static int drop_others(const struct dump *dump, struct session *copy, struct error *error)
{
	const struct list *wanted = &dump->config->backup_tables;
	const struct list *exclude = &dump->config->backup_exclude;
	struct rows rows = {0};
	struct failure failure;
	if (wanted->count + exclude->count == 0)
		return 0;
	int result = session_query(copy,
		"SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE "
		"'sqlite\\_%' ESCAPE '\\'",
		&rows, &failure);
	if (result == 0 && check_names(wanted, &rows.values, error) != 0) {
		rows_clear(&rows);
		return -1;
	}
	for (size_t i = 0; result == 0 && i < rows.values.count; i++) {
		const char *table = rows.values.items[i];
		if ((wanted->count > 0 && !holds(wanted, table)) || holds(exclude, table))
			result = drop(copy, table, &failure);
	}
	if (result == 0)
		result = session_query(copy, "VACUUM", NULL, &failure);
	rows_clear(&rows);
	return result == 0 ? 0 : tell(&failure, error);
}

/* One file without a journal beside it; SQLite looks at every page, and every index. */
static int verify(const struct dump *dump, struct session *copy, struct error *error)
{
	struct rows rows = {0};
	struct failure failure;
	int result = session_query(copy, "PRAGMA journal_mode = DELETE", NULL, &failure);
	if (result == 0)
		result = session_query(copy, "PRAGMA integrity_check", &rows, &failure);
	if (result != 0)
		(void)tell(&failure, error);
	else if (!text_equal(rows_value(&rows, 0, 0), "ok"))
		result = error_set(
			error, STATUS_BACKUP, "the copy is damaged: %s", rows_value(&rows, 0, 0));
	manifest_set(dump->manifest, MANIFEST_VERIFIED, "PRAGMA integrity_check: ok");
	rows_clear(&rows);
	return result;
}

static int copy_into(const struct dump *dump, struct session *copy, struct error *error)
{
	struct failure failure;
	if (session_copy(dump->session, copy, dump->tick, dump->context, &failure) != 0)
		return tell(&failure, error);
	if (drop_others(dump, copy, error) != 0)
		return -1;
	return verify(dump, copy, error);
}

static int write_copy(struct dump *dump, struct error *error)
{
	struct database_url url = *dump->url;
	struct session *copy = NULL;
	struct failure failure;
	const struct session_options options = {.level = WAIT_QUERY,
		.writable = true,
		.connect_limit = LIMIT,
		.handshake_limit = LIMIT};
	autofree char *path = memory_copy(dump->path);
	url.name = path;
	if (session_open(&url, &options, &copy, &failure) != 0)
		return tell(&failure, error);
	int result = copy_into(dump, copy, error);
	session_close(copy);
	return result;
}

const struct dump_kind dump_sqlite = {
	.name = "sqlite",
	.prepare = prepare,
	.write = write_copy,
};
