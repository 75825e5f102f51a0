/*
 * Statements on an open session, and the rows that they give.
 *
 * Values are text, as the server prints them. One statement at a time, by the simple protocol: a
 * pooler in transaction mode cannot keep prepared statements.
 */
#ifndef TMINUS_DATABASE_QUERY_H
#define TMINUS_DATABASE_QUERY_H

#include <stddef.h>

#include "base/text.h"
#include "database/session.h"

/* A zeroed one is valid and empty. */
struct rows {
	struct list values; /* row by row; SQL's NULL is "" */
	size_t columns;
};

size_t rows_count(const struct rows *rows);

/* The value, "" where there is none. Lives as long as rows. */
const char *rows_value(const struct rows *rows, size_t row, size_t column);
long long rows_number(const struct rows *rows, size_t row, size_t column); /* 0 for no number */

void rows_clear(struct rows *rows);

/* Runs one statement; rows, which may be NULL, gets what it gives in place of what it held. 0, or
 * -1 and failure, whose code is the server's: failure.h. */
int session_query(
	struct session *session, const char *sql, struct rows *rows, struct failure *failure);

/* text as a literal of this database's SQL, quotes included; the caller frees it. */
char *session_literal(struct session *session, const char *text);

/* Which database it is. */
enum database_kind session_kind(const struct session *session);

/* The server's process that serves it, as the login was told; a pooler says another number than
 * pg_backend_pid(). 0 where nothing is said. */
int session_backend(const struct session *session);

#endif
