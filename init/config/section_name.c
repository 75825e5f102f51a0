#include "config/section_name.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "config/variables.h"

/* A ".." would lead out of the tree in which it is looked for. */
static const char *path_fault(const char *name)
{
	size_t length;
	for (; *name != '\0'; name += length + (name[length] == '/')) {
		length = strcspn(name, "/");
		if (length == 2 && strncmp(name, "..", 2) == 0)
			return "has a .. in it";
	}
	return NULL;
}

static const char *variable_fault(const char *name, size_t length)
{
	if (length > SECTION_NAME_MAX)
		return "has more than 40 characters";
	for (size_t i = 0; i < length; i++)
		if (!variable_byte(name[i], i == 0))
			return "is none that a variable can have";
	if (text_starts_with(name, "TMINUS_"))
		return "is that of a setting of tminus's";
	return NULL;
}

const char *section_name_fault(enum named_kind kind, const char *name)
{
	static const char *const own[] = {
		"wait", "inspect", "lock", "backup", "upgrade", "verify", "seed", "app", NULL};
	size_t length = strlen(name);
	if (length == 0)
		return "is empty";
	if (settings_kind_is_path(kind))
		return path_fault(name);
	if (kind == NAMED_KEY)
		return variable_fault(name, length);
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
