/*
 * Time: milliseconds of CLOCK_MONOTONIC, and deadlines on that scale.
 *
 * Never the wall clock, but to be shown: a container's clock may jump. clock_gettime(2)
 */
#ifndef TMINUS_BASE_CLOCK_H
#define TMINUS_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* The deadline that never comes. */
#define CLOCK_NEVER INT64_MAX

/* Milliseconds since an arbitrary start; never goes back. */
int64_t clock_now(void);

/* The deadline limit milliseconds from now; a limit of 0 means none: CLOCK_NEVER. */
int64_t clock_deadline(int64_t limit);

/* Is it over? The clock is not looked at for CLOCK_NEVER. */
bool clock_passed(int64_t deadline);

/* Milliseconds left until deadline for poll(2): -1 for CLOCK_NEVER, 0 when it is over. */
int clock_left(int64_t deadline);

int64_t clock_earlier(int64_t one, int64_t other);

#define CLOCK_MINUTES_SIZE 64

/* "2026-11-21T16:40", with between in the place of the T. Returns room. */
const char *clock_minutes(
	const struct tm *parts, char between, char room[static CLOCK_MINUTES_SIZE]);

#define CLOCK_UTC_SIZE (CLOCK_MINUTES_SIZE + 8)

/* A moment of clock_now's scale as "2026-11-21T16:40:00Z", by what the wall clock says now. RFC
 * 3339. Returns room. */
const char *clock_utc(int64_t moment, char room[static CLOCK_UTC_SIZE]);

#endif
