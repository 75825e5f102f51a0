#include "config/variables.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

const char *variable_value_of(char *const *environment, const char *name, size_t length)
{
	for (; environment != NULL && *environment != NULL; environment++)
		if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
			return *environment + length + 1;
	return NULL;
}

const char *variable_value(char *const *environment, const char *name)
{
	return variable_value_of(environment, name, strlen(name));
}

const char *variable_filled(char *const *environment, const char *name)
{
	const char *value = variable_value(environment, name);
	return value != NULL && value[0] != '\0' ? value : NULL;
}

void variable_set(struct list *environment, const char *name, const char *value)
{
	struct text entry = {0};
	text_add(&entry, name);
	text_add_byte(&entry, '=');
	text_add(&entry, value);
	size_t length = strlen(name) + 1;
	for (size_t i = 0; i < environment->count; i++) {
		if (strncmp(environment->items[i], entry.bytes, length) != 0)
			continue;
		free(environment->items[i]);
		environment->items[i] = text_take(&entry);
		return;
	}
	list_append_owned(environment, text_take(&entry));
}

bool variable_byte(char byte, bool first)
{
	return byte == '_' || isalpha((unsigned char)byte) ||
	       (!first && isdigit((unsigned char)byte));
}
