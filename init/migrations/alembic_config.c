#include "migrations/alembic_config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "config/ini.h"
#include "config/read_file.h"

/* alembic.ini, read. */
struct settings {
	char *path;
	char *here; /* its folder */
	struct ini_document document;
	const char *base; /* what relative names start from: "." or here */
};

static char *join(const char *folder, const char *name)
{
	struct text path = {0};
	if (name[0] != '/' && !text_equal(folder, "."))
		text_add_format(&path, "%s/", folder);
	text_add(&path, name);
	return text_take(&path);
}

static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	if (slash == NULL)
		return memory_copy(".");
	return memory_copy_bytes(path, slash == path ? 1 : (size_t)(slash - path));
}

static bool is_same_folder(const char *one, const char *other)
{
	struct stat first;
	struct stat second;
	return stat(one, &first) == 0 && stat(other, &second) == 0 &&
	       first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

/* The configuration that Alembic would take; NULL when there is none. */
static char *find_file(const char *directory, bool is_flask)
{
	const char *given = getenv("ALEMBIC_CONFIG");
	char *inside = join(directory, "alembic.ini");
	if (is_flask)
		return inside;
	char *candidates[] = {memory_copy(given != NULL && *given != '\0' ? given : "alembic.ini"),
		join(directory, "../alembic.ini"), inside};
	char *found = NULL;
	for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
		if (found == NULL && access(candidates[i], F_OK) == 0)
			found = candidates[i];
		else
			free(candidates[i]);
	}
	return found;
}

static const char *look_up(const struct settings *settings, const char *section, const char *key)
{
	for (size_t i = 0; i < settings->document.count; i++) {
		const struct ini_entry *entry = &settings->document.entries[i];
		if (entry->key != NULL && text_equal(entry->section, section) &&
			strcasecmp(entry->key, key) == 0)
			return entry->value;
	}
	return NULL;
}

/* NULL when it is not set, or set to nothing. */
static const char *value_of(const struct settings *settings, const char *key)
{
	const char *value = look_up(settings, "alembic", key);
	if (value == NULL)
		value = look_up(settings, "DEFAULT", key);
	return value != NULL && *value != '\0' ? value : NULL;
}

/* Puts the folder in place of %(here)s; NULL when something else stands behind a "%". */
static char *interpolated(const struct settings *settings, const char *value)
{
	static const char here[] = "%(here)s";
	struct text text = {0};
	for (; *value != '\0'; value++) {
		if (text_starts_with(value, here)) {
			text_add(&text, settings->here);
			value += strlen(here) - 1;
		} else if (*value != '%' || *++value == '%') {
			text_add_byte(&text, *value);
		} else {
			text_free(&text);
			return NULL;
		}
	}
	return text_take(&text);
}

static struct finding *refuse(
	const struct settings *settings, const char *key, struct finding *finding)
{
	return finding_set(finding, FINDING_UNKNOWN,
		"%s: %s = %s; where the revision files are is not certain", settings->path, key,
		value_of(settings, key));
}

/* What makes more than the .py files of one folder count. */
static struct finding *check_switches(const struct settings *settings, struct finding *finding)
{
	static const char *const switches[] = {"sourceless", "recursive_version_locations"};
	for (size_t i = 0; i < sizeof switches / sizeof *switches; i++) {
		const char *value = value_of(settings, switches[i]);
		if (value != NULL && strcasecmp(value, "false") != 0)
			return refuse(settings, switches[i], finding);
	}
	return NULL;
}

/* "package:folder" is looked for among Python's modules. */
static bool is_resource(const char *location)
{
	return location[0] != '/' && strchr(location, ':') != NULL;
}

/* Does script_location mean directory, from where tminus stands or from the file's folder? */
static struct finding *check_script_location(
	struct settings *settings, const char *directory, struct finding *finding)
{
	const char *value = value_of(settings, "script_location");
	autofree char *location = value != NULL ? interpolated(settings, value) : NULL;
	autofree char *from_here = location != NULL ? join(settings->here, location) : NULL;
	if (value == NULL)
		return finding_set(finding, FINDING_UNKNOWN, "%s: no script_location in [alembic]",
			settings->path);
	if (location == NULL || is_resource(location))
		return refuse(settings, "script_location", finding);
	if (is_same_folder(location, directory))
		return NULL;
	settings->base = settings->here;
	if (is_same_folder(from_here, directory))
		return NULL;
	finding_advise(finding, "set upgrade.migrations to the folder that holds env.py");
	return finding_set(finding, FINDING_UNKNOWN,
		"%s: script_location = %s, but the migrations are looked for in %s", settings->path,
		value, directory);
}

/* What separates the folders of version_locations; NULL when that is unknown. */
static const char *separator_of(const struct settings *settings)
{
	const char *value = value_of(settings, "version_path_separator");
	if (value == NULL)
		value = value_of(settings, "path_separator");
	if (value == NULL)
		return ", ";
	if (text_equal(value, "space"))
		return " ";
	if (text_equal(value, "os") || text_equal(value, ":"))
		return ":";
	return text_equal(value, ";") ? ";" : NULL;
}

/* Splits as Alembic does: without a separator of its own ", *" or blanks separate. False for a name
 * that is empty, continued, padded or a package's. */
static bool split_locations(
	const struct settings *settings, char *value, const char *separators, struct list *folders)
{
	bool is_legacy = text_equal(separators, ", ");
	for (char *name = strsep(&value, separators); name != NULL;
		name = strsep(&value, separators)) {
		if (is_legacy && value != NULL)
			value += strspn(value, " ");
		if (*name == '\0' && !is_legacy)
			continue;
		if (*name == '\0' || *name == ' ' || name[strlen(name) - 1] == ' ' ||
			strpbrk(name, "\t\n") != NULL || is_resource(name))
			return false;
		list_append_owned(folders, join(settings->base, name));
	}
	return true;
}

static struct finding *read_locations(const struct settings *settings, const char *directory,
	struct alembic_locations *locations, struct finding *finding)
{
	static const char key[] = "version_locations";
	const char *value = value_of(settings, key);
	if (value == NULL) {
		list_append_owned(&locations->folders, join(directory, "versions"));
		return NULL;
	}
	const char *separators = separator_of(settings);
	autofree char *text = interpolated(settings, value);
	locations->may_be_missing = true;
	if (separators == NULL || text == NULL ||
		!split_locations(settings, text, separators, &locations->folders))
		return refuse(settings, key, finding);
	return NULL;
}

/* pyproject.toml can hold Alembic's configuration since 1.16. */
static bool is_in_pyproject(void)
{
	struct text contents = {0};
	struct error error;
	bool found =
		access("pyproject.toml", F_OK) == 0 &&
		(read_file("pyproject.toml", &contents, &error) != 0 ||
			(contents.bytes != NULL && strstr(contents.bytes, "tool.alembic") != NULL));
	text_free(&contents);
	return found;
}

static struct finding *parse(struct settings *settings, struct finding *finding)
{
	struct text contents = {0};
	struct error error;
	struct faults faults = {0};
	struct finding *concluded = NULL;
	if (read_file(settings->path, &contents, &error) != 0)
		concluded = finding_set(finding, FINDING_UNKNOWN, "%s", error.message);
	else
		ini_parse_text(settings->path, contents.bytes != NULL ? contents.bytes : "",
			contents.length, &settings->document, &faults);
	if (faults.messages.count > 0)
		concluded = finding_set(finding, FINDING_UNKNOWN, "%s", faults.messages.items[0]);
	faults_free(&faults);
	text_free(&contents);
	return concluded;
}

static struct finding *read_settings(struct settings *settings, const char *directory,
	bool is_flask, struct alembic_locations *locations, struct finding *finding)
{
	bool is_there = settings->path != NULL && access(settings->path, F_OK) == 0;
	if (!is_flask && is_in_pyproject())
		return finding_set(finding, FINDING_UNKNOWN,
			"pyproject.toml: may hold Alembic's configuration");
	if (!is_flask && !is_there)
		return finding_set(
			finding, FINDING_UNKNOWN, "no alembic.ini here or beside %s", directory);
	if ((is_there && parse(settings, finding) != NULL) ||
		check_switches(settings, finding) != NULL ||
		(!is_flask && check_script_location(settings, directory, finding) != NULL))
		return finding;
	return read_locations(settings, directory, locations, finding);
}

struct finding *alembic_config_read(const char *directory, bool is_flask,
	struct alembic_locations *locations, struct finding *finding)
{
	struct settings settings = {.path = find_file(directory, is_flask), .base = "."};
	settings.here = folder_of(settings.path != NULL ? settings.path : "");
	struct finding *concluded =
		read_settings(&settings, directory, is_flask, locations, finding);
	ini_clear(&settings.document);
	free(settings.path);
	free(settings.here);
	return concluded;
}
