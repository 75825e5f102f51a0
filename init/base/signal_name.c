#include "base/signal_name.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The kernel's own first real-time signal; glibc keeps 32 and 33 for itself. */
#define REALTIME_FIRST 34

static const char *const names[SIGNAL_LAST + 1] = {
	[1] = "HUP",
	[2] = "INT",
	[3] = "QUIT",
	[4] = "ILL",
	[5] = "TRAP",
	[6] = "ABRT",
	[7] = "BUS",
	[8] = "FPE",
	[9] = "KILL",
	[10] = "USR1",
	[11] = "SEGV",
	[12] = "USR2",
	[13] = "PIPE",
	[14] = "ALRM",
	[15] = "TERM",
	[16] = "STKFLT",
	[17] = "CHLD",
	[18] = "CONT",
	[19] = "STOP",
	[20] = "TSTP",
	[21] = "TTIN",
	[22] = "TTOU",
	[23] = "URG",
	[24] = "XCPU",
	[25] = "XFSZ",
	[26] = "VTALRM",
	[27] = "PROF",
	[28] = "WINCH",
	[29] = "IO",
	[30] = "PWR",
	[31] = "SYS",
	[REALTIME_FIRST] = "RTMIN",
	[SIGNAL_LAST] = "RTMAX",
};

/* A number of 1..SIGNAL_LAST that is the whole of text; -1 for anything else. */
static int parse_number(const char *text)
{
	if (!isdigit((unsigned char)text[0]))
		return -1;
	char *end;
	long number = strtol(text, &end, 10);
	return *end == '\0' && number >= 1 && number <= SIGNAL_LAST ? (int)number : -1;
}

/* "RTMIN+3" and "RTMAX-1", whose base is the signal of that name. */
static int parse_offset(const char *text, const char *prefix, int base, int sign)
{
	size_t length = strlen(prefix);
	if (strncasecmp(text, prefix, length) != 0)
		return -1;
	int offset = parse_number(text + length);
	int number = base + sign * offset;
	return offset > 0 && number >= REALTIME_FIRST && number <= SIGNAL_LAST ? number : -1;
}

int signal_number(const char *name)
{
	int number = parse_number(name);
	if (number > 0)
		return number;
	if (strncasecmp(name, "SIG", 3) == 0)
		name += 3;
	for (number = 1; number <= SIGNAL_LAST; number++)
		if (names[number] != NULL && strcasecmp(name, names[number]) == 0)
			return number;
	number = parse_offset(name, "RTMIN+", REALTIME_FIRST, 1);
	return number > 0 ? number : parse_offset(name, "RTMAX-", SIGNAL_LAST, -1);
}

const char *signal_name(int number, char *room, size_t size)
{
	if (number >= 1 && number <= SIGNAL_LAST && names[number] != NULL)
		return names[number];
	if (number > REALTIME_FIRST && number < SIGNAL_LAST)
		(void)snprintf(room, size, "RTMIN+%d", number - REALTIME_FIRST);
	else
		(void)snprintf(room, size, "%d", number);
	return room;
}

void signal_map_identity(signal_map map)
{
	for (unsigned char number = 0; number <= SIGNAL_LAST; number++)
		map[number] = number;
}
