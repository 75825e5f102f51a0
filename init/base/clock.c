#include "base/clock.h"

#include <limits.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Not through the vDSO: what looks it up costs a start three page faults, and PID 1 a page for
 * good. */
static struct timespec time_of(clockid_t clock)
{
	struct timespec now = {0};
	(void)syscall(SYS_clock_gettime, clock, &now);
	return now;
}

int64_t clock_now(void)
{
	struct timespec now = time_of(CLOCK_MONOTONIC);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_deadline(int64_t limit)
{
	return limit > 0 ? clock_now() + limit : CLOCK_NEVER;
}

bool clock_passed(int64_t deadline)
{
	return deadline != CLOCK_NEVER && deadline <= clock_now();
}

int clock_left(int64_t deadline)
{
	if (deadline == CLOCK_NEVER)
		return -1;
	int64_t left = deadline - clock_now();
	if (left <= 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

int64_t clock_earlier(int64_t one, int64_t other)
{
	return one < other ? one : other;
}

const char *clock_minutes(
	const struct tm *parts, char between, char room[static CLOCK_MINUTES_SIZE])
{
	(void)snprintf(room, CLOCK_MINUTES_SIZE, "%04d-%02d-%02d%c%02d:%02d", parts->tm_year + 1900,
		parts->tm_mon + 1, parts->tm_mday, between, parts->tm_hour, parts->tm_min);
	return room;
}

const char *clock_utc(int64_t moment, char room[static CLOCK_UTC_SIZE])
{
	struct tm parts;
	time_t wall = time_of(CLOCK_REALTIME).tv_sec + (time_t)((moment - clock_now()) / 1000);
	(void)gmtime_r(&wall, &parts);
	char minutes[CLOCK_MINUTES_SIZE];
	(void)snprintf(room, CLOCK_UTC_SIZE, "%s:%02dZ", clock_minutes(&parts, 'T', minutes),
		parts.tm_sec % 100);
	return room;
}
