/*
 * Creating the database itself, where the server has none of its name.
 */
#ifndef TMINUS_DATABASE_CREATE_H
#define TMINUS_DATABASE_CREATE_H

#include <stdbool.h>

#include "database/session.h"

/* Does failure say that there is no database of this name? 3D000; MySQL 1049 */
bool database_is_missing(const struct failure *failure);

/* Creates the database of url, over a session on the server's own one (postgres; none on MySQL).
 * 0, also where somebody else has made it meanwhile; -1 and failure. Nothing for SQLite, whose
 * files tminus never makes. CREATE DATABASE */
int database_create(const struct database_url *url, const struct session_options *options,
	struct failure *failure);

#endif
