#include "config/environment.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "config/env_file.h"
#include "config/expand.h"
#include "config/given.h"
#include "config/read_file.h"
#include "config/source_environment.h"
#include "config/variables.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* Sets a variable, and notes who did; text is what may be shown of it, or NULL. */
static void set(const struct environment *environment, const char *name, const char *value,
	const char *text, const char *origin)
{
	variable_set(environment->known, name, value);
	given_variable_set(&environment->origins->variables, name, text, origin, false);
}

/* What ${...} may refer to now. */
static struct expand_names names_of(const struct environment *environment, bool strict)
{
	return (struct expand_names){environment->known->items, environment->later, strict};
}

static const char *origin_of(const struct environment *environment, const char *key)
{
	return origins_plain(environment->origins, "env", key)->origin;
}

/* --- env_file -------------------------------------------------------------------------------- */

static void take_entry(const struct environment *environment, const struct env_file *file,
	const struct env_file_entry *entry, struct given_variables *seen)
{
	struct text origin = {0};
	text_add_format(&origin, "%s:%zu", file->name, entry->line);
	const struct given_variable *twice = given_variable_find(seen, entry->name);
	if (twice != NULL)
		faults_add(environment->faults, "%s: %s was set already in %s", origin.bytes,
			entry->name, twice->origin);
	else if (variable_value(environment->process, entry->name) == NULL)
		set(environment, entry->name, entry->value, NULL, origin.bytes);
	given_variable_set(seen, entry->name, NULL, origin.bytes, false);
	text_free(&origin);
}

static void read_entries(
	const struct environment *environment, const char *path, const struct text *contents)
{
	struct env_file file = {path, contents->bytes, 1, environment->faults};
	struct env_file_entry entry;
	struct given_variables seen = {0};
	struct expand_names names = names_of(environment, false);
	if (text_starts_with(contents->bytes, "\xef\xbb\xbf"))
		file.cursor += 3;
	while (seen.count <= ENV_FILE_VARIABLES_MAX && env_file_next(&file, &names, &entry)) {
		take_entry(environment, &file, &entry, &seen);
		names = names_of(environment, false);
		free(entry.name);
		free(entry.value);
	}
	if (seen.count > ENV_FILE_VARIABLES_MAX)
		faults_add(environment->faults, "%s: more than %d variables", path,
			ENV_FILE_VARIABLES_MAX);
	given_variables_free(&seen);
}

static void read_env_file(const struct environment *environment, const char *word)
{
	struct text contents = {0};
	struct error error;
	bool optional = word[0] == '-';
	const char *path = word + optional;
	if (optional && access(path, F_OK) != 0)
		return;
	if (read_file(path, &contents, &error) != 0)
		faults_add(environment->faults, "%s: env_file: %s%s%s",
			origins_plain(environment->origins, "app", "env_file")->origin,
			error.message,
			access(path, F_OK) != 0 ? "; where it may be missing: -" : "",
			access(path, F_OK) != 0 ? path : "");
	else if (contents.length > 0 && strlen(contents.bytes) < contents.length)
		faults_add(environment->faults, "%s: a NUL byte; this is not a text file", path);
	else if (contents.length > 0 &&
		 file_is_trusted(path, environment->warnings, environment->faults))
		read_entries(environment, path, &contents);
	text_free(&contents);
}

/* --- [env] ----------------------------------------------------------------------------------- */

static void check_names(
	const struct environment *environment, const char *key, const struct list *names)
{
	for (size_t i = 0; i < names->count; i++) {
		const char *wrong = variable_name_fault(names->items[i]);
		if (wrong != NULL)
			faults_add(environment->faults, "%s: %s: %.40s %s",
				origin_of(environment, key), key, names->items[i], wrong);
	}
}

static char *file_variable(const char *name)
{
	struct text text = {0};
	text_add_format(&text, "%s_FILE", name);
	return text_take(&text);
}

static void read_secret(const struct environment *environment, const char *name)
{
	struct error error;
	autofree char *value = NULL;
	autofree char *variable = file_variable(name);
	bool is_read = text_equal(name, "DATABASE_URL") &&
		       variable_filled(environment->process, variable) != NULL;
	if (is_read)
		return; /* by the search for the database, which comes before */
	if (secret_from_file(environment->known->items, name, &value, &error) != 0)
		faults_add(environment->faults, "%s: secrets: %s",
			origin_of(environment, "secrets"), error.message);
	if (value != NULL)
		set(environment, name, value, NULL, variable);
}

/* The row has set a NAME_FILE of env.secrets: NAME is there for those behind it. */
static void follow_row(const struct environment *environment, const char *name)
{
	const struct list *secrets = &environment->config->env_secrets;
	for (size_t i = 0; i < secrets->count; i++) {
		autofree char *variable = file_variable(secrets->items[i]);
		if (text_equal(variable, name))
			read_secret(environment, secrets->items[i]);
	}
}

/* Both would be a value of the secret's; which one is meant? */
static bool is_set_twice(const struct environment *environment, const struct given_variable *row)
{
	autofree char *variable = file_variable(row->name);
	bool twice = !row->if_unset && list_has(&environment->config->env_secrets, row->name) &&
		     variable_filled(environment->known->items, variable) != NULL;
	if (twice)
		faults_add(environment->faults, "%s: %s is in env.secrets, and %s is set",
			row->origin, row->name, variable);
	return twice;
}

static void set_row(const struct environment *environment, const struct given_variable *row)
{
	struct error error;
	autofree char *value = NULL;
	/* A URL with a part that is empty leads elsewhere. */
	const struct expand_names names = names_of(environment, expand_is_url(row->text));
	if (row->if_unset && variable_filled(names.environment, row->name) != NULL)
		return;
	if (is_set_twice(environment, row))
		return;
	if (expand_url(row->text, &names, &value, &error) != 0) {
		faults_add(environment->faults, "%s: %s: %s", row->origin, row->name,
			expand_fault(&error));
		return;
	}
	set(environment, row->name, value, row->text, row->origin);
	follow_row(environment, row->name);
}

static void set_rows(const struct environment *environment)
{
	const struct given_variables *rows = &environment->origins->rows;
	const struct list *secrets = &environment->config->env_secrets;
	for (size_t i = 0; i < secrets->count; i++)
		read_secret(environment, secrets->items[i]);
	for (size_t i = 0; i < rows->count; i++)
		set_row(environment, &rows->items[i]);
}

void environment_compose(const struct environment *environment)
{
	const struct config *config = environment->config;
	check_names(environment, "required", &config->env_required);
	check_names(environment, "secrets", &config->env_secrets);
	check_names(environment, "unset", &config->env_unset);
	for (size_t i = 0; i < config->app_env_file.count; i++)
		read_env_file(environment, config->app_env_file.items[i]);
	set_rows(environment);
	for (size_t i = 0; i < config->env_unset.count; i++)
		variable_unset(environment->known, config->env_unset.items[i]);
}

/* --- PATH ------------------------------------------------------------------------------------ */

static void add_folder(struct text *path, const char *folder, const char *workdir)
{
	char here[PATH_MAX];
	bool under = folder[0] != '/' && workdir != NULL;
	const char *base = under ? workdir : folder;
	if (base[0] != '/' && getcwd(here, sizeof here) != NULL)
		text_add_format(path, "%s/", here);
	if (under)
		text_add_format(path, "%s/", workdir);
	text_add(path, folder);
}

void environment_prepend_path(const struct environment *environment)
{
	const struct list *folders = &environment->config->app_path_prepend;
	const char *path = variable_value(environment->known->items, "PATH");
	struct text whole = {0};
	if (folders->count == 0)
		return;
	for (size_t i = 0; i < folders->count; i++) {
		add_folder(&whole, folders->items[i], environment->config->app_workdir);
		text_add_byte(&whole, ':');
	}
	text_add(&whole, path != NULL && path[0] != '\0' ? path : DEFAULT_PATH);
	variable_set(environment->known, "PATH", whole.bytes);
	text_free(&whole);
}

/* A variable of [key NAME] gets its value later. */
static bool is_there(const struct environment *environment, const char *name)
{
	return variable_filled(environment->known->items, name) != NULL ||
	       origins_named(environment->origins, NAMED_KEY, name) != NULL;
}

void environment_require(const struct environment *environment)
{
	const struct list *names = &environment->config->env_required;
	struct text missing = {0};
	for (size_t i = 0; i < names->count; i++)
		if (!is_there(environment, names->items[i]))
			text_add_format(
				&missing, "%s%s", missing.length > 0 ? ", " : "", names->items[i]);
	if (missing.length > 0)
		faults_add(environment->faults, "%s: required: not set, or empty: %s",
			origin_of(environment, "required"), missing.bytes);
	text_free(&missing);
}
