#include "config/given.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

static size_t plain_count(void)
{
	size_t count;
	(void)settings_plain(&count);
	return count;
}

static size_t key_count(enum named_kind kind)
{
	size_t count;
	(void)settings_named(kind, &count);
	return count;
}

struct origins *origins_new(void)
{
	struct origins *origins = memory_zeroed(1, sizeof *origins);
	origins->plain = memory_zeroed(plain_count(), sizeof *origins->plain);
	return origins;
}

static void free_given(struct given *given, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(given[i].text);
		free(given[i].origin);
	}
	free(given);
}

static void free_sections(struct given_sections *sections, size_t keys)
{
	for (size_t i = 0; i < sections->count; i++) {
		free_given(sections->items[i].keys, keys);
		free(sections->items[i].name);
		free(sections->items[i].origin);
	}
	free(sections->items);
}

void origins_free(struct origins *origins)
{
	if (origins == NULL)
		return;
	free_given(origins->plain, plain_count());
	for (enum named_kind kind = 0; kind < NAMED_KINDS; kind++)
		free_sections(&origins->named[kind], key_count(kind));
	given_variables_free(&origins->rows);
	given_variables_free(&origins->variables);
	free(origins->app);
	free(origins);
}

void given_set(struct given *given, const char *text, const char *origin, enum source source)
{
	if (given->text != NULL && given->source > source)
		return;
	free(given->text);
	free(given->origin);
	*given = (struct given){memory_copy(text), memory_copy(origin), source};
}

struct given *origins_plain(struct origins *origins, const char *section, const char *key)
{
	int index = settings_find(section, key);
	return index < 0 ? NULL : &origins->plain[index];
}

struct given_section *origins_named(struct origins *origins, enum named_kind kind, const char *name)
{
	const struct given_sections *sections = &origins->named[kind];
	for (size_t i = 0; i < sections->count; i++)
		if (text_equal(sections->items[i].name, name))
			return &sections->items[i];
	return NULL;
}

static bool is_upper_of(const char *upper, size_t length, const char *name)
{
	if (strlen(name) != length)
		return false;
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)name[i];
		if (upper[i] != (isalnum(byte) ? toupper(byte) : '_'))
			return false;
	}
	return true;
}

struct given_section *origins_named_by_variable(
	struct origins *origins, enum named_kind kind, const char *upper, size_t length)
{
	const struct given_sections *sections = &origins->named[kind];
	for (size_t i = 0; i < sections->count; i++)
		if (is_upper_of(upper, length, sections->items[i].name))
			return &sections->items[i];
	return NULL;
}

struct given_section *origins_add_named(
	struct origins *origins, enum named_kind kind, const char *name, const char *origin)
{
	struct given_sections *sections = &origins->named[kind];
	sections->items =
		memory_resized(sections->items, sections->count + 1, sizeof *sections->items);
	struct given_section *section = &sections->items[sections->count++];
	*section = (struct given_section){
		.name = memory_copy(name),
		.origin = memory_copy(origin),
		.keys = memory_zeroed(key_count(kind), sizeof(struct given)),
	};
	return section;
}

static void clear_variable(struct given_variable *variable)
{
	free(variable->name);
	free(variable->text);
	free(variable->origin);
}

static struct given_variable *find_variable(
	const struct given_variables *variables, const char *name)
{
	for (size_t i = 0; i < variables->count; i++)
		if (text_equal(variables->items[i].name, name))
			return &variables->items[i];
	return NULL;
}

void given_variable_set(struct given_variables *variables, const char *name, const char *text,
	const char *origin, bool if_unset)
{
	struct given_variable *variable = find_variable(variables, name);
	if (variable != NULL) {
		clear_variable(variable);
	} else {
		variables->items = memory_resized(
			variables->items, variables->count + 1, sizeof *variables->items);
		variable = &variables->items[variables->count++];
	}
	*variable = (struct given_variable){
		.name = memory_copy(name),
		.text = text != NULL ? memory_copy(text) : NULL,
		.origin = memory_copy(origin),
		.if_unset = if_unset,
	};
}

const struct given_variable *given_variable_find(
	const struct given_variables *variables, const char *name)
{
	return find_variable(variables, name);
}

void given_variables_free(struct given_variables *variables)
{
	for (size_t i = 0; i < variables->count; i++)
		clear_variable(&variables->items[i]);
	free(variables->items);
	*variables = (struct given_variables){0};
}

bool origins_any(const struct origins *origins)
{
	for (size_t i = 0; i < plain_count(); i++)
		if (origins->plain[i].text != NULL && origins->plain[i].source > SOURCE_PRESET)
			return true;
	bool any = false;
	for (enum named_kind kind = 0; kind < NAMED_KINDS; kind++)
		any = any || origins->named[kind].count > 0;
	return any;
}
