/*
 * What a leader that is gone has left: sessions of its commands that are still at work, a restore
 * that did not reach its end. The lock is held, or there is none.
 */
#ifndef TMINUS_STEPS_REMAINS_H
#define TMINUS_STEPS_REMAINS_H

#include "steps/coordination.h"

/* The work that a leader began and did not end: it has died, or its network has. An entry of the
 * ledger that was seen last, or NULL. */
const struct ledger_entry *remains_begun(const struct coordination *all);

/* The lock of a leader that died is free before its command's session has ended. 1 when nobody is
 * left, 0 to begin again, -1 when it is over. */
int remains_outlive(struct coordination *all, const struct ledger_entry *begun);

/* What our own failed command left in the server must have ended. 0, or -1 with room filled. */
int remains_outlive_own(struct coordination *all, char *room, size_t size);

/* Drops the scratch database of a restore that is gone, and says so. */
void remains_drop_scratch(struct coordination *all);

/* What a restore that was killed has left; NULL for nothing, or where that does not matter: to
 * those who put it right. The caller frees it. */
char *remains_wreck(const struct coordination *all);

#endif
