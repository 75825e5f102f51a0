/*
 * Time: milliseconds of CLOCK_MONOTONIC, and deadlines on that scale.
 *
 * Never the wall clock: a container's clock may jump. clock_gettime(2)
 */
#ifndef TMINUS_BASE_CLOCK_H
#define TMINUS_BASE_CLOCK_H

#include <stdint.h>

/* The deadline that never comes. */
#define CLOCK_NEVER INT64_MAX

/* Milliseconds since an arbitrary start; never goes back. */
int64_t clock_now(void);

/* The deadline limit milliseconds from now; a limit of 0 means none: CLOCK_NEVER. */
int64_t clock_deadline(int64_t limit);

/* Milliseconds left until deadline for poll(2): -1 for CLOCK_NEVER, 0 when it is over. */
int clock_left(int64_t deadline);

int64_t clock_earlier(int64_t one, int64_t other);

#endif
