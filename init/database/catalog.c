#include "database/catalog.h"

#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "database/ledger.h"

/*
 * One statement for each kind of database, with $v, $l and $s for the names of version table, lock
 * table and schema as literals (an empty one for none) and $g for the ledger's. It gives one row:
 * version tables everywhere, version tables in the right place, lock tables there, ledgers. What
 * has none of these names is not looked at: with it, PostgreSQL needs three times as long.
 */
static const char *const named[] = {
	[DATABASE_POSTGRES] =
		"SELECT count(*) FILTER (WHERE relname = $v AND relkind <> 'v'), "
		"count(*) FILTER (WHERE relname = $v AND relkind <> 'v' AND here), "
		"count(*) FILTER (WHERE relname = $l AND relkind <> 'v' AND here), "
		"count(*) FILTER (WHERE relname = $g AND here) FROM (SELECT relname, relkind, "
		"CASE WHEN $s <> '' THEN relnamespace = (SELECT n.oid "
		"FROM pg_catalog.pg_namespace n WHERE n.nspname = $s) ELSE "
		"pg_catalog.pg_table_is_visible(oid) END AS here "
		"FROM pg_catalog.pg_class WHERE relname IN ($v, $l, $g) "
		"AND relkind IN ('r', 'p', 'f', 'v') AND relpersistence <> 't') t",
	[DATABASE_MYSQL] =
		"SELECT COALESCE(SUM(TABLE_NAME = $v), 0), COALESCE(SUM(TABLE_NAME = $v), 0), "
		"COALESCE(SUM(TABLE_NAME = $l), 0), COALESCE(SUM(TABLE_NAME = $g), 0) "
		"FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() "
		"AND TABLE_NAME IN ($v, $l, $g) AND $s = $s",
	[DATABASE_SQLITE] =
		"SELECT COALESCE(SUM(name = $v), 0), COALESCE(SUM(name = $v), 0), "
		"COALESCE(SUM(name = $l), 0), COALESCE(SUM(name = $g), 0) FROM sqlite_master "
		"WHERE type IN ('table', 'view') AND name IN ($v, $l, $g) AND $s = $s",
};

/* How many tables have another name, with the same letters. */
static const char *const others[] = {
	[DATABASE_POSTGRES] =
		"SELECT count(*) FROM pg_catalog.pg_class c "
		"JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
		"WHERE c.relkind IN ('r', 'p', 'f') AND n.nspname <> 'information_schema' "
		"AND n.nspname !~ '^pg_' AND c.relname NOT IN ($v, $l, $g) "
		"AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d "
		"WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass "
		"AND d.objid = c.oid AND d.deptype = 'e')",
	[DATABASE_MYSQL] =
		"SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() "
		"AND TABLE_NAME NOT IN ($v, $l, $g) AND TABLE_TYPE IN ('BASE TABLE', "
		"'SYSTEM VERSIONED')",
	[DATABASE_SQLITE] =
		("SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' "
		 "AND name NOT IN ($v, $l, $g) AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"),
};

static const char *name_of(const struct catalog_names *names, char letter)
{
	const char *name = letter == 'v'   ? names->version_table
			   : letter == 'l' ? names->lock_table
			   : letter == 's' ? names->schema
					   : LEDGER_VIEW;
	return name != NULL ? name : "";
}

/* One row into rows, which the caller clears. */
static int ask(struct session *session, const char *const *statements,
	const struct catalog_names *names, struct rows *rows, struct failure *failure)
{
	struct text sql = {0};
	for (const char *at = statements[session_kind(session)]; *at != '\0'; at++) {
		if (*at != '$') {
			text_add_byte(&sql, *at);
			continue;
		}
		autofree char *literal = session_literal(session, name_of(names, *++at));
		text_add(&sql, literal);
	}
	int result = session_query(session, sql.bytes, rows, failure);
	text_free(&sql);
	return result;
}

int catalog_read(struct session *session, const struct catalog_names *names,
	struct catalog *catalog, struct failure *failure)
{
	struct rows rows = {0};
	int result = ask(session, named, names, &rows, failure);
	*catalog = (struct catalog){
		.version_tables = (size_t)rows_number(&rows, 0, 0),
		.has_version_table = rows_number(&rows, 0, 1) > 0,
		.has_lock_table = rows_number(&rows, 0, 2) > 0,
		.has_ledger = rows_number(&rows, 0, 3) > 0,
	};
	rows_clear(&rows);
	return result;
}

int catalog_count_others(struct session *session, const struct catalog_names *names, size_t *count,
	struct failure *failure)
{
	struct rows rows = {0};
	int result = ask(session, others, names, &rows, failure);
	*count = (size_t)rows_number(&rows, 0, 0);
	rows_clear(&rows);
	return result;
}

bool catalog_misses_table(const struct failure *failure)
{
	return text_equal(failure->code, "42P01") || text_equal(failure->code, "1146") ||
	       strstr(failure->message, "no such table") != NULL;
}

/* Doubles the quote within the quotes. PostgreSQL manual 4.1.1; MySQL manual 11.2 */
static void add_quoted(struct text *text, char quote, const char *name)
{
	text_add_byte(text, quote);
	for (; *name != '\0'; name++) {
		if (*name == quote)
			text_add_byte(text, quote);
		text_add_byte(text, *name);
	}
	text_add_byte(text, quote);
}

char *catalog_quoted(struct session *session, const struct catalog_names *names, const char *table)
{
	struct text text = {0};
	bool is_mysql = session_kind(session) == DATABASE_MYSQL;
	if (names->schema != NULL && session_kind(session) == DATABASE_POSTGRES) {
		add_quoted(&text, '"', names->schema);
		text_add_byte(&text, '.');
	}
	add_quoted(&text, is_mysql ? '`' : '"', table);
	return text_take(&text);
}
