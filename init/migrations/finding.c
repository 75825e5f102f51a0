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

struct finding *finding_set(
	struct finding *finding, enum finding_kind kind, const char *format, ...)
{
	char line[LINE_SIZE];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	free(finding->reason);
	finding->reason = memory_copy(line);
	finding->kind = kind;
	return finding;
}

void finding_advise(struct finding *finding, const char *format, ...)
{
	char line[LINE_SIZE];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	free(finding->advice);
	finding->advice = memory_copy(line);
}

void finding_clear(struct finding *finding)
{
	list_clear(&finding->heads);
	list_clear(&finding->current);
	free(finding->reason);
	free(finding->advice);
	*finding = (struct finding){0};
}
