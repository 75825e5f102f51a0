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

void variable_add(struct list *environment, const char *name, const char *value)
{
	struct text entry = {0};
	text_add_format(&entry, "%s=%s", name, value);
	list_append_owned(environment, text_take(&entry));
}

void variable_set(struct list *environment, const char *name, const char *value)
{
	size_t length = strlen(name);
	variable_add(environment, name, value);
	char **last = &environment->items[environment->count - 1];
	for (char **at = environment->items; at < last; at++) {
		if (strncmp(*at, *last, length + 1) != 0)
			continue;
		free(*at);
		*at = *last;
		*last = NULL;
		environment->count--;
		return;
	}
}

void variable_unset(struct list *environment, const char *name)
{
	size_t length = strlen(name);
	size_t kept = 0;
	for (size_t i = 0; i < environment->count; i++) {
		char *entry = environment->items[i];
		if (strncmp(entry, name, length) == 0 && entry[length] == '=')
			free(entry);
		else
			environment->items[kept++] = entry;
	}
	environment->count = kept;
	if (environment->items != NULL)
		environment->items[kept] = NULL;
}

bool variable_byte(char byte, bool first)
{
	return byte == '_' || isalpha((unsigned char)byte) ||
	       (!first && isdigit((unsigned char)byte));
}
