#include "backup/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

#define CHECK_LIMIT 10000 /* ms */

#define QUOTED(name) "'\"' || replace(" name ", '\"', '\"\"') || '\"'"
#define IS_TABLE "type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "

/*
 * Table by table, for what the backup interface cannot do: some tables, or rows alone. The backup
 * is attached as source; each query gives statements, and all run in one transaction. kept: the
 * tables that stay as they are. got: the backup's tables but those. hit: those of them that are
 * here too. SQLite "The Schema Table"; "PRAGMA table_xinfo"
 */
static const char world[] = "got AS (SELECT name, sql FROM source.sqlite_master WHERE " IS_TABLE
			    "AND name COLLATE NOCASE NOT IN (SELECT name FROM kept)), "
			    "hit AS (SELECT name, (SELECT group_concat(" QUOTED(
				    "name") ", ', ') "
					    "FROM pragma_table_xinfo(got.name, 'source') WHERE "
					    "hidden = 0) AS columns FROM got "
					    "WHERE name COLLATE NOCASE IN (SELECT name FROM "
					    "main.sqlite_master WHERE " IS_TABLE ")) ";

static const char count_tables[] = "SELECT (SELECT count(*) FROM got), (SELECT count(*) FROM hit), "
				   "(SELECT count(*) FROM got WHERE sql LIKE 'CREATE VIRTUAL%')";

static const char drop_all[] = "SELECT 'DROP ' || type || ' main.' || " QUOTED(
	"name") " FROM main.sqlite_master "
		"WHERE type = 'view' OR (" IS_TABLE
		"AND name COLLATE NOCASE NOT IN (SELECT name FROM kept)) ORDER BY type = 'table'";

static const char create_tables[] = "SELECT sql FROM got";

static const char drop_triggers[] = "SELECT 'DROP TRIGGER main.' || " QUOTED(
	"name") " FROM main.sqlite_master "
		"WHERE type = 'trigger' AND tbl_name COLLATE NOCASE IN (SELECT name FROM hit)";

static const char create_triggers[] =
	"SELECT sql FROM main.sqlite_master "
	"WHERE type = 'trigger' AND tbl_name COLLATE NOCASE IN (SELECT name FROM hit)";

static const char delete_rows[] = "SELECT 'DELETE FROM main.' || " QUOTED("name") " FROM hit";

static const char insert_rows[] = "SELECT 'INSERT INTO main.' || " QUOTED(
	"name") " || ' (' || columns || ') SELECT ' || "
		"columns || ' FROM source.' || " QUOTED("name") " FROM hit";

/* Numbers that were given once are not given again. */
static const char set_sequences[] =
	"SELECT 'UPDATE main.sqlite_sequence SET seq = max(sqlite_sequence.seq, s.seq) FROM "
	"source.sqlite_sequence s WHERE s.name = sqlite_sequence.name AND s.name COLLATE NOCASE "
	"IN (SELECT name FROM main.sqlite_master)' FROM main.sqlite_master "
	"WHERE name = 'sqlite_sequence' "
	"AND EXISTS (SELECT 1 FROM source.sqlite_master WHERE name = 'sqlite_sequence')";

static const char create_rest[] =
	"SELECT sql FROM source.sqlite_master WHERE sql IS NOT NULL "
	"AND type IN ('index', 'view', 'trigger') AND (type = 'view' "
	"OR tbl_name COLLATE NOCASE NOT IN (SELECT name FROM kept)) "
	"ORDER BY CASE type WHEN 'index' THEN 1 WHEN 'view' THEN 2 ELSE 3 END";

/* --- the backup itself ----------------------------------------------------------------------- */

static int open_source(const struct restore *restore, struct session **session, struct error *error)
{
	struct failure failure = {0};
	struct database_url url = {.kind = DATABASE_SQLITE};
	const struct session_options options = {
		.level = WAIT_QUERY, .handshake_limit = CHECK_LIMIT};
	autofree char *path = memory_copy(restore->path);
	url.name = path;
	if (session_open(&url, &options, session, &failure) == 0)
		return 0;
	return error_set(error, STATUS_RESTORE, "%s", failure.message);
}

/* PRAGMA integrity_check: one row with "ok", or what is wrong. */
static int check_source(const struct restore *restore, struct session *source, struct error *error)
{
	struct rows rows = {0};
	struct failure failure = {0};
	int result = session_query(source, "PRAGMA integrity_check", &rows, &failure);
	if (result != 0)
		(void)error_set(error, STATUS_RESTORE, "%s", failure.message);
	else if (!text_equal(rows_value(&rows, 0, 0), "ok"))
		result = error_set(error, STATUS_RESTORE, "%s is damaged: %.200s", restore->path,
			rows_value(&rows, 0, 0));
	rows_clear(&rows);
	return result;
}

int restore_check_sqlite(struct restore *restore, struct error *error)
{
	struct session *source = NULL;
	if (open_source(restore, &source, error) != 0)
		return -1;
	int result = check_source(restore, source, error);
	session_close(source);
	return result;
}

/* --- table by table -------------------------------------------------------------------------- */

static int ask(
	const struct restore *restore, const char *what, struct rows *rows, struct error *error)
{
	struct text sql = {0};
	text_add(&sql, "WITH kept(name) AS (SELECT NULL WHERE 0");
	for (size_t i = 0; i < restore->kept.count; i++) {
		autofree char *name = session_literal(restore->session, restore->kept.items[i]);
		text_add_format(&sql, " UNION ALL SELECT %s", name);
	}
	text_add_format(&sql, "), %s%s", world, what);
	int result = restore_ask(restore, sql.bytes, rows, error);
	text_free(&sql);
	return result;
}

static int run_rows(const struct restore *restore, const struct rows *rows, struct error *error)
{
	for (size_t i = 0; i < rows_count(rows); i++) {
		if (restore_ask(restore, rows_value(rows, i, 0), NULL, error) != 0)
			return -1;
		restore->tick(restore->context);
	}
	return 0;
}

/* Runs the statements that a query gives. */
static int run(const struct restore *restore, const char *what, struct error *error)
{
	struct rows rows = {0};
	int result = ask(restore, what, &rows, error);
	if (result == 0)
		result = run_rows(restore, &rows, error);
	rows_clear(&rows);
	return result;
}

static int replace_all(const struct restore *restore, bool drops, struct error *error)
{
	if (drops && run(restore, drop_all, error) != 0)
		return -1;
	if (run(restore, create_tables, error) != 0 || run(restore, insert_rows, error) != 0 ||
		run(restore, set_sequences, error) != 0)
		return -1;
	return run(restore, create_rest, error);
}

/* The rows come as they were: triggers stand aside. */
static int replace_rows(const struct restore *restore, bool truncates, struct error *error)
{
	struct rows triggers = {0};
	int result = ask(restore, create_triggers, &triggers, error);
	if (result == 0)
		result = run(restore, drop_triggers, error);
	if (result == 0 && truncates)
		result = run(restore, delete_rows, error);
	if (result == 0)
		result = run(restore, insert_rows, error);
	if (result == 0)
		result = run(restore, set_sequences, error);
	if (result == 0)
		result = run_rows(restore, &triggers, error);
	rows_clear(&triggers);
	return result;
}

/* How many rows lack what their foreign keys name; -1 and error. */
static long long count_orphans(const struct restore *restore, struct error *error)
{
	struct rows rows = {0};
	if (restore_ask(restore, "PRAGMA main.foreign_key_check", &rows, error) != 0)
		return -1;
	long long count = (long long)rows_count(&rows);
	if (count > 0)
		(void)error_set(error, STATUS_RESTORE,
			"rows of table %s would lack the rows of table %s that they name",
			rows_value(&rows, 0, 0), rows_value(&rows, 0, 2));
	rows_clear(&rows);
	return count;
}

static int replace(struct restore *restore, struct error *error)
{
	struct rows rows = {0};
	if (ask(restore, count_tables, &rows, error) != 0)
		return -1;
	long long got = rows_number(&rows, 0, 0);
	long long hit = rows_number(&rows, 0, 1);
	bool has_virtual = rows_number(&rows, 0, 2) > 0;
	rows_clear(&rows);
	if (has_virtual)
		return error_set(error, STATUS_RESTORE,
			"virtual tables can only be restored with the whole database");
	if (restore->partial && hit != 0 && hit != got)
		return restore_mixed(restore, got, hit, error);
	restore_count(restore, restore->data_only ? hit : got);
	if (restore->data_only || (restore->partial && hit > 0))
		return replace_rows(restore, restore->truncate || restore->partial, error);
	return replace_all(restore, !restore->partial, error);
}

static int replace_in_transaction(struct restore *restore, struct error *error)
{
	if (restore_ask(restore, "BEGIN IMMEDIATE", NULL, error) != 0)
		return -1;
	struct error ignored;
	long long before = count_orphans(restore, error);
	int result = before < 0 ? -1 : replace(restore, error);
	if (result == 0 && count_orphans(restore, error) > before)
		result = -1;
	if (result == 0)
		result = restore_ask(restore, "COMMIT", NULL, error);
	if (result != 0)
		(void)restore_ask(restore, "ROLLBACK", NULL, &ignored);
	return result;
}

static int by_tables(struct restore *restore, struct error *error)
{
	autofree char *path = session_literal(restore->session, restore->path);
	struct text sql = {0};
	text_add_format(&sql, "ATTACH %s AS source", path);
	int result = restore_ask(restore, sql.bytes, NULL, error);
	text_free(&sql);
	return result == 0 ? replace_in_transaction(restore, error) : -1;
}

/* --- the whole ------------------------------------------------------------------------------- */

static long long ask_number(struct session *session, const char *sql)
{
	struct rows rows = {0};
	struct failure ignored;
	(void)session_query(session, sql, &rows, &ignored);
	long long number = rows_number(&rows, 0, 0);
	rows_clear(&rows);
	return number;
}

/* A database in WAL mode keeps its page size. "Online Backup API", sqlite3_backup_step() */
static bool can_copy(const struct restore *restore, struct session *source)
{
	static const char size[] = "PRAGMA page_size";
	return ask_number(source, size) == ask_number(restore->session, size) ||
	       ask_number(restore->session,
		       "SELECT journal_mode <> 'wal' FROM pragma_journal_mode") != 0;
}

static int copy(struct restore *restore, struct session *source, struct error *error)
{
	struct failure failure = {0};
	restore_count(
		restore, ask_number(source, "SELECT count(*) FROM sqlite_master WHERE " IS_TABLE));
	if (session_copy(source, restore->session, restore->tick, restore->context, &failure) == 0)
		return 0;
	return error_set(error, STATUS_RESTORE, "%s", failure.message);
}

static int apply(struct restore *restore, struct session *source, struct error *error)
{
	bool whole = restore->kept.count == 0 && !restore->partial && !restore->data_only;
	if (check_source(restore, source, error) != 0)
		return -1;
	/* Opens the file, if it was not there before. */
	if (restore_ask(restore, "PRAGMA schema_version", NULL, error) != 0)
		return -1;
	if (whole && can_copy(restore, source))
		return copy(restore, source, error);
	return by_tables(restore, error);
}

/* A database that is not there is made: empty at first. 1 when it was made. */
static int make_file(const struct restore *restore, struct error *error)
{
	int file = open(restore->url->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (file < 0 && errno == EEXIST)
		return 0;
	if (file < 0)
		return error_set_errno(
			error, STATUS_RESTORE, errno, "cannot create %s", restore->url->name);
	(void)close(file);
	return 1;
}

int restore_apply_sqlite(struct restore *restore, struct error *error)
{
	struct session *source = NULL;
	int made = make_file(restore, error);
	if (made < 0 || open_source(restore, &source, error) != 0)
		return -1;
	int result = apply(restore, source, error);
	session_close(source);
	if (result != 0 && made > 0)
		(void)unlink(restore->url->name);
	return result;
}
