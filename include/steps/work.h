/*
 * Work: what one replica alone does, under the lock, and the ledger remembers.
 *
 * The plan makes these, PID 1 walks through them, the keeper decides which are due. What the
 * keeper needs is borrowed from PID 1's memory, of which it is a fork.
 */
#ifndef TMINUS_STEPS_WORK_H
#define TMINUS_STEPS_WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sha256.h"
#include "config/config.h"
#include "process/spawn.h"
#include "steps/wait.h"

#define WORK_MOST 64 /* the bits of a due mask */

/* Sessions of the commands of a boot are called this, with the boot's id behind it. */
#define APPLICATION_PREFIX "tminus-"

#define WORK_EXTENSION "extension" /* of the database: the keeper creates it */
#define WORK_STAMP "stamp"	   /* notes at which revision tables without a version are */
#define WORK_UPGRADE "upgrade"
#define WORK_SEED "seed"
#define WORK_STEP "step"
#define WORK_BACKUP "backup"
#define WORK_RESTORE "restore"
#define WORK_GUARD "guard"
#define WORK_JOB "job"

enum work_when {
	WORK_PENDING,	  /* as the migrations' state says */
	WORK_MISSING,	  /* extensions are */
	WORK_UNVERSIONED, /* there are tables, and no version table */
	WORK_CHANGES,	  /* the same, where there is something that the upgrade changes */
	WORK_ALWAYS,
	WORK_ONCE,    /* the ledger does not know it as finished */
	WORK_CHANGED, /* nor with this digest */
	WORK_LATER,   /* nor with this or a later one: digests are times */
};

struct work {
	const char *kind; /* WORK_UPGRADE, WORK_SEED, WORK_STEP ... */
	const char *name; /* of a step; "" for the rest */
	enum work_when when;
	char digest[SHA256_TEXT]; /* of command and watched files; of a job the time of the run */
	const struct list *if_empty; /* nothing to do where one of these tables has rows; or NULL */
	const char *unless_file;     /* or where this file is; or NULL */
};

/* What the keeper is to do. */
struct keeper_job {
	struct wait_job wait;
	const struct config *config;
	const struct work *works;
	size_t work_count;
	const struct command *check; /* upgrade.check; NULL: none */
	const char *boot_id;	     /* of this boot, in the ledger */
	bool looks_at_once; /* nothing runs between the wait and the look at the migrations */
};

/* What the sessions of a boot's commands are called, as PGAPPNAME tells PostgreSQL:
 * "tminus-BOOTID". Returns room. */
#define WORK_SESSION_SIZE 64
const char *work_session_name(const char *boot_id, char room[static WORK_SESSION_SIZE]);

/* "upgrade, seed, step search": those of works whose bit is in due, cut at size bytes. Returns
 * room. */
const char *work_names(
	const struct work *works, size_t count, uint64_t due, char *room, size_t size);

/* Does that kind of work leave the migrations as they are? */
bool work_leaves_migrations(const char *kind);

/* Is it done at somebody's request, so that no start begins it anew? */
bool work_is_asked_for(const char *kind);

/* Is what its command waits for in the database worth watching? */
bool work_is_watched(const char *kind);

/* Must a restore have reached its end before it? */
bool work_needs_whole(const char *kind);

/* Is one of that kind among those of works whose bit is in due? */
bool work_kind_is_due(const struct work *works, size_t count, uint64_t due, const char *kind);

static inline uint64_t work_bit(size_t work)
{
	return (uint64_t)1 << work;
}

#endif
