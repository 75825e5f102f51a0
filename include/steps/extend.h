/*
 * extend: the database's extensions (database.extensions) that are missing are created, and the
 * ledger says so. The lock is held, or there is none.
 */
#ifndef TMINUS_STEPS_EXTEND_H
#define TMINUS_STEPS_EXTEND_H

#include "steps/coordination.h"

/* In the order of the setting: one may need another. 0, or -1 and failure. */
int extend(struct coordination *all, struct failure *failure);

#endif
