/*
 * Where a relative SQLite path is looked for.
 *
 * Flask-SQLAlchemy 3 resolves it in the app's instance folder, everything else in the working
 * folder. Only looks; nothing is ever created.
 */
#ifndef TMINUS_CONFIG_SQLITE_PATH_H
#define TMINUS_CONFIG_SQLITE_PATH_H

#include <stdbool.h>

enum sqlite_place {
	SQLITE_AS_GIVEN,  /* path, in the working folder (or absolute, or a file: URI) */
	SQLITE_INSTANCE,  /* instance/path */
	SQLITE_NEITHER,	  /* unknown: no such file yet; the app's tool creates it */
	SQLITE_AMBIGUOUS, /* unknown: both exist */
};

/* Looks from folder (NULL: the working folder); instance says whether instance/ is looked in. */
enum sqlite_place sqlite_place(const char *path, const char *folder, bool instance);

/* The path to open, which the caller frees; NULL when the place is unknown. A relative one stays
 * relative when folder is NULL. */
char *sqlite_path(const char *path, const char *folder, bool instance);

#endif
