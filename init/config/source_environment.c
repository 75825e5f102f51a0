#include "config/source_environment.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "config/read_file.h"
#include "config/section_name.h"
#include "config/settings.h"
#include "config/suggest.h"
#include "config/variables.h"

#define PREFIX "TMINUS_"

/* Read elsewhere, for later, or (VERSION) what Dockerfiles use to pin a release: never unknown.
 * TMINUS_ENVIRONMENT is a setting besides. */
static const char *const reserved[] = {"TMINUS_CONFIG", "TMINUS_BOOT_ID", "TMINUS_VERSION"};

static bool is_from_kubernetes(const char *name, size_t length)
{
	static const struct {
		const char *name;
		bool prefix;
	} injected[] = {
		{"TMINUS_SERVICE_HOST", false},
		{"TMINUS_SERVICE_PORT", false},
		{"TMINUS_SERVICE_PORT_", true},
		{"TMINUS_PORT", false},
		{"TMINUS_PORT_", true},
	};
	for (size_t i = 0; i < sizeof injected / sizeof *injected; i++) {
		size_t size = strlen(injected[i].name);
		if (length >= size && (injected[i].prefix || length == size) &&
			strncmp(name, injected[i].name, size) == 0)
			return true;
	}
	return false;
}

bool source_environment_owns(const char *name, size_t length)
{
	return length >= sizeof PREFIX - 1 && text_starts_with(name, PREFIX) &&
	       !is_from_kubernetes(name, length);
}

const char *variable_name_fault(const char *name)
{
	size_t length = 0;
	while (variable_byte(name[length], length == 0))
		length++;
	if (length == 0 || name[length] != '\0')
		return "is no name of a variable (letters, digits and _, and no digit first)";
	if (source_environment_owns(name, length))
		return "is tminus's own: settings stand in sections of their own";
	return text_equal(name, "NOTIFY_SOCKET") ? "is tminus's to set: see app.notify" : NULL;
}

static bool is_reserved(const char *name)
{
	for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
		if (text_equal(name, reserved[i]))
			return true;
	return false;
}

static int read_secret(const char *variable, const char *path, char **value, struct error *error)
{
	struct text contents = {0};
	struct error reason;
	if (read_file(path, &contents, &reason) != 0) {
		text_free(&contents);
		return error_set(error, STATUS_CONFIG, "%s: %s", variable, reason.message);
	}
	if (contents.length > 0 && memchr(contents.bytes, '\0', contents.length) != NULL) {
		text_free(&contents);
		return error_set(error, STATUS_CONFIG,
			"%s: %s: has a NUL byte in it, which no value can hold", variable, path);
	}
	char *secret = text_take(&contents);
	size_t length = strlen(secret);
	if (length > 0 && secret[length - 1] == '\n')
		secret[--length] = '\0';
	if (length > 0 && secret[length - 1] == '\r')
		secret[--length] = '\0';
	*value = secret;
	return 0;
}

int secret_from_file(char *const *environment, const char *name, char **value, struct error *error)
{
	struct text variable = {0};
	text_add_format(&variable, "%s_FILE", name);
	autofree char *file_variable = text_take(&variable);
	*value = NULL;
	const char *path = variable_filled(environment, file_variable);
	if (path == NULL)
		return 0;
	if (variable_filled(environment, name) != NULL)
		return error_set(error, STATUS_CONFIG, "%s and %s are both set; unset one of them",
			name, file_variable);
	return read_secret(file_variable, path, value, error);
}

/* The row of settings whose variable is the length bytes at name, or NULL. */
static struct given *find_plain(struct origins *origins, const char *name, size_t length)
{
	size_t count;
	const struct setting *plain = settings_plain(&count);
	for (size_t i = 0; i < count; i++) {
		autofree char *variable = setting_variable(&plain[i], NULL);
		if (strlen(variable) == length && strncmp(variable, name, length) == 0)
			return &origins->plain[i];
	}
	return NULL;
}

/* The length of "TMINUS_STEP_", "TMINUS_SERVICE_" or "TMINUS_JOB_", where name begins with it; else
 * 0. */
static size_t prefix_length(const char *name, enum named_kind kind)
{
	const char *word = settings_kind_name(kind);
	size_t size = strlen(word);
	const char *upper = name + sizeof PREFIX - 1;
	for (size_t i = 0; i < size; i++)
		if (upper[i] != toupper((unsigned char)word[i]))
			return 0;
	return upper[size] == '_' ? sizeof PREFIX + size : 0;
}

/* The index of the key that the length bytes at name end with, and the length of what is before
 * "_KEY"; -1 when there is none. The longest key wins. */
static int find_key_suffix(enum named_kind kind, const char *name, size_t length, size_t *before)
{
	size_t count;
	int found = -1;
	const struct setting *keys = settings_named(kind, &count);
	for (size_t i = 0; i < count; i++) {
		autofree char *variable = setting_variable(&keys[i], NULL);
		const char *suffix = variable + prefix_length(variable, kind) - 1; /* with '_' */
		size_t size = strlen(suffix);
		if (length <= size || strncmp(name + length - size, suffix, size) != 0)
			continue;
		if (found >= 0 && length - size >= *before)
			continue;
		found = (int)i;
		*before = length - size;
	}
	return found;
}

/* A section that only the environment names: COLLECT_STATIC is collect-static, but a key is called
 * as its variable. */
static struct given_section *add_section(struct origins *origins, enum named_kind kind,
	const char *upper, size_t length, const char *origin)
{
	autofree char *name = memory_copy_bytes(upper, length);
	for (char *byte = name; kind != NAMED_KEY && *byte != '\0'; byte++)
		*byte = (char)(*byte == '_' ? '-' : tolower((unsigned char)*byte));
	if (section_name_fault(kind, name) != NULL)
		return NULL;
	return origins_add_named(origins, kind, name, origin);
}

/* The row of the named section's setting whose variable is the length bytes at name, or NULL. */
static struct given *find_named(
	struct origins *origins, enum named_kind kind, const char *name, size_t length)
{
	size_t prefix = prefix_length(name, kind);
	size_t before = 0;
	if (settings_kind_is_path(kind) || prefix == 0 || length <= prefix)
		return NULL;
	const char *upper = name + prefix;
	int key = find_key_suffix(kind, upper, length - prefix, &before);
	if (key < 0)
		return NULL;
	struct given_section *section = origins_named_by_variable(origins, kind, upper, before);
	if (section == NULL)
		section = add_section(origins, kind, upper, before, name);
	return section != NULL ? &section->keys[key] : NULL;
}

static struct given *find_given(struct origins *origins, const char *name, size_t length)
{
	struct given *given = find_plain(origins, name, length);
	for (enum named_kind kind = 0; given == NULL && kind < NAMED_KINDS; kind++)
		given = find_named(origins, kind, name, length);
	return given;
}

static void refuse_variable(const char *name, struct faults *faults)
{
	char room[SUGGEST_TEXT_SIZE];
	size_t count;
	const struct setting *plain = settings_plain(&count);
	struct suggestion suggestion = suggest_for(name);
	for (size_t i = 0; i < count; i++) {
		autofree char *variable = setting_variable(&plain[i], NULL);
		suggest_offer(&suggestion, variable);
	}
	for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
		suggest_offer(&suggestion, reserved[i]);
	faults_add(faults, "%s: unknown variable%s", name, suggest_text(&suggestion, room));
}

static void read_file_variable(char *const *environment, const char *name, size_t base_length,
	struct given *given, struct faults *faults)
{
	struct error error;
	autofree char *base = memory_copy_bytes(name, base_length);
	autofree char *value = NULL;
	/* For tminus's own variables, set to "" is set too. */
	if (variable_value(environment, base) != NULL && variable_filled(environment, name) != NULL)
		faults_add(faults, "%s and %s are both set; unset one of them", base, name);
	else if (secret_from_file(environment, base, &value, &error) != 0)
		faults_add(faults, "%s", error.message);
	else if (value != NULL)
		given_set(given, value, name, SOURCE_FILE);
}

static void read_variable(
	char *const *environment, const char *name, struct origins *origins, struct faults *faults)
{
	size_t length = strlen(name);
	struct given *given = find_given(origins, name, length);
	if (given != NULL) {
		given_set(given, variable_value(environment, name), name, SOURCE_ENVIRONMENT);
		return;
	}
	bool file = length > 5 && text_equal(name + length - 5, "_FILE");
	if (file)
		given = find_given(origins, name, length - 5);
	if (given != NULL)
		read_file_variable(environment, name, length - 5, given, faults);
	else
		refuse_variable(name, faults);
}

static int compare(const void *one, const void *other)
{
	return strcmp(*(char *const *)one, *(char *const *)other);
}

/* The names of tminus's own variables, sorted, so that steps and faults come in a fixed order. */
static struct list own_names(char *const *environment)
{
	struct list names = {0};
	for (; *environment != NULL; environment++) {
		size_t length = strcspn(*environment, "=");
		if ((*environment)[length] == '=' && source_environment_owns(*environment, length))
			list_append_owned(&names, memory_copy_bytes(*environment, length));
	}
	if (names.count > 1)
		qsort(names.items, names.count, sizeof *names.items, compare);
	return names;
}

void source_environment_read(
	char *const *environment, struct origins *origins, struct faults *faults)
{
	if (environment == NULL)
		return;
	struct list names = own_names(environment);
	for (size_t i = 0; i < names.count; i++) {
		bool repeated = i > 0 && text_equal(names.items[i], names.items[i - 1]);
		if (!repeated && !is_reserved(names.items[i]))
			read_variable(environment, names.items[i], origins, faults);
	}
	list_clear(&names);
}
