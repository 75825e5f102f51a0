/*
 * PostgreSQL's extensions: which of those that are wanted a database lacks, and their creation.
 */
#ifndef TMINUS_DATABASE_EXTENSIONS_H
#define TMINUS_DATABASE_EXTENSIONS_H

#include "database/query.h"

/* Those of wanted that the database of session lacks, into missing, in their order. 0, or -1 and
 * failure. PostgreSQL manual 53.22, pg_extension */
int extensions_missing(struct session *session, const struct list *wanted, struct list *missing,
	struct failure *failure);

/* Creates one that is missing. 0, or -1 and failure, which says what is to be done where the role
 * may not, or the server does not have it. CREATE EXTENSION */
int extension_create(struct session *session, const struct database_url *url, const char *name,
	struct failure *failure);

#endif
