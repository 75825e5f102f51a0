/*
 * What the parts of the coordination share: the database's session, what was seen last, what is
 * told, and whether a failure is worth another try.
 *
 *   coordinate   the states, and the lock: who leads, who follows
 *   look         what state the database is in, with the tool's word where it must be asked
 *   remains      what a leader that is gone has left in the database
 *   record       what the ledger says of work
 *   extend       the database's extensions
 *   way_back     may a failed upgrade be taken back?
 *
 * coordinate.c makes and frees it. Each field that changes has its writer beside it; the others
 * read.
 */
#ifndef TMINUS_STEPS_COORDINATION_H
#define TMINUS_STEPS_COORDINATION_H

#include <stdbool.h>
#include <stdint.h>

#include "database/lock.h"
#include "database/session.h"
#include "steps/inspect.h"
#include "steps/pause.h"
#include "steps/watch.h"
#include "steps/work.h"

#define COORDINATION_TEXT 400 /* bytes of what is told */
#define COORDINATION_HOST 65

#define NO_SCHEMA "3F000" /* invalid_schema_name */

struct coordination {
	/* Given; the session, which is the keeper's, is closed and opened in coordination.c and
	 * look.c, and NULL between. */
	const struct keeper_job *job;
	int channel;
	struct session **session;
	const char *backups; /* backup.directory, absolute; NULL for none */
	char host[COORDINATION_HOST];

	/* coordination.c */
	struct pause pause;
	int64_t locked_since;  /* somebody keeps us from the SQLite file; CLOCK_NEVER otherwise */
	int64_t blocked_since; /* somebody else holds the lock; CLOCK_NEVER otherwise */
	int64_t told_at;
	char told[COORDINATION_TEXT];

	/* look.c; record.c adds to the ledger in it */
	struct inspection inspection;
	int64_t asked_at; /* the tool, last; 0: not yet */

	/* coordinate.c */
	struct lock *lock;  /* NULL: lock.enabled = no */
	bool leading;	    /* the lock is ours until it is released; it may be lost meanwhile */
	int64_t lost_since; /* our lock; CLOCK_NEVER while it is held */
	char spared[COORDINATION_HOST]; /* the boot of a leader that was given time to take its lock
					   again */
	bool went_back;			/* a restore may have brought an older ledger */
	struct watch watch;

	/* record.c */
	char *from; /* the revision before the work that was begun last; NULL before the first */
	bool unversioned; /* there were tables by then, and no revision */
	bool refuted;	  /* the upgrade said that all went well, and it did not */
};

/* Tells PID 1 why it is not over yet; what it knows already is told again after a while only.
 * status is what giving up now would mean, 0 where there is nothing to give up. */
void coordination_tell(struct coordination *all, int status, const char *text);

/* Tells PID 1 that it is over, and why. Returns -1. */
int coordination_refuse(const struct coordination *all, int status, const char *text);

void coordination_disconnect(struct coordination *all);

/* Opens the session where it is not. An SQLite file may have come, or be another one, since. 0, or
 * -1 and failure. */
int coordination_connect(struct coordination *all, struct failure *failure);

/* Sleeps until the next try, longer each time. As pause_for. */
int coordination_pause(struct coordination *all);

/* Something failed: 0 when it is worth another try, after a pause, -1 when it is over. */
int coordination_survive(struct coordination *all, const struct failure *failure);

/* The SQLite file could be had: whoever kept us from it does not any more. */
void coordination_unlocked(struct coordination *all);

/* Somebody else is at work, who is said. 0, or -1 when that lasts for longer than lock.timeout. */
int coordination_be_patient(struct coordination *all, const char *who);

/* Nobody else is any more. */
void coordination_unblocked(struct coordination *all);

#endif
