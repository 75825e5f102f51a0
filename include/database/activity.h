/*
 * What else goes on in a database: who keeps a command from its lock, who is connected.
 *
 * For the keeper, on the session of the lock or its own. SQLite shows nothing of all this.
 * pg_stat_activity and pg_blocking_pids, PostgreSQL manual 27.2.3 and 9.27; MySQL manual,
 * information_schema PROCESSLIST
 */
#ifndef TMINUS_DATABASE_ACTIVITY_H
#define TMINUS_DATABASE_ACTIVITY_H

#include <stdbool.h>

#include "database/query.h"

/* A statement that waits for a lock. */
struct activity_block {
	char backend[24]; /* the server's process or connection that waits */
	char since[48];	  /* when its statement began: the same one or another */
	char reason[300]; /* who has the lock, since when, with what */
};

/* Is a statement of the sessions called name, or, where tools set no name, DDL of this role, kept
 * waiting? 1 with block filled, 0, or -1 and failure. */
int activity_blocked(struct session *session, const char *name, struct activity_block *block,
	struct failure *failure);

/* Cancels that statement; its session stays. 0, or -1 and failure. */
int activity_cancel(
	struct session *session, const struct activity_block *block, struct failure *failure);

/* Who hears who is waited for, again after each look; false ends the waiting. */
struct activity_ear {
	bool (*tell)(void *context, const char *who);
	void *context;
};

#define ACTIVITY_LEFT "waits for what may be left of a command that was killed: %s"

/* Who else is connected to this database, tminus itself and the sessions called name left out: 1
 * with them in room, 0 for nobody, -1 and failure. On MySQL sessions have no names: it is session
 * itself and who holds the lock that are left out. Looks several times: who comes and goes, as
 * other replicas do, does not count. Where all may be what a tool that was killed has left (on
 * PostgreSQL by its name, on MySQL because it is at a statement of this user's), ear is told, and a
 * minute is waited for its end. */
int activity_others(struct session *session, const char *name, const struct activity_ear *ear,
	char *room, size_t size, struct failure *failure);

#endif
