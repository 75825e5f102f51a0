#include "config/source_ini.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "config/ini.h"
#include "config/read_file.h"
#include "config/section_name.h"
#include "config/settings.h"
#include "config/source_environment.h"
#include "config/suggest.h"
#include "config/variables.h"

static const char *const places[] = {"tminus.ini", "/etc/tminus.ini"};

struct target_file {
	const char *name; /* as messages show it */
	struct origins *origins;
	struct faults *faults;
};

/* The file that was named, else the first place with one; the caller frees it. */
static char *find_file(const char *named, char *const *environment)
{
	if (named == NULL)
		named = variable_filled(environment, "TMINUS_CONFIG");
	if (named != NULL)
		return memory_copy(named);
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		struct stat status;
		if (stat(places[i], &status) == 0 || (errno != ENOENT && errno != ENOTDIR))
			return memory_copy(places[i]);
	}
	return NULL;
}

static void offer_sections(struct suggestion *suggestion)
{
	size_t count;
	const struct setting *plain = settings_plain(&count);
	for (size_t i = 0; i < count; i++)
		suggest_offer(suggestion, plain[i].section);
	for (enum named_kind kind = 0; kind < NAMED_KINDS; kind++) {
		struct text header = {0};
		const char *word = settings_kind_name(kind);
		text_add_format(&header, "%s%s", word, settings_placeholder(word));
		suggest_offer(suggestion, header.bytes);
		text_free(&header);
	}
}

/* [steps x] is compared with [step x], [folder x] with nothing: the kind alone is mistyped. */
static void offer_named_section(struct suggestion *suggestion, const char *section)
{
	const char *name = strchr(section, ' ');
	if (name == NULL)
		return;
	autofree char *kind = memory_copy_bytes(section, (size_t)(name - section));
	struct suggestion kinds = suggest_for(kind);
	for (enum named_kind at = 0; at < NAMED_KINDS; at++)
		suggest_offer(&kinds, settings_kind_name(at));
	struct text whole = {0};
	text_add_format(&whole, "%s%s", kinds.best, name);
	if (kinds.best[0] != '\0' && whole.length <= SUGGEST_LENGTH)
		memcpy(suggestion->best, whole.bytes, whole.length + 1);
	text_free(&whole);
}

static void offer_keys(struct suggestion *suggestion, const char *section)
{
	size_t count;
	const struct setting *plain = settings_plain(&count);
	for (size_t i = 0; i < count; i++)
		if (text_equal(plain[i].section, section))
			suggest_offer(suggestion, plain[i].key);
}

static void refuse_section(const struct target_file *file, const struct ini_entry *entry)
{
	char room[SUGGEST_TEXT_SIZE];
	struct suggestion suggestion = suggest_for(entry->section);
	offer_sections(&suggestion);
	offer_named_section(&suggestion, entry->section);
	faults_add(file->faults, "%s:%zu: unknown section [%s]%s", file->name, entry->line,
		entry->section, suggest_text(&suggestion, room));
}

/* The section that has the key, where exactly one has: keys before any section, mostly. */
static const char *section_of_key(const char *key)
{
	size_t count;
	const char *section = NULL;
	const struct setting *plain = settings_plain(&count);
	for (size_t i = 0; i < count; i++) {
		if (!text_equal(plain[i].key, key))
			continue;
		if (section != NULL)
			return NULL;
		section = plain[i].section;
	}
	return section;
}

static void refuse_key(const struct target_file *file, const struct ini_entry *entry)
{
	char room[SUGGEST_TEXT_SIZE];
	struct suggestion suggestion = suggest_for(entry->key);
	offer_keys(&suggestion, entry->section);
	const char *hint = suggest_text(&suggestion, room);
	const char *other = hint[0] == '\0' ? section_of_key(entry->key) : NULL;
	if (entry->section[0] == '\0' && other != NULL)
		faults_add(file->faults, "%s:%zu: \"%s\" belongs into [%s]", file->name,
			entry->line, entry->key, other);
	else if (entry->section[0] == '\0')
		faults_add(file->faults, "%s:%zu: unknown key \"%s\" before the first section%s",
			file->name, entry->line, entry->key, hint);
	else if (other != NULL && other[0] == '\0')
		faults_add(file->faults,
			"%s:%zu: unknown key \"%s\" in [%s]; it stands at the head of the "
			"file, before the first section",
			file->name, entry->line, entry->key, entry->section);
	else if (other != NULL)
		faults_add(file->faults, "%s:%zu: unknown key \"%s\" in [%s]; it belongs into [%s]",
			file->name, entry->line, entry->key, entry->section, other);
	else
		faults_add(file->faults, "%s:%zu: unknown key \"%s\" in [%s]%s", file->name,
			entry->line, entry->key, entry->section, hint);
}

static char *origin_of(const struct target_file *file, const struct ini_entry *entry)
{
	struct text origin = {0};
	text_add_format(&origin, "%s:%zu", file->name, entry->line);
	return text_take(&origin);
}

/* [env] NAME = value. A name in lower case that is nearly one of the section's keys is meant as it.
 */
static void read_variable(const struct target_file *file, const struct ini_entry *entry)
{
	bool lower = strpbrk(entry->key, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == NULL;
	struct suggestion suggestion = suggest_for(entry->key);
	offer_keys(&suggestion, entry->section);
	const char *wrong = variable_name_fault(entry->key);
	autofree char *origin = origin_of(file, entry);
	if (wrong != NULL)
		faults_add(file->faults, "%s: %s %s", origin, entry->key, wrong);
	else if (lower && suggestion.best[0] != '\0')
		refuse_key(file, entry);
	else
		given_variable_set(
			&file->origins->rows, entry->key, entry->value, origin, entry->if_unset);
}

static void read_plain(const struct target_file *file, const struct ini_entry *entry)
{
	if (!settings_has_section(entry->section)) {
		if (entry->key == NULL)
			refuse_section(file, entry);
		return;
	}
	if (entry->key == NULL)
		return;
	int index = settings_find(entry->section, entry->key);
	bool is_variable = index < 0 && text_equal(entry->section, "env");
	if (entry->if_unset && !is_variable)
		faults_add(file->faults, "%s:%zu: ?= is for variables in [env]", file->name,
			entry->line);
	if (is_variable)
		read_variable(file, entry);
	else if (index < 0)
		refuse_key(file, entry);
	if (index < 0)
		return;
	autofree char *origin = origin_of(file, entry);
	given_set(&file->origins->plain[index], entry->value, origin, SOURCE_INI);
}

/* The header of [step NAME]: the step exists from there on. */
static void name_section(const struct target_file *file, const struct ini_entry *entry,
	enum named_kind kind, const char *name)
{
	const char *wrong = section_name_fault(kind, name);
	if (wrong != NULL)
		faults_add(file->faults, "%s:%zu: the name of [%s] %s", file->name, entry->line,
			entry->section, wrong);
	autofree char *origin = origin_of(file, entry);
	if (wrong == NULL && origins_named(file->origins, kind, name) == NULL)
		(void)origins_add_named(file->origins, kind, name, origin);
}

static void refuse_named_key(
	const struct target_file *file, const struct ini_entry *entry, enum named_kind kind)
{
	char room[SUGGEST_TEXT_SIZE];
	size_t count;
	const struct setting *keys = settings_named(kind, &count);
	struct suggestion suggestion = suggest_for(entry->key);
	for (size_t i = 0; i < count; i++)
		suggest_offer(&suggestion, keys[i].key);
	faults_add(file->faults, "%s:%zu: unknown key \"%s\" in [%s]%s", file->name, entry->line,
		entry->key, entry->section, suggest_text(&suggestion, room));
}

static void read_named(const struct target_file *file, const struct ini_entry *entry,
	enum named_kind kind, const char *name)
{
	if (entry->key == NULL) {
		name_section(file, entry, kind, name);
		return;
	}
	int index = settings_find_named(kind, entry->key);
	if (index < 0) {
		refuse_named_key(file, entry, kind);
		return;
	}
	struct given_section *section = origins_named(file->origins, kind, name);
	if (entry->if_unset)
		faults_add(file->faults, "%s:%zu: ?= is for variables in [env]", file->name,
			entry->line);
	autofree char *origin = origin_of(file, entry);
	if (section != NULL) /* else its name was refused */
		given_set(&section->keys[index], entry->value, origin, SOURCE_INI);
}

static void read_entry(const struct target_file *file, const struct ini_entry *entry)
{
	size_t length = strcspn(entry->section, " ");
	autofree char *word = memory_copy_bytes(entry->section, length);
	enum named_kind kind = settings_kind(word);
	if (kind == NAMED_KINDS)
		read_plain(file, entry);
	else if (entry->section[length] == ' ')
		read_named(file, entry, kind, entry->section + length + 1);
	else if (entry->key == NULL)
		faults_add(file->faults, "%s:%zu: a %s has a name: [%s%s]", file->name, entry->line,
			word, word, settings_placeholder(word));
}

static void read_entries(const struct target_file *file, const struct ini_document *document)
{
	for (size_t i = 0; i < document->count; i++)
		read_entry(file, &document->entries[i]);
}

char *source_ini_read(const char *named, char *const *environment, struct origins *origins,
	struct list *warnings, struct faults *faults)
{
	char *path = find_file(named, environment);
	if (path == NULL)
		return NULL;
	struct text contents = {0};
	struct error error;
	if (read_file(path, &contents, &error) != 0) {
		faults_add(faults, "%s", error.message);
	} else if (file_is_trusted(path, warnings, faults)) {
		struct target_file file = {path, origins, faults};
		struct ini_document document;
		ini_parse_text(path, contents.bytes != NULL ? contents.bytes : "", contents.length,
			&document, faults);
		read_entries(&file, &document);
		ini_clear(&document);
	}
	text_free(&contents);
	return path;
}
