/*
 * What tables a database holds, as far as migrations care.
 *
 * Sources: PostgreSQL manual 53.11, pg_class; MySQL manual 28.3.38, TABLES; SQLite "The Schema
 * Table".
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
};

/* The names to look for. Borrowed; schema and lock_table may be NULL. */
struct catalog_names {
	const char *schema; /* PostgreSQL: where the tables are; NULL: the search path */
	const char *version_table;
	const char *lock_table;
};

/* Reads it, in one statement. 0, or -1 and failure. */
int catalog_read(struct session *session, const struct catalog_names *names,
	struct catalog *catalog, struct failure *failure);

/* How many tables there are that names does not name: the user's, without what belongs to an
 * extension (PostGIS), to the system, or to tminus. 0, or -1 and failure. */
int catalog_count_others(struct session *session, const struct catalog_names *names, size_t *count,
	struct failure *failure);

/* Does failure say that there is no such table or view? 42P01; MySQL 1146; SQLite has one number
 * for all errors. */
bool catalog_misses_table(const struct failure *failure);

/* The name of a table of names->schema as this database's SQL writes it; the caller frees it. */
char *catalog_quoted(struct session *session, const struct catalog_names *names, const char *table);

#endif
