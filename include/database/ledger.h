/*
 * The ledger: what tminus itself has done in this database, kept in the database, so that it goes
 * with it and comes back with a restore.
 *
 * A view of literal rows, tminus_ledger, on every kind of database: reflection does not list it, so
 * that no ORM's autogenerate proposes to drop it, and dumps carry it. It is replaced as a whole,
 * under the lock (lock.h); reading needs none. Short: the last LEDGER_KEEPS entries, and the newest
 * of each kind and name.
 */
#ifndef TMINUS_DATABASE_LEDGER_H
#define TMINUS_DATABASE_LEDGER_H

#include <stdbool.h>
#include <stddef.h>

#include "database/query.h"

#define LEDGER_VIEW "tminus_ledger"
#define LEDGER_KEEPS 50

#define LEDGER_BEGUN "begun"
#define LEDGER_FINISHED "finished"
#define LEDGER_FAILED "failed"
#define LEDGER_PASSED "passed" /* there was nothing to do: as good as finished */

/* One piece of work. Texts are owned by the ledger, never NULL. */
struct ledger_entry {
	char *kind;   /* "upgrade", "seed", "step", "trust" */
	char *name;   /* of a step; "" for the rest */
	char *state;  /* LEDGER_BEGUN, LEDGER_FINISHED, LEDGER_FAILED or LEDGER_PASSED */
	char *digest; /* of what was done: command and watched files; "" for none */
	char *from;   /* revisions before and after, separated by blanks */
	char *to;
	char *boot; /* TMINUS_BOOT_ID of who did it */
	char *host; /* its host name: the container */
	char *at;   /* "2026-11-21T09:18:00Z" */
};

/* A zeroed one is valid and empty. Entries in the order in which they were written. */
struct ledger {
	struct ledger_entry *entries;
	size_t count;
};

/* Reads it; one that was never written is empty. view is LEDGER_VIEW as SQL, with its schema where
 * one is configured: apps that share a database have a ledger each. 0, or -1 and failure. */
int ledger_read(
	struct session *session, const char *view, struct ledger *ledger, struct failure *failure);

/* Adds an entry behind the last, with the time of now; the rest is "" until ledger_set. An entry of
 * the same kind, name and boot that was begun is ended by it: one entry for each piece of work. The
 * result lives until the ledger is changed again. */
struct ledger_entry *ledger_add(struct ledger *ledger, const char *kind, const char *name,
	const char *state, const char *boot);

/* Puts a copy of text into a field of an entry, in place of what it held. */
void ledger_set(char **field, const char *text);

/* Writes all of it. The lock must be held. 0, or -1 and failure. */
int ledger_write(struct session *session, const char *view, const struct ledger *ledger,
	struct failure *failure);

/* The newest entry of kind and name, or NULL. */
const struct ledger_entry *ledger_find(
	const struct ledger *ledger, const char *kind, const char *name);

bool ledger_is(const struct ledger_entry *entry, const char *state);

void ledger_clear(struct ledger *ledger);

#endif
