/*
 * What tables a database holds, as far as migrations care.
 *
 * What an extension owns (PostGIS), the system's own and tminus's ledger are not counted.
 */
#ifndef TMINUS_DATABASE_CATALOG_H
#define TMINUS_DATABASE_CATALOG_H

#include <stdbool.h>
#include <stddef.h>

#include "database/query.h"

struct catalog {
	size_t version_tables;	/* tables of the version table's name, in all schemas */
	bool has_version_table; /* the one that an unqualified name, or schema, means */
	bool has_lock_table;
	bool has_ledger;
	size_t other_tables;
};

/* The names to look for. Borrowed; schema and lock_table may be NULL. */
struct catalog_names {
	const char *schema; /* PostgreSQL: where the tables are; NULL: the search path */
	const char *version_table;
	const char *lock_table;
};

/* Reads it, in one statement. 0, or -1 and failure. PostgreSQL manual 53.11, pg_class; MySQL manual
 * 28.3.38, TABLES; SQLite "The Schema Table" */
int catalog_read(struct session *session, const struct catalog_names *names,
	struct catalog *catalog, struct failure *failure);

/* Does failure say that there is no such table or view? 42P01; MySQL 1146; SQLite has one number
 * for all errors. */
bool catalog_misses_table(const struct failure *failure);

/* The name of a table of names->schema as this database's SQL writes it; the caller frees it. */
char *catalog_quoted(struct session *session, const struct catalog_names *names, const char *table);

#endif
