/*
 * A dump: one database into one file, by pg_dump, by mariadb-dump or mysqldump, or by SQLite's
 * online backup; and the proof that it can be read back.
 *
 * One row for each kind of database. Knows nothing of folders and names: store.h does.
 */
#ifndef TMINUS_BACKUP_DUMP_H
#define TMINUS_BACKUP_DUMP_H

#include "backup/manifest.h"
#include "base/error.h"
#include "config/config.h"
#include "database/session.h"

struct dump {
	const struct config *config;
	const struct database_url *url; /* of SQLite, with the path where the file is */
	struct session *session;	/* open; dump_write may close it: NULL then */
	struct list environment;	/* of the tools, with the password where it belongs */
	struct manifest *manifest;	/* gets tool, format, tables, exclude, verified */
	const char *path;		/* the file to write, which is there and empty */
	int descriptor;
	void (*tick)(void *context); /* now and then */
	void *context;
	const char *suffix;  /* by dump_prepare: ".dump", ".sql.gz" ... */
	struct list command; /* the tool's first words, by dump_prepare */
};

/* MANIFEST_FORMAT */
#define FORMAT_PG_CUSTOM "pg-custom" /* for pg_restore */
#define FORMAT_SQL "sql"	     /* for mariadb or mysql */
#define FORMAT_SQL_GZIP "sql-gzip"   /* the same through gzip */
#define FORMAT_SQLITE "sqlite"	     /* a database file */

/* Finds out the database's name and size, and whether there is a tool that can do it: all that is
 * to be known before anything is written. *size is in bytes as the dump will need, 0 for unknown.
 * 0, or -1 and STATUS_BACKUP. */
int dump_prepare(struct dump *dump, long long *size, struct error *error);

/* Writes it and verifies it. As above. */
int dump_write(struct dump *dump, struct error *error);

void dump_clear(struct dump *dump);

/* The rows, one file each. */
struct dump_kind {
	const char *name;	/* MANIFEST_KIND */
	const char *size_query; /* gives name and size of the database; NULL: prepare finds out */
	int (*prepare)(struct dump *dump, long long *size, struct error *error);
	int (*write)(struct dump *dump, struct error *error);
};
/* What tells session's server from another one at the same address, which the caller frees: two
 * projects may each have a host "db" and one folder for backups. PostgreSQL: the cluster's system
 * identifier; SQLite: where the file of url is; MySQL's belong to a node, and not to what is in it:
 * "". PostgreSQL manual 9.27.12, pg_control_system */
char *dump_identity(struct session *session, const struct database_url *url);

extern const struct dump_kind dump_postgres;
extern const struct dump_kind dump_mysql;
extern const struct dump_kind dump_sqlite;

/* What they share: the tool's command, which is backup.command or the first of programs that is
 * there, and its version, in the manifest. install says how to get it. */
int dump_find_tool(
	struct dump *dump, const char *const *programs, const char *install, struct error *error);

/* The session, which nobody needs while a tool runs. */
void dump_close_session(struct dump *dump);

#endif
