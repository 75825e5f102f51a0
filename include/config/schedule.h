/*
 * Schedules of timed jobs: the five fields of crontab(5), and when they come next.
 *
 *   minute 0-59, hour 0-23, day 1-31, month 1-12 or jan-dec, weekday 0-7 or sun-sat (0 and 7 are
 *   Sunday); each a list of *, numbers and ranges, the last two with a step: 8-18/2, mon,wed-fri
 *   @hourly @daily @midnight @weekly @monthly @yearly @annually
 *
 * The rules are those of Debian's cron(8). Where day and weekday both say something (do not begin
 * with *), one of them is enough. Times are local, as TZ says and tzdata knows, else UTC. When
 * clocks are set forward, what falls into the hour that is left out runs once, right behind it;
 * when they are set back, what comes twice runs the first time alone. Schedules whose minute or
 * hour begins with * simply follow the clock: they run in neither the hour that there is not, nor
 * only once in the one that there is twice.
 *
 * Owns nothing. The C library may read the time zone's file.
 */
#ifndef TMINUS_CONFIG_SCHEDULE_H
#define TMINUS_CONFIG_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* Bit n of a field: n is in it. */
struct schedule {
	uint64_t minutes; /* 0: not set */
	uint64_t hours;
	uint64_t days;
	uint64_t months;
	uint64_t weekdays; /* 0 is Sunday */
	bool either;	   /* the day or the weekday is enough */
	bool by_clock;	   /* minute or hour begins with * */
};

/* -1 and STATUS_CONFIG when text is none, or one that never comes (30 February). */
int schedule_parse(const char *text, struct schedule *schedule, struct error *error);

/* The first time behind after, both in seconds since 1970; -1 where there is none in 50 years. */
int64_t schedule_next(const struct schedule *schedule, int64_t after);

#endif
