#include "backup/restore.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backup/store.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/partial.h"

#define MARK "restore-under-way."

static char *path_of(const char *directory, const char *name)
{
	struct text path = {0};
	text_add_format(&path, "%s/%s", directory, name);
	return text_take(&path);
}

int restore_mark(const struct restore *restore, struct error *error)
{
	const char *directory = restore->config->backup_directory;
	struct manifest mark = {0};
	struct text name = {0};
	char at[CLOCK_UTC_SIZE];
	const char *digest =
		manifest_get(restore->manifest, MANIFEST_SHA256); /* what is restored */
	/* An older one's safety backup is of the better state. */
	autofree char *older = restore_unfinished(directory, restore->place);
	if (directory == NULL || restore->safety == NULL || older != NULL)
		return 0;
	manifest_set(&mark, MANIFEST_FILE, text_last_part(restore->safety));
	manifest_set(&mark, MANIFEST_URL, restore->place);
	manifest_set(&mark, MANIFEST_TIME, clock_utc(clock_now(), at));
	manifest_set(&mark, MANIFEST_SHA256, digest[0] != '\0' ? digest : "unknown");
	text_add_format(&name, MARK "%s", restore->application);
	autofree char *path = path_of(directory, name.bytes);
	int result = manifest_write(path, &mark, error);
	error->status = STATUS_RESTORE;
	text_free(&name);
	manifest_clear(&mark);
	return result;
}

/* Calls found with each mark of the database at place. */
static void each_mark(const char *directory, const char *place,
	void (*found)(const char *path, const struct manifest *mark, void *context), void *context)
{
	DIR *folder = opendir(directory);
	for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
		struct manifest mark = {0};
		struct error ignored;
		autofree char *path = path_of(directory, entry->d_name);
		if (text_starts_with(entry->d_name, MARK) &&
			strstr(entry->d_name, PARTIAL_SUFFIX) == NULL &&
			manifest_read(path, &mark, &ignored) == 0 &&
			text_equal(manifest_get(&mark, MANIFEST_URL), place))
			found(path, &mark, context);
		manifest_clear(&mark);
	}
	if (folder != NULL)
		(void)closedir(folder);
}

static void remove_mark(const char *path, const struct manifest *mark, void *context)
{
	(void)mark;
	(void)context;
	(void)unlink(path);
}

void restore_unmark(const struct restore *restore)
{
	if (restore->config->backup_directory != NULL)
		each_mark(restore->config->backup_directory, restore->place, remove_mark, NULL);
}

static void describe(const char *path, const struct manifest *mark, void *context)
{
	struct text *text = context;
	(void)path;
	text_free(text);
	text_add_format(text,
		"a restore that began at %s did not end: tables may be missing; what was there "
		"before it comes back with: tminus restore --force %s",
		manifest_get(mark, MANIFEST_TIME), manifest_get(mark, MANIFEST_FILE));
}

char *restore_unfinished(const char *directory, const char *place)
{
	struct text text = {0};
	if (directory != NULL)
		each_mark(directory, place, describe, &text);
	return text.length > 0 ? text_take(&text) : NULL;
}
