/*
 * The lock: of all replicas that start on one database, one alone works on it.
 *
 * Advisory, and taken by trying, never by waiting: who waits inside the server would stall CREATE
 * INDEX CONCURRENTLY. It has a session of its own, and goes with it: a holder that dies, or whose
 * network is cut, is out after LOCK_EXPIRES. For the keeper; sequential and blocking.
 *
 * PostgreSQL: pg_try_advisory_xact_lock in a transaction that is kept open, which is the one kind
 * that a pooler in transaction mode keeps on one server. MySQL: GET_LOCK. SQLite: flock(2) on a
 * file beside the database.
 */
#ifndef TMINUS_DATABASE_LOCK_H
#define TMINUS_DATABASE_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "config/url.h"
#include "database/session.h"

/* Milliseconds. The holder must call lock_beat this often; else the server ends its session. */
#define LOCK_BEAT 2000
#define LOCK_EXPIRES 8000

/* SQLite: a file may be in the working folder or in instance/. */
#define LOCK_FILES_MOST 2

/* SQL for the name of the lock on MySQL: names count for the whole server and have at most 64
 * characters. */
#define LOCK_MYSQL_NAME "CONCAT('tminus:', SHA2(COALESCE(DATABASE(), ''), 224))"

struct lock;

/* A lock on the database of url (borrowed), not taken yet; lock_free frees it. paths are those
 * where an SQLite file is or may turn up; each has a lock file beside it. Empty elsewhere. chosen:
 * url was named for the lock (lock.url), so that it is one node of a cluster, always the same. */
struct lock *lock_new(const struct database_url *url, const struct list *paths, bool chosen);

/* Tries to take it: 1 when it is held now, 0 when somebody else holds it, -1 and failure. Nothing
 * stays open unless it is held. PostgreSQL manual 9.27.10; MySQL manual 14.14; flock(2) */
int lock_try(struct lock *lock, struct failure *failure);

bool lock_is_held(const struct lock *lock);

/* Keeps a held lock alive. 0 when it is still held; -1 and failure when it is lost. */
int lock_beat(struct lock *lock, struct failure *failure);

/* Is a command of a holder that died still at work in the database of session; NULL: where the lock
 * is? name is what its sessions are called. 1 with what it does in room, 0 for nobody, -1 and
 * failure. The lock must be held.
 *
 * On PostgreSQL an idle session counts for a few seconds only: a pooler keeps it, with its name,
 * long after its client has gone. Commands that set no name, and all on MySQL, show by their DDL.
 * pg_stat_activity; information_schema.processlist */
int lock_survivor(struct lock *lock, struct session *session, const char *name, char *room,
	size_t size, struct failure *failure);

/* Gives it back, which is nothing when it is not held. */
void lock_release(struct lock *lock);

void lock_free(struct lock *lock); /* NULL is fine; releases */

#endif
