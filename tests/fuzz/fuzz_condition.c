/* Conditions: what is none never holds; another one that holds, joined to it, changes nothing, and
 * one that does not makes it false. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "config/condition.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static char *environment[] = {"A=alpha", "E=", "T=Yes", "W=and", "S=a 'b", NULL};

static bool holds_with(const char *text, const char *more)
{
	struct text both = {0};
	struct error error;
	text_add(&both, text);
	text_add(&both, more);
	if (condition_check(both.bytes, &error) != 0)
		abort();
	bool holds = condition_holds(both.bytes, environment);
	text_free(&both);
	return holds;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	autofree char *text = memory_copy_bytes((const char *)bytes, size);
	struct error error;
	bool holds = condition_holds(text, environment);
	if (condition_check(text, &error) != 0) {
		if (holds || error.status != STATUS_CONFIG)
			abort();
		return 0;
	}
	if (text[strspn(text, " \t\r\n")] == '\0')
		return 0;
	if (holds_with(text, " and T and W != or") != holds || holds_with(text, " and E = x"))
		abort();
	return 0;
}
