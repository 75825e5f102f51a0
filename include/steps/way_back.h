/*
 * The way back, after an upgrade or its verify that failed: may it be gone?
 *
 * The failed command's sessions must have ended, no other replica have upgraded since, nobody else
 * be connected; and for a rollback there must be a revision to go back to. Changes nothing but what
 * was seen last. The lock is held, or there is none; it is kept alive.
 */
#ifndef TMINUS_STEPS_WAY_BACK_H
#define TMINUS_STEPS_WAY_BACK_H

#include "steps/coordination.h"

/* 1 when the way back is free, 0 with the reason in room. */
int way_back_is_free(struct coordination *all, const struct work *work, char *room, size_t size);

#endif
