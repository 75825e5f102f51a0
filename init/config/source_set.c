#include "config/source_set.h"

#include <string.h>

#include "base/memory.h"
#include "config/section_name.h"
#include "config/settings.h"
#include "config/suggest.h"

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

/* The key in step.NAME.key; the section is added when nobody named it yet. */
static struct given *find_named(struct origins *origins, enum named_kind kind, const char *path,
	const char *origin, struct faults *faults)
{
	const char *dot = strrchr(path, '.');
	const char *start = path + strlen(settings_kind_name(kind)) + 1;
	int key = dot >= start ? settings_find_named(kind, dot + 1) : -1;
	if (key < 0) {
		refuse_path(path, faults);
		return NULL;
	}
	autofree char *name = memory_copy_bytes(start, (size_t)(dot - start));
	const char *wrong = section_name_fault(kind, name);
	if (wrong != NULL) {
		faults_add(faults, "%s: the name of the %s %s", origin, settings_kind_name(kind),
			wrong);
		return NULL;
	}
	struct given_section *section = origins_named(origins, kind, name);
	if (section == NULL)
		section = origins_add_named(origins, kind, name, origin);
	return &section->keys[key];
}

/* Of "step.NAME.key"; NAMED_KINDS for a plain path. */
static enum named_kind kind_of(const char *path)
{
	autofree char *word = memory_copy_bytes(path, strcspn(path, "."));
	return path[strlen(word)] == '.' ? settings_kind(word) : NAMED_KINDS;
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
	enum named_kind kind = kind_of(path);
	if (kind != NAMED_KINDS) {
		given = find_named(origins, kind, path, origin, faults);
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
