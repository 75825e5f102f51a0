#include "migrations/versioned_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"

/* Nobody has as many; what does is something else. */
#define MOST_ENTRIES 200000

struct walk {
	const char *directory;
	const struct versioned_names *names;
	struct versioned_files *files;
	struct finding *finding;
	size_t entries;
	struct list folders; /* to read, below the directory: "" or with a final slash */
};

/* Where the walk is. */
struct place {
	DIR *folder;
	const char *path; /* one of the walk's folders */
};

static void close_folder(DIR *const *folder)
{
	if (*folder != NULL)
		(void)closedir(*folder);
}

static bool unreadable(struct walk *walk, const char *path, int number)
{
	(void)finding_set(walk->finding, FINDING_UNKNOWN, "%s/%s cannot be read: %s",
		walk->directory, path, strerror(number));
	return false;
}

static void add(struct versioned_files *files, char *path, char *version)
{
	if (files->count == files->room) {
		files->room = files->room > 0 ? 2 * files->room : 64;
		files->items = memory_resized(files->items, files->room, sizeof *files->items);
	}
	files->items[files->count++] = (struct versioned_file){.path = path, .version = version};
}

/* The type of an entry itself, not of what a link leads to; 0 when it cannot be told. */
static mode_t type_of(const struct place *place, const struct dirent *entry)
{
	struct stat status;
	if (entry->d_type == DT_REG)
		return S_IFREG;
	if (fstatat(dirfd(place->folder), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0)
		return 0;
	return status.st_mode & S_IFMT;
}

/* A migration that is no file: what opens a FIFO may wait for ever. */
static bool is_file(struct walk *walk, const struct place *place, const char *name, mode_t type,
	const char *path)
{
	struct stat status = {.st_mode = type};
	if (type == S_IFREG)
		return true;
	if (fstatat(dirfd(place->folder), name, &status, 0) != 0)
		return unreadable(walk, path, errno);
	if (S_ISREG(status.st_mode))
		return true;
	if (S_ISDIR(status.st_mode))
		(void)finding_set(walk->finding, FINDING_UNKNOWN,
			"%s/%s is a folder with the name of a migration", walk->directory, path);
	else
		(void)finding_set(walk->finding, FINDING_BROKEN,
			"%s/%s is a FIFO, a socket or a device with the name of a migration",
			walk->directory, path);
	finding_advise(walk->finding, "remove %s/%s", walk->directory, path);
	return false;
}

static bool illegal(struct walk *walk, const char *path)
{
	(void)finding_set(walk->finding, FINDING_BROKEN,
		"%s/%s has a name that the tool refuses for a migration", walk->directory, path);
	finding_advise(walk->finding, "rename or remove %s/%s", walk->directory, path);
	return false;
}

static char *joined(const char *folder, const char *name, const char *end)
{
	struct text path = {0};
	text_add_format(&path, "%s%s%s", folder, name, end);
	return text_take(&path);
}

/* One entry that may be a migration. */
static bool take(
	struct walk *walk, const struct place *place, const struct dirent *entry, mode_t type)
{
	autofree char *version = NULL;
	enum versioned_name is = walk->names->classify(entry->d_name, &version);
	if (is == VERSIONED_OTHER || (type == S_IFDIR && walk->names->passes_folders))
		return true;
	autofree char *path = joined(place->path, entry->d_name, "");
	if (is == VERSIONED_ILLEGAL)
		return illegal(walk, path);
	if (!is_file(walk, place, entry->d_name, type, path))
		return false;
	add(walk->files, path, version);
	path = NULL;
	version = NULL;
	return true;
}

static bool visit(struct walk *walk, const struct place *place, const struct dirent *entry)
{
	if (text_equal(entry->d_name, ".") || text_equal(entry->d_name, ".."))
		return true;
	if (++walk->entries > MOST_ENTRIES)
		return unreadable(walk, place->path, EFBIG);
	mode_t type = type_of(place, entry);
	if (walk->names->subfolders && type == S_IFDIR && entry->d_name[0] != '.')
		list_append_owned(&walk->folders, joined(place->path, entry->d_name, "/"));
	return take(walk, place, entry, type);
}

static bool read_place(struct walk *walk, const struct place *place)
{
	for (;;) {
		errno = 0;
		const struct dirent *entry = readdir(place->folder);
		if (entry == NULL)
			return errno == 0 || unreadable(walk, place->path, errno);
		if (!visit(walk, place, entry))
			return false;
	}
}

static bool read_folder(struct walk *walk, const char *path)
{
	autofree char *whole = joined(walk->directory, "/", path);
	__attribute__((cleanup(close_folder))) DIR *folder = opendir(whole);
	if (folder == NULL)
		return unreadable(walk, path, errno);
	return read_place(walk, &(struct place){.folder = folder, .path = path});
}

int versioned_files_by_path(const void *one, const void *other)
{
	const struct versioned_file *first = one;
	const struct versioned_file *second = other;
	return strcmp(first->path, second->path);
}

static void sort(struct versioned_files *files, const struct versioned_names *names)
{
	if (files->count > 0)
		qsort(files->items, files->count, sizeof *files->items, names->compare);
}

bool versioned_files_read(const char *directory, const struct versioned_names *names,
	struct versioned_files *files, struct finding *finding)
{
	struct walk walk = {
		.directory = directory, .names = names, .files = files, .finding = finding};
	list_append(&walk.folders, "");
	bool is_read = true;
	for (size_t i = 0; is_read && i < walk.folders.count; i++)
		is_read = read_folder(&walk, walk.folders.items[i]);
	list_clear(&walk.folders);
	sort(files, names);
	return is_read;
}

void versioned_files_clear(struct versioned_files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		free(files->items[i].path);
		free(files->items[i].version);
	}
	free(files->items);
	*files = (struct versioned_files){0};
}
