/*
 * look: what state the database is in, seen anew: inspect, with the tool's own word (upgrade.check)
 * where the migrations cannot be read.
 *
 * Fills coordination's inspection. The lock's heartbeat goes on while the tool runs.
 */
#ifndef TMINUS_STEPS_LOOK_H
#define TMINUS_STEPS_LOOK_H

#include "steps/coordination.h"

/* Looks at everything anew; alone as of inspect. 1, 0 when it was not possible now, -1 when it is
 * over. */
int look(struct coordination *all, bool alone);

/* Behind work. The state refuses: that is for the next start to say, what was read is read. 0, or
 * -1 and failure. */
int look_again(struct coordination *all, const struct work *work, struct failure *failure);

#endif
