/*
 * The wait step in a child: probe one target again and again until it can be used.
 *
 * Runs in the keeper (the database) and in one forked child for each other target, because a
 * resolver blocks. PID 1 holds the time limit: wait.timeout ends these children, whatever they hang
 * in.
 */
#ifndef TMINUS_STEPS_WAIT_H
#define TMINUS_STEPS_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "database/session.h"

struct project_ahead;

struct wait_job {
	const char *target;		     /* as configured: for probes */
	const struct database_url *database; /* the target when it is a database, else NULL */
	enum wait_level level;
	bool writable;
	bool create;	    /* the database, where there is none of its name */
	const char *folder; /* where relative paths of the URL begin; NULL: here */
	bool instance;	    /* look for them in instance/ too */
	int64_t grace;	    /* ms that a refusal is retried */
	int64_t stable;	    /* ms that it must stay usable */
};

/* Waits, and tells over channel: MESSAGE_PROGRESS whenever the reason is another one, at the end
 * MESSAGE_READY or MESSAGE_REFUSED. Reads ahead while the server answers, where ahead is not NULL.
 * At level query *session is the open session, which the caller closes; else NULL. 0 when ready, -1
 * when refused or when the parent has closed the channel. */
int wait_for(const struct wait_job *job, int channel, struct project_ahead *ahead,
	struct session **session);

/* Opens a session for job once more, without waiting. 0, or -1 and failure. */
int wait_open(const struct wait_job *job, struct session **session, struct failure *failure);

/* The same for a question that can be done without: everything in it within a second or two. */
int wait_glance(const struct wait_job *job, struct session **session, struct failure *failure);

/* Where the file of an SQLite database is, or, while there is none, may turn up; from the working
 * folder. Nothing for any other kind. */
void wait_sqlite_paths(const struct wait_job *job, struct list *paths);

/* Every place where it may be for a replica that starts now or later: what a lock must cover. */
void wait_lock_paths(const struct wait_job *job, struct list *paths);

/* For spawn_child: context is a struct wait_job. 0 when ready, else the exit status. */
int wait_child(void *context, int channel);

#endif
