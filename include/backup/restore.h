/*
 * Putting a backup back into one kind of database.
 *
 * The file has been checked and the safety backup is made: see steps/restore.c, which holds the
 * table of what a failure leaves. Blocking: for a child that runs database tools and waits.
 */
#ifndef TMINUS_BACKUP_RESTORE_H
#define TMINUS_BACKUP_RESTORE_H

#include <stdbool.h>

#include "backup/manifest.h"
#include "base/error.h"
#include "base/text.h"
#include "config/config.h"
#include "database/query.h"
#include "database/session.h"

struct restore {
	const struct config *config;
	const struct database_url *url; /* SQLite: its name is the path that was found */
	struct session *session;	/* open on it */
	const char *path;		/* the backup */
	const struct manifest *manifest;
	struct list kept;			       /* tables that stay as they are */
	bool partial;				       /* the backup holds some tables only */
	bool data_only;				       /* rows into the tables that are there */
	bool truncate;				       /* these are emptied first */
	const char *safety;			       /* the safety backup, or NULL */
	const char *application;		       /* what the tools' sessions are called */
	const char *display;			       /* the database, for messages */
	const char *place;			       /* likewise, without its role */
	void (*tick)(void *context);		       /* now and then */
	void (*tell)(void *context, const char *text); /* what is worth a line */
	void *context;
	char done[200]; /* what was done: "12 tables" */
};

/* Can the tools read the backup, and are they there? Before anything is changed. 0, or -1. */
int restore_check(struct restore *restore, struct error *error);

/* 0, or -1 and STATUS_RESTORE. */
int restore_apply(struct restore *restore, struct error *error);

/* Is anybody else connected? Their number, as far as it is known, with a text that names them in
 * who; 0 for nobody, -1 and error. */
int restore_others(struct restore *restore, struct text *who, struct error *error);

/* How many other processes that can be seen have the SQLite file at path open; some are named in
 * who. proc(5) */
int restore_open_by(const char *path, struct text *who);

/* Runs a statement on the restore's session. 0, or -1 and error. */
int restore_ask(
	const struct restore *restore, const char *sql, struct rows *rows, struct error *error);

/* Says in done how many tables it were. */
void restore_count(struct restore *restore, long long tables);

/* A backup of some tables, of which only some are there. Always -1. */
int restore_mixed(
	const struct restore *restore, long long stored, long long there, struct error *error);

/* A file beside the backups that says what is under way, for databases that cannot roll it back;
 * and its end, with those that others left. 0, or -1. */
int restore_mark(const struct restore *restore, struct error *error);
void restore_unmark(const struct restore *restore);

/* What such a file says of the database at place (database_url_place), which the caller frees; NULL
 * when there is none. */
char *restore_unfinished(const char *directory, const char *place);

/* With the lock of session's database held: drops the scratch databases that restores which were
 * killed have left on a MySQL server. What is worth a line of it, which the caller frees, or NULL.
 */
char *restore_drop_scratch(struct session *session);

/* program with the folder that backup.command names, if it is there; the caller frees it. */
char *restore_tool(const struct restore *restore, const char *program);

/* What program says to --version; the caller frees it. NULL and error when it is not there. */
char *restore_tool_version(const struct restore *restore, const char *program, struct error *error);

/* Of each kind, in its own file. */
int restore_check_postgres(struct restore *restore, struct error *error);
int restore_apply_postgres(struct restore *restore, struct error *error);
int restore_check_mysql(struct restore *restore, struct error *error);
int restore_apply_mysql(struct restore *restore, struct error *error);
int restore_check_sqlite(struct restore *restore, struct error *error);
int restore_apply_sqlite(struct restore *restore, struct error *error);

#endif
