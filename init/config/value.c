#include "config/value.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

#define LENGTH(array) (sizeof(array) / sizeof *(array))

struct unit {
	const char *name;
	int64_t factor;
};

static const struct unit durations[] = {
	{"d", INT64_C(86400000)},
	{"h", 3600000},
	{"m", 60000},
	{"s", 1000},
	{"ms", 1},
	{"", 1000},
};

#define DURATION_MAX (INT64_C(100) * 366 * 86400000)

static const struct unit sizes[] = {
	{"", 1},
	{"B", 1},
	{"k", INT64_C(1) << 10},
	{"K", INT64_C(1) << 10},
	{"KiB", INT64_C(1) << 10},
	{"kB", 1000},
	{"M", INT64_C(1) << 20},
	{"MiB", INT64_C(1) << 20},
	{"MB", 1000000},
	{"G", INT64_C(1) << 30},
	{"GiB", INT64_C(1) << 30},
	{"GB", 1000000000},
	{"T", INT64_C(1) << 40},
	{"TiB", INT64_C(1) << 40},
	{"TB", INT64_C(1000000000000)},
};

static const struct {
	const char *name;
	bool truth;
} booleans[] = {
	{"1", true},
	{"true", true},
	{"yes", true},
	{"on", true},
	{"0", false},
	{"false", false},
	{"no", false},
	{"off", false},
};

/* The digits at the start of text, at most limit; NULL when there are none or they are more. */
static const char *parse_digits(const char *text, int64_t limit, int64_t *number)
{
	if (!isdigit((unsigned char)*text))
		return NULL;
	*number = 0;
	for (; isdigit((unsigned char)*text); text++) {
		int digit = *text - '0';
		if (*number > (limit - digit) / 10)
			return NULL;
		*number = *number * 10 + digit;
	}
	return text;
}

static int parse_with_unit(
	const char *text, const struct unit *units, size_t count, int64_t limit, int64_t *result)
{
	int64_t number;
	const char *rest = parse_digits(text, limit, &number);
	if (rest == NULL)
		return -1;
	while (*rest == ' ')
		rest++;
	for (size_t i = 0; i < count; i++) {
		if (!text_equal(rest, units[i].name))
			continue;
		if (number > limit / units[i].factor)
			return -1;
		*result = number * units[i].factor;
		return 0;
	}
	return -1;
}

int value_duration(const char *text, int64_t *milliseconds)
{
	return parse_with_unit(text, durations, LENGTH(durations), DURATION_MAX, milliseconds);
}

int value_size(const char *text, int64_t *bytes)
{
	return parse_with_unit(text, sizes, LENGTH(sizes), INT64_MAX, bytes);
}

int value_integer(const char *text, int64_t *number)
{
	const char *rest = parse_digits(text, INT64_MAX, number);
	return rest != NULL && *rest == '\0' ? 0 : -1;
}

static int parse_octal(const char *text, int64_t most, int64_t *number)
{
	char *end;
	*number = strtol(text, &end, 8);
	return isdigit((unsigned char)*text) && *end == '\0' && *number <= most ? 0 : -1;
}

int value_mask(const char *text, int64_t *mask)
{
	return parse_octal(text, 0777, mask);
}

int value_mode(const char *text, int64_t *mode)
{
	return parse_octal(text, 07777, mode);
}

int value_boolean(const char *text, bool *truth)
{
	for (size_t i = 0; i < LENGTH(booleans); i++) {
		if (strcasecmp(text, booleans[i].name) != 0)
			continue;
		*truth = booleans[i].truth;
		return 0;
	}
	return -1;
}

int value_choice(const char *text, const char *choices, int *index)
{
	size_t length = strlen(text);
	for (int i = 0;; i++) {
		size_t size = strcspn(choices, "|");
		if (size == length && strncmp(text, choices, size) == 0) {
			*index = i;
			return 0;
		}
		if (choices[size] == '\0')
			return -1;
		choices += size + 1;
	}
}

const char *value_choice_name(const char *choices, int index, char *room, size_t size)
{
	for (; index > 0 && strchr(choices, '|') != NULL; index--)
		choices = strchr(choices, '|') + 1;
	(void)snprintf(room, size, "%.*s", (int)strcspn(choices, "|"), choices);
	return room;
}

const char *value_duration_text(int64_t milliseconds, char *room, size_t size)
{
	if (milliseconds == 0) {
		(void)snprintf(room, size, "0");
		return room;
	}
	for (size_t i = 0; i < LENGTH(durations); i++) {
		if (milliseconds % durations[i].factor != 0)
			continue;
		int64_t number = milliseconds / durations[i].factor;
		if (durations[i].factor > 1000 && number == 1 && durations[i].factor < 3600000)
			continue; /* 60s reads better than 1m */
		(void)snprintf(room, size, "%" PRId64 "%s", number, durations[i].name);
		break;
	}
	return room;
}
