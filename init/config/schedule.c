#include "config/schedule.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/text.h"

#define MINUTE INT64_C(60)
#define DAY INT64_C(86400)
#define DAYS_AHEAD (INT64_C(50) * 366)

/* --- the text -------------------------------------------------------------------------------- */

enum field { FIELD_MINUTE, FIELD_HOUR, FIELD_DAY, FIELD_MONTH, FIELD_WEEKDAY, FIELDS };

static const struct {
	const char *name;
	unsigned first;
	unsigned last;
	const char *names; /* three letters each, from first on */
} fields[FIELDS] = {
	[FIELD_MINUTE] = {"minute", 0, 59, ""},
	[FIELD_HOUR] = {"hour", 0, 23, ""},
	[FIELD_DAY] = {"day", 1, 31, ""},
	[FIELD_MONTH] = {"month", 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"},
	[FIELD_WEEKDAY] = {"weekday", 0, 7, "sunmontuewedthufrisat"},
};

static const struct {
	const char *name;
	const char *means;
} nicknames[] = {
	{"@hourly", "0 * * * *"},
	{"@daily", "0 0 * * *"},
	{"@midnight", "0 0 * * *"},
	{"@weekly", "0 0 * * 0"},
	{"@monthly", "0 0 1 * *"},
	{"@yearly", "0 0 1 1 *"},
	{"@annually", "0 0 1 1 *"},
};

static const char *read_number(const char *at, unsigned *number)
{
	const char *start = at;
	for (*number = 0; isdigit((unsigned char)*at) && at - start < 3; at++)
		*number = *number * 10 + (unsigned)(*at - '0');
	return at > start ? at : NULL;
}

/* A number of field, or one of its names. */
static const char *read_value(enum field field, const char *at, unsigned *value)
{
	const char *names = fields[field].names;
	for (size_t i = 0; names[i] != '\0'; i += 3)
		if (strncasecmp(at, names + i, 3) == 0) {
			*value = fields[field].first + (unsigned)(i / 3);
			return at + 3;
		}
	at = read_number(at, value);
	bool fits = at != NULL && *value >= fields[field].first && *value <= fields[field].last;
	return fits ? at : NULL;
}

/* One element of a field's list: a star, 5, or 5-10; the first and the last with a step, /2. */
static const char *read_element(enum field field, const char *at, uint64_t *bits)
{
	unsigned first = fields[field].first;
	unsigned last = fields[field].last;
	unsigned step = 1;
	bool range = *at == '*';
	if (range) {
		at++;
	} else {
		at = read_value(field, at, &first);
		last = first;
		range = at != NULL && *at == '-';
		if (range)
			at = read_value(field, at + 1, &last);
	}
	if (at != NULL && *at == '/' && range)
		at = read_number(at + 1, &step);
	if (at == NULL || step == 0 || first > last)
		return NULL;
	for (; first <= last; first += step)
		*bits |= UINT64_C(1) << first;
	return at;
}

/* The whole of a field, up to a blank or the end. */
static const char *read_field(enum field field, const char *at, uint64_t *bits)
{
	*bits = 0;
	do {
		at = read_element(field, at, bits);
	} while (at != NULL && *at++ == ',');
	if (at == NULL)
		return NULL;
	at--;
	return *at == '\0' || isblank((unsigned char)*at) ? at : NULL;
}

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

static const char *without_nickname(const char *text)
{
	for (size_t i = 0; i < sizeof nicknames / sizeof *nicknames; i++)
		if (text_equal(text, nicknames[i].name))
			return nicknames[i].means;
	return text;
}

int schedule_parse(const char *text, struct schedule *schedule, struct error *error)
{
	uint64_t *const bits[FIELDS] = {&schedule->minutes, &schedule->hours, &schedule->days,
		&schedule->months, &schedule->weekdays};
	bool star[FIELDS];
	const char *at = skip_blanks(without_nickname(text));
	for (enum field field = 0; field < FIELDS; field++) {
		star[field] = *at == '*';
		if (*at == '\0' && field > 0)
			return error_set(error, STATUS_CONFIG,
				"\"%.80s\" has %d of five fields (minute hour day month "
				"weekday, or @daily)",
				text, (int)field);
		at = read_field(field, at, bits[field]);
		if (at == NULL)
			return error_set(error, STATUS_CONFIG,
				"\"%.80s\" is no schedule: its %s is not understood (minute hour "
				"day month weekday, or @daily)",
				text, fields[field].name);
		at = skip_blanks(at);
	}
	if (*at != '\0')
		return error_set(error, STATUS_CONFIG, "\"%.80s\" has more than five fields", text);
	schedule->weekdays = (schedule->weekdays | schedule->weekdays >> 7) & 0x7f;
	schedule->either = !star[FIELD_DAY] && !star[FIELD_WEEKDAY];
	schedule->by_clock = star[FIELD_MINUTE] || star[FIELD_HOUR];
	if (schedule_next(schedule, 0) < 0)
		return error_set(error, STATUS_CONFIG, "\"%.80s\" never comes", text);
	return 0;
}

/* --- the time -------------------------------------------------------------------------------- */

/* Local times are counted in seconds, too: as if they were UTC. */

static int64_t offset_at(int64_t time)
{
	struct tm local = {0};
	time_t seconds = (time_t)time;
	(void)localtime_r(&seconds, &local);
	return local.tm_gmtoff;
}

/* The times at which clocks show what they show at most once, around one day. */
struct day {
	int64_t start;	/* local time of its midnight */
	int64_t before; /* offset a day before it, and a day behind its end */
	int64_t behind;
	int64_t change; /* the first time with the offset behind */
};

/* Civil date from a count of days: Gauss' rule by way of gmtime_r(3), which allocates nothing. */
static bool is_day_of(const struct schedule *schedule, int64_t start)
{
	struct tm date = {0};
	time_t seconds = (time_t)start;
	(void)gmtime_r(&seconds, &date);
	bool day = (schedule->days >> date.tm_mday & 1) != 0;
	bool weekday = (schedule->weekdays >> date.tm_wday & 1) != 0;
	bool month = (schedule->months >> (date.tm_mon + 1) & 1) != 0;
	return month && (schedule->either ? day || weekday : day && weekday);
}

static struct day day_at(int64_t start)
{
	struct day day = {.start = start,
		.before = offset_at(start - DAY),
		.behind = offset_at(start + 2 * DAY)};
	int64_t low = start - DAY;
	int64_t high = start + 2 * DAY;
	while (day.before != day.behind && high - low > 1) {
		int64_t middle = low + (high - low) / 2;
		if (offset_at(middle) == day.before)
			low = middle;
		else
			high = middle;
	}
	day.change = high;
	return day;
}

/* The first time behind after at which clocks show local, or, where they never do and the schedule
 * is not by_clock, the moment when they are set forward past it. -1 for none. */
static int64_t time_of(
	const struct schedule *schedule, const struct day *day, int64_t local, int64_t after)
{
	int64_t first = local - day->before;
	int64_t second = local - day->behind;
	bool shown_before = first < day->change || day->before == day->behind;
	bool shown_behind = second >= day->change;
	if (!shown_before && !shown_behind)
		return schedule->by_clock || day->change <= after ? -1 : day->change;
	if (shown_before && first > after)
		return first;
	bool again = shown_behind && (!shown_before || schedule->by_clock);
	return again && second > after ? second : -1;
}

/* The first time of that day behind after, -1 for none. */
static int64_t next_of_day(const struct schedule *schedule, int64_t start, int64_t after)
{
	int64_t best = -1;
	const struct day day = day_at(start);
	bool plain = day.before == day.behind;
	for (int64_t minute = 0; minute < DAY / MINUTE; minute++) {
		if ((schedule->hours >> (minute / 60) & 1) == 0 ||
			(schedule->minutes >> (minute % 60) & 1) == 0)
			continue;
		int64_t time = time_of(schedule, &day, start + minute * MINUTE, after);
		if (time >= 0 && (best < 0 || time < best))
			best = time;
		if (best >= 0 && plain)
			break;
	}
	return best;
}

/* A day more than the first that has one: where clocks are set back over midnight, the next begins
 * before the last is over. */
int64_t schedule_next(const struct schedule *schedule, int64_t after)
{
	int64_t best = -1;
	int64_t local = after + offset_at(after);
	int64_t start = local - local % DAY - DAY;
	int64_t end = start + DAYS_AHEAD * DAY;
	for (; start < end; start += DAY) {
		int64_t time =
			is_day_of(schedule, start) ? next_of_day(schedule, start, after) : -1;
		if (best < 0 && time >= 0)
			end = start + 2 * DAY;
		if (time >= 0 && (best < 0 || time < best))
			best = time;
	}
	return best;
}
