/*
 * The manifest: what is known of one backup, in FILE.manifest beside it.
 *
 * Lines of "key = value" that people read and tminus reads back; no password is ever in it. A
 * backup without one is none of ours, or is not complete.
 */
#ifndef TMINUS_BACKUP_MANIFEST_H
#define TMINUS_BACKUP_MANIFEST_H

#include <stddef.h>

#include "base/error.h"

#define MANIFEST_SUFFIX ".manifest"

enum manifest_field {
	MANIFEST_FILE,	   /* the backup's name, without its folder */
	MANIFEST_KIND,	   /* "postgres", "mysql" or "sqlite" */
	MANIFEST_SERVER,   /* "PostgreSQL 15.6" */
	MANIFEST_URL,	   /* where the database is, without role and password */
	MANIFEST_IDENTITY, /* what tells it from another one there, see dump_identity; "" */
	MANIFEST_DATABASE, /* its name */
	MANIFEST_SCHEMA,   /* database.schema; "" for all */
	MANIFEST_TOOL,	   /* what the tool says of its version */
	MANIFEST_FORMAT,   /* enum backup_format by name, see dump.h */
	MANIFEST_TABLES,   /* words (words.h) separated by commas; "" for all */
	MANIFEST_EXCLUDE,  /* likewise; "" for none */
	MANIFEST_REVISION, /* what the version table held; "" for nothing */
	MANIFEST_BOOT,	   /* TMINUS_BOOT_ID */
	MANIFEST_REASON,   /* "upgrade", "boot", "backup", "guard", "restore" */
	MANIFEST_HOST,	   /* the host name: the container */
	MANIFEST_TIME,	   /* when it was begun: "2026-11-21T16:01:02Z" */
	MANIFEST_SIZE,	   /* of the file, in bytes */
	MANIFEST_SHA256,   /* of the file: sha256sum(1) says the same */
	MANIFEST_VERIFIED, /* how it was verified after writing */
	MANIFEST_FIELDS
};

/* A zeroed one is valid and empty. */
struct manifest {
	char *fields[MANIFEST_FIELDS]; /* owned; NULL for "" */
};

/* The value, "" where there is none. Lives as long as it is not set again. */
const char *manifest_get(const struct manifest *manifest, enum manifest_field field);

/* The field's name in the file: "sha256". */
const char *manifest_name(enum manifest_field field);

/* Sets a copy of value, which becomes one line: control characters become blanks. */
void manifest_set(struct manifest *manifest, enum manifest_field field, const char *value);

/* Reads the manifest at path. 0, or -1 and STATUS_RESTORE, with a message that begins with path. */
int manifest_read(const char *path, struct manifest *manifest, struct error *error);

/* Writes it to path: a temporary name in the same folder, fsync(2), rename(2), fsync of the folder.
 * 0, or -1 and STATUS_BACKUP. */
int manifest_write(const char *path, const struct manifest *manifest, struct error *error);

void manifest_clear(struct manifest *manifest);

#endif
