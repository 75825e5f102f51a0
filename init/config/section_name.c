#include "config/section_name.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

const char *section_name_fault(enum named_kind kind, const char *name)
{
	static const char *const own[] = {
		"wait", "inspect", "lock", "backup", "upgrade", "verify", "seed", "app", NULL};
	size_t length = strlen(name);
	if (length == 0)
		return "is empty";
	if (length > SECTION_NAME_MAX)
		return "has more than 40 characters";
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)name[i]) && name[i] != '-' && name[i] != '_')
			return "has a character besides letters, digits, - and _";
	for (size_t i = 0; kind == NAMED_STEP && own[i] != NULL; i++)
		if (strcasecmp(name, own[i]) == 0)
			return "is the name of a step of tminus's own";
	return NULL;
}
