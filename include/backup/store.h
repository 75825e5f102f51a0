/*
 * The store: the folder in which backups and their manifests lie.
 *
 * A backup is written under a temporary name that begins with a dot, is locked (flock(2)) as long
 * as somebody writes it, and gets its name only when it is complete and verified. Left-overs of
 * those who died are removed by the next one. Blocking: for forked children and commands.
 */
#ifndef TMINUS_BACKUP_STORE_H
#define TMINUS_BACKUP_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "backup/manifest.h"
#include "base/error.h"

/* One complete backup: there is the file, and its manifest. */
struct store_entry {
	char *path; /* of the backup, owned */
	struct manifest manifest;
};

/* A zeroed one is valid and empty; store_clear frees it. */
struct store {
	struct store_entry *entries; /* newest first */
	size_t count;
};

/* Can backups be written into directory (NULL: not configured)? It is there, can be written, and
 * does not go away with the container, which ephemeral allows. 0, or -1 and STATUS_BACKUP. */
int store_check(const char *directory, bool ephemeral, struct error *error);

/* Every complete backup in directory; what is incomplete is passed over. 0, or -1 and
 * STATUS_RESTORE where the folder cannot be read. */
int store_read(const char *directory, struct store *store, struct error *error);

/* The newest entry of the database at url (database_url_place, as in the manifest) whose boot is
 * boot; NULL for either means any. NULL when there is none. */
const struct store_entry *store_newest(
	const struct store *store, const char *url, const char *boot);

/* The entry whose file's name is name, or NULL. */
const struct store_entry *store_find(const struct store *store, const char *name);

/* Can both identities be of one database? One that is not known can. */
bool store_is_identity(const char *one, const char *other);

/* Was it made by a restore, of what was there before? */
bool store_is_safety(const struct store_entry *entry);

void store_clear(struct store *store);

/* A backup that is being written. */
struct store_file {
	char *directory;
	char *path;	/* the temporary name while it is written, then its own */
	int descriptor; /* open for writing and reading, locked, CLOEXEC */
};

/* Removes left-overs, and creates the temporary file of boot. 0, or -1 and STATUS_BACKUP. */
int store_begin(
	const char *directory, const char *boot, struct store_file *file, struct error *error);

/* The file is complete: fsync, size and SHA-256 into the manifest, its name DATABASE-TIME-REVISION
 * with suffix (".dump"), of what the manifest says, then the manifest itself. 0, or -1 and
 * STATUS_BACKUP, with nothing left. */
int store_finish(struct store_file *file, const char *suffix, struct manifest *manifest,
	struct error *error);

/* Removes what is still under a temporary name, and frees. */
void store_end(struct store_file *file);

/* Is there room for size bytes? 0, or -1 and STATUS_BACKUP. what says where the number comes from.
 * statvfs(3) */
int store_room(const char *directory, long long size, const char *what, struct error *error);

/* "12.3 MB" */
#define STORE_SIZE_TEXT 24
const char *store_size(long long size, char room[STORE_SIZE_TEXT]);

/* Deletes the oldest of what newest is one of, but not that, beyond keep (0: none at all), and the
 * oldest of what restores have made of the same database, which are counted by themselves; what was
 * renamed by hand is left alone and not counted, and what was made before the first of several
 * failed upgrades from one revision stays. The number of those deleted. */
size_t store_prune(const char *directory, const struct manifest *newest, size_t keep);

/* fsync(2) of the folder that path lies in. 0, or -1 and errno. */
int store_sync(const char *path);

/* SHA-256 of the whole file, and its size. 0, or -1 and errno. */
int store_digest(int descriptor, char digest[65], long long *size);

#endif
