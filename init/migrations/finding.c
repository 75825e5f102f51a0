#include "migrations/finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"

#define LINE_SIZE 1000

static const char *const names[FINDING_KINDS] = {
	[FINDING_UNKNOWN] = "unknown",
	[FINDING_AT_HEAD] = "at head",
	[FINDING_PENDING] = "pending",
	[FINDING_EMPTY] = "empty",
	[FINDING_UNVERSIONED] = "unversioned",
	[FINDING_FOREIGN] = "foreign",
	[FINDING_AHEAD] = "ahead",
	[FINDING_DIVERGED] = "diverged",
	[FINDING_BROKEN] = "broken",
	[FINDING_HALF_APPLIED] = "half-applied",
};

const char *finding_name(enum finding_kind kind)
{
	return names[kind];
}

/* One line: a file's name may hold anything. */
__attribute__((format(printf, 1, 0))) static char *line_of(const char *format, va_list arguments)
{
	char line[LINE_SIZE];
	(void)vsnprintf(line, sizeof line, format, arguments);
	for (char *byte = line; *byte != '\0'; byte++)
		if ((unsigned char)*byte < ' ' || *byte == 0x7f)
			*byte = '?';
	return memory_copy(line);
}

struct finding *finding_set(
	struct finding *finding, enum finding_kind kind, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	free(finding->reason);
	finding->reason = line_of(format, arguments);
	va_end(arguments);
	finding->kind = kind;
	return finding;
}

void finding_advise(struct finding *finding, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	free(finding->advice);
	finding->advice = line_of(format, arguments);
	va_end(arguments);
}

void finding_clear(struct finding *finding)
{
	list_clear(&finding->heads);
	list_clear(&finding->current);
	free(finding->reason);
	free(finding->advice);
	*finding = (struct finding){0};
}
