/*
 * One probe of a wait target that is no database: tcp://host:port, unix:/path, http://host/path,
 * file:/path.
 *
 * Sequential and blocking (a resolver blocks): for forked children, never for PID 1.
 */
#ifndef TMINUS_STEPS_PROBE_H
#define TMINUS_STEPS_PROBE_H

#include <stdint.h>

#include "database/session.h"

/* Probes target once. connect_limit is for one address's connect, answer_limit for the answer of an
 * http target (any status below 400 is ready), both in ms. 0 when it is ready, else -1 with failure
 * filled, nearly always VERDICT_RETRY. */
int probe_target(
	const char *target, int64_t connect_limit, int64_t answer_limit, struct failure *failure);

#endif
