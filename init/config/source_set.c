#include "config/source_set.h"

#include <string.h>

#include "base/memory.h"
#include "config/settings.h"
#include "config/step_name.h"
#include "config/suggest.h"

#define STEP_PREFIX "step."

static void refuse_path(const char *path, struct faults *faults)
{
	char room[SUGGEST_TEXT_SIZE];
	size_t count;
	const struct setting *plain = settings_plain(&count);
	struct suggestion suggestion = suggest_for(path);
	for (size_t i = 0; i < count; i++) {
		autofree char *candidate = setting_path(&plain[i], NULL);
		suggest_offer(&suggestion, candidate);
	}
	faults_add(faults, "--set %s: unknown setting%s", path, suggest_text(&suggestion, room));
}

static struct given *find_plain(struct origins *origins, const char *path)
{
	size_t count;
	const struct setting *plain = settings_plain(&count);
	for (size_t i = 0; i < count; i++) {
		autofree char *candidate = setting_path(&plain[i], NULL);
		if (text_equal(candidate, path))
			return &origins->plain[i];
	}
	return NULL;
}

/* The key in step.NAME.key; the step is added when nobody named it yet. */
static struct given *find_of_step(
	struct origins *origins, const char *path, const char *origin, struct faults *faults)
{
	const char *dot = strrchr(path, '.');
	const char *start = path + sizeof STEP_PREFIX - 1;
	int key = dot >= start ? settings_find_step_key(dot + 1) : -1;
	if (key < 0) {
		refuse_path(path, faults);
		return NULL;
	}
	autofree char *name = memory_copy_bytes(start, (size_t)(dot - start));
	const char *wrong = step_name_fault(name);
	if (wrong != NULL) {
		faults_add(faults, "%s: the name of the step %s", origin, wrong);
		return NULL;
	}
	struct given_step *step = origins_step(origins, name);
	if (step == NULL)
		step = origins_add_step(origins, name, origin);
	return &step->keys[key];
}

static void read_one(const char *text, struct origins *origins, struct faults *faults)
{
	const char *equals = strchr(text, '=');
	if (equals == NULL) {
		/* Only what looks like a name: the rest may be a secret. */
		int shown = (int)strspn(text, "abcdefghijklmnopqrstuvwxyz_.-");
		faults_add(faults, "--set %.*s: is not of the form section.key=value", shown, text);
		return;
	}
	autofree char *path = memory_copy_bytes(text, (size_t)(equals - text));
	struct text room = {0};
	text_add_format(&room, "--set %s", path);
	autofree char *origin = text_take(&room);
	struct given *given = NULL;
	if (text_starts_with(path, STEP_PREFIX)) {
		given = find_of_step(origins, path, origin, faults);
	} else {
		given = find_plain(origins, path);
		if (given == NULL)
			refuse_path(path, faults);
	}
	if (given != NULL)
		given_set(given, equals + 1, origin, SOURCE_COMMAND_LINE);
}

void source_set_read(const struct list *set, struct origins *origins, struct faults *faults)
{
	for (size_t i = 0; i < set->count; i++)
		read_one(set->items[i], origins, faults);
}
