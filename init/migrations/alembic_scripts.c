#include "migrations/alembic_scripts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "config/read_file.h"

#define MOST_SCRIPTS 10000
#define SMALL_SIZE 16384

/* path is the script's own from now on. */
static struct alembic_script *add_script(struct alembic_scripts *scripts, char *path)
{
	if (scripts->count == scripts->capacity) {
		scripts->capacity = scripts->capacity > 0 ? 2 * scripts->capacity : 64;
		scripts->items =
			memory_resized(scripts->items, scripts->capacity, sizeof *scripts->items);
	}
	struct alembic_script *script = &scripts->items[scripts->count++];
	*script = (struct alembic_script){.path = path};
	return script;
}

static struct finding *refuse_absent(
	const char *path, enum alembic_name name, struct finding *finding)
{
	finding_advise(finding, "every .py file in that folder has to be a revision: move it away");
	return finding_set(
		finding, FINDING_BROKEN, "%s: %s is not set", path, alembic_name_text(name));
}

static bool is_hexadecimal(const char *path)
{
	const char *name = text_last_part(path);
	return text_equal(name + strspn(name, "0123456789abcdef"), ".py");
}

/* Alembic uses an empty string like none at all, but only in down_revision. */
static bool is_certain(const struct alembic_value *value, enum alembic_name name)
{
	if (value->kind == ALEMBIC_UNCERTAIN)
		return false;
	if (name == ALEMBIC_REVISION && value->kind != ALEMBIC_STRING)
		return false;
	for (size_t i = 0; i < value->strings.count; i++)
		if (value->strings.items[i][0] == '\0')
			return false;
	return true;
}

static void drop_empty(struct alembic_value *value)
{
	if (value->kind == ALEMBIC_STRING && value->strings.items[0][0] == '\0') {
		list_clear(&value->strings);
		value->kind = ALEMBIC_NONE;
	}
}

static struct finding *check_values(struct alembic_script *script, struct finding *finding)
{
	drop_empty(&script->values[ALEMBIC_DOWN_REVISION]);
	/* Before Alembic 0.2 the name of the file was the revision. */
	if (script->values[ALEMBIC_REVISION].kind == ALEMBIC_ABSENT &&
		!is_hexadecimal(script->path))
		return refuse_absent(script->path, ALEMBIC_REVISION, finding);
	for (enum alembic_name name = 0; name < ALEMBIC_NAMES; name++)
		if (!is_certain(&script->values[name], name))
			return finding_set(finding, FINDING_UNKNOWN,
				"%s: %s is not a plain string, or may be changed", script->path,
				alembic_name_text(name));
	if (script->values[ALEMBIC_DOWN_REVISION].kind == ALEMBIC_ABSENT)
		return refuse_absent(script->path, ALEMBIC_DOWN_REVISION, finding);
	if (strpbrk(alembic_script_id(script), "@-+") == NULL)
		return NULL;
	finding_advise(finding, "Alembic takes no @, - and + in a revision: give it another");
	return finding_set(finding, FINDING_BROKEN,
		"%s: revision %s has a character that is not allowed", script->path,
		alembic_script_id(script));
}

/* Reads a small regular file in the fewest system calls. False where that is not possible, for
 * whatever reason. */
static bool read_small(int folder, const struct dirent *entry, struct text *contents)
{
	char buffer[SMALL_SIZE];
	if (entry->d_type != DT_REG)
		return false;
	autoclose int file = openat(folder, entry->d_name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t length = file >= 0 ? read(file, buffer, sizeof buffer) : -1;
	if (length < 0 || length == (ssize_t)sizeof buffer)
		return false;
	text_add_bytes(contents, buffer, (size_t)length);
	return true;
}

static struct finding *read_script(struct alembic_scripts *scripts, const struct dirent *entry,
	char *path, struct finding *finding)
{
	struct error error;
	struct text *contents = &scripts->contents;
	contents->length = 0;
	struct alembic_script *script = add_script(scripts, path);
	if (!read_small(dirfd(scripts->directory), entry, contents) &&
		read_file(path, contents, &error) != 0)
		return finding_set(finding, FINDING_UNKNOWN, "%s", error.message);
	alembic_script_read(script, contents->length > 0 ? contents->bytes : "", contents->length);
	return check_values(script, finding);
}

/* (?!\.\#|__init__)(.*\.py)$ */
static bool is_script_name(const char *name)
{
	size_t length = strlen(name);
	return length > 3 && text_equal(name + length - 3, ".py") &&
	       !text_starts_with(name, ".#") && !text_starts_with(name, "__init__");
}

static struct finding *read_entry(struct alembic_scripts *scripts, const char *folder,
	const struct dirent *entry, struct finding *finding)
{
	/* What the pattern's "$" makes of it depends on where it stands. */
	if (strchr(entry->d_name, '\n') != NULL)
		return finding_set(
			finding, FINDING_UNKNOWN, "%s: holds a name with a newline", folder);
	if (!is_script_name(entry->d_name))
		return NULL;
	if (scripts->count == MOST_SCRIPTS)
		return finding_set(
			finding, FINDING_UNKNOWN, "%s: more than %d files", folder, MOST_SCRIPTS);
	struct text path = {0};
	text_add_format(&path, "%s/%s", folder, entry->d_name);
	return read_script(scripts, entry, text_take(&path), finding);
}

static enum alembic_reading refuse_folder(const char *folder, int number, struct finding *finding)
{
	finding_advise(finding,
		"is the folder in the image? .dockerignore may leave it out, and git keeps no "
		"empty one");
	(void)finding_set(finding, number == ENOENT ? FINDING_BROKEN : FINDING_UNKNOWN, "%s: %s",
		folder, strerror(number));
	return ALEMBIC_CONCLUDED;
}

static void leave_folder(struct alembic_scripts *scripts)
{
	if (scripts->directory != NULL)
		(void)closedir(scripts->directory);
	scripts->directory = NULL;
	scripts->folder++;
}

static enum alembic_reading enter_folder(struct alembic_scripts *scripts, const char *folder,
	bool may_be_missing, struct finding *finding)
{
	scripts->directory = opendir(folder);
	if (scripts->directory == NULL && (errno != ENOENT || !may_be_missing))
		return refuse_folder(folder, errno, finding);
	if (scripts->directory == NULL)
		leave_folder(scripts);
	return ALEMBIC_MORE;
}

enum alembic_reading alembic_scripts_advance(struct alembic_scripts *scripts,
	const struct alembic_locations *locations, struct finding *finding)
{
	if (scripts->folder == locations->folders.count)
		return ALEMBIC_READ;
	const char *folder = locations->folders.items[scripts->folder];
	if (scripts->directory == NULL)
		return enter_folder(scripts, folder, locations->may_be_missing, finding);
	errno = 0;
	const struct dirent *entry = readdir(scripts->directory);
	if (entry == NULL && errno != 0)
		return refuse_folder(folder, errno, finding);
	if (entry == NULL)
		leave_folder(scripts);
	else if (read_entry(scripts, folder, entry, finding) != NULL)
		return ALEMBIC_CONCLUDED;
	return ALEMBIC_MORE;
}

void alembic_scripts_clear(struct alembic_scripts *scripts)
{
	leave_folder(scripts);
	for (size_t i = 0; i < scripts->count; i++)
		alembic_script_clear(&scripts->items[i]);
	free(scripts->items);
	text_free(&scripts->contents);
	*scripts = (struct alembic_scripts){0};
}
