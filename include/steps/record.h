/*
 * What the ledger says of work: that it has begun, how it ended, and what became of work whose
 * boot is gone. The lock is held, or there is none.
 */
#ifndef TMINUS_STEPS_RECORD_H
#define TMINUS_STEPS_RECORD_H

#include "steps/coordination.h"

/* Writes down that work begins, or that there is nothing to do: then reason (COORDINATION_TEXT)
 * says why; it is "" otherwise. 0, or -1 and failure. */
int record_begin(
	struct coordination *all, const struct work *work, char *reason, struct failure *failure);

/* Looks, and writes down how work has ended. 0, or -1 and failure: VERDICT_REFUSE where another
 * replica has begun it since. */
int record_end(
	struct coordination *all, const struct work *work, bool well, struct failure *failure);

/* An entry for work in the ledger that was seen last, not written yet. It lives until the next. */
struct ledger_entry *record_add(
	struct coordination *all, const struct work *work, const char *state);

/* Writes the ledger as it is now. 0, or -1 and failure, which names the ledger. */
int record_write(struct coordination *all, struct failure *failure);

/* Is it still ours: has nobody else begun that work, the lock being somebody else's for a while? */
bool record_is_ours(const struct coordination *all, const struct work *work);

/* The revision that was seen last, "" for none. */
const char *record_revision(const struct coordination *all);

/* Into room, "" for nothing: the command has said that all went well, and the database does not
 * look like it; or it failed where the tables are older than the version table, or where DDL cannot
 * be rolled back. */
void record_doubt(const struct coordination *all, const struct work *work, bool well, char *room,
	size_t size);

#endif
