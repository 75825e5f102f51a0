#include "config/given.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "config/settings.h"

static size_t plain_count(void)
{
	size_t count;
	(void)settings_plain(&count);
	return count;
}

static size_t step_key_count(void)
{
	size_t count;
	(void)settings_of_step(&count);
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

void origins_free(struct origins *origins)
{
	if (origins == NULL)
		return;
	free_given(origins->plain, plain_count());
	for (size_t i = 0; i < origins->step_count; i++) {
		free_given(origins->steps[i].keys, step_key_count());
		free(origins->steps[i].name);
		free(origins->steps[i].origin);
	}
	free(origins->steps);
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

struct given_step *origins_step(struct origins *origins, const char *name)
{
	for (size_t i = 0; i < origins->step_count; i++)
		if (text_equal(origins->steps[i].name, name))
			return &origins->steps[i];
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

struct given_step *origins_step_by_variable(
	struct origins *origins, const char *upper, size_t length)
{
	for (size_t i = 0; i < origins->step_count; i++)
		if (is_upper_of(upper, length, origins->steps[i].name))
			return &origins->steps[i];
	return NULL;
}

struct given_step *origins_add_step(struct origins *origins, const char *name, const char *origin)
{
	origins->steps =
		memory_resized(origins->steps, origins->step_count + 1, sizeof *origins->steps);
	struct given_step *step = &origins->steps[origins->step_count++];
	*step = (struct given_step){
		.name = memory_copy(name),
		.origin = memory_copy(origin),
		.keys = memory_zeroed(step_key_count(), sizeof(struct given)),
	};
	return step;
}

bool origins_any(const struct origins *origins)
{
	for (size_t i = 0; i < plain_count(); i++)
		if (origins->plain[i].text != NULL && origins->plain[i].source > SOURCE_PRESET)
			return true;
	return origins->step_count > 0;
}
