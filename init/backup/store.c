#include "backup/store.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/partial.h"
#include "base/sha256.h"
#include "base/text.h"

#define NAME_PART 60 /* bytes of a database's name, or a revision, in a file's */

/* statfs(2); rootless engines have fuse-overlayfs. */
#define MAGIC_OVERLAY 0x794c7630
#define MAGIC_FUSE 0x65735546

static char *join(const char *directory, const char *name)
{
	struct text path = {0};
	text_add_format(&path, "%s/%s", directory, name);
	return text_take(&path);
}

static bool ends_with(const char *name, const char *end)
{
	size_t length = strlen(name);
	size_t tail = strlen(end);
	return length >= tail && strcmp(name + length - tail, end) == 0;
}

int store_sync(const char *path)
{
	autofree char *copy = memory_copy(path);
	autoclose int folder = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Some network file systems sync no folders. */
	if (folder < 0 || (fsync(folder) != 0 && errno != EINVAL))
		return -1;
	return 0;
}

int store_digest(int descriptor, char digest[SHA256_TEXT], long long *size)
{
	char bytes[16384];
	struct sha256 sha;
	ssize_t count;
	off_t at = 0;
	sha256_begin(&sha);
	while ((count = pread(descriptor, bytes, sizeof bytes, at)) != 0) {
		if (count < 0 && errno != EINTR)
			return -1;
		if (count > 0)
			sha256_add(&sha, bytes, (size_t)count);
		at += count > 0 ? count : 0;
	}
	sha256_end(&sha, digest);
	*size = at;
	return 0;
}

/* --- the folder ------------------------------------------------------------------------------ */

/* A container's own files lie on the mount of its root; a volume is a mount of its own. */
static bool goes_with_container(const char *directory)
{
	struct stat here;
	struct stat root;
	struct statfs system;
	if (stat(directory, &here) != 0 || stat("/", &root) != 0 || here.st_dev != root.st_dev ||
		statfs("/", &system) != 0)
		return false;
	uint32_t type = (uint32_t)system.f_type;
	return type == MAGIC_OVERLAY || type == MAGIC_FUSE;
}

int store_check(const char *directory, bool ephemeral, struct error *error)
{
	struct stat status;
	if (directory == NULL)
		return error_set(error, STATUS_BACKUP,
			"backup.directory is not set: name a folder on a volume "
			"(TMINUS_BACKUP_DIRECTORY=/backups)");
	if (stat(directory, &status) != 0)
		return error_set_errno(error, STATUS_BACKUP, errno,
			"backup.directory %s cannot be used (make it, or mount a volume there)",
			directory);
	if (!S_ISDIR(status.st_mode))
		return error_set(
			error, STATUS_BACKUP, "backup.directory %s is not a folder", directory);
	if (access(directory, R_OK | W_OK | X_OK) != 0)
		return error_set_errno(error, STATUS_BACKUP, errno,
			"backup.directory %s cannot be written by uid %u (chown %u %s)", directory,
			(unsigned)geteuid(), (unsigned)geteuid(), directory);
	if (!ephemeral && goes_with_container(directory))
		return error_set(error, STATUS_BACKUP,
			"backup.directory %s lies on the container's own layer and would go away "
			"with it: mount a volume there (-v backups:%s), or set "
			"backup.ephemeral=yes",
			directory, directory);
	return 0;
}

const char *store_size(long long size, char room[STORE_SIZE_TEXT])
{
	static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
	long long tenths = size * 10;
	size_t unit = 0;
	for (; tenths >= 10000 && unit + 1 < sizeof units / sizeof units[0]; unit++)
		tenths /= 1000;
	if (unit > 0 && tenths < 1000)
		(void)snprintf(room, STORE_SIZE_TEXT, "%lld.%lld %s", tenths / 10, tenths % 10,
			units[unit]);
	else
		(void)snprintf(room, STORE_SIZE_TEXT, "%lld %s", tenths / 10, units[unit]);
	return room;
}

int store_room(const char *directory, long long size, const char *what, struct error *error)
{
	char free_room[STORE_SIZE_TEXT];
	char size_room[STORE_SIZE_TEXT];
	struct statvfs space;
	if (statvfs(directory, &space) != 0)
		return 0;
	unsigned long long left = space.f_bavail * space.f_frsize;
	if (size <= 0 || left >= (unsigned long long)size)
		return 0;
	return error_set(error, STATUS_BACKUP,
		"backup.directory %s has %s left, and %s needs about %s: make room there, lower "
		"backup.keep, or name another folder",
		directory, store_size((long long)left, free_room), what,
		store_size(size, size_room));
}

/* --- reading --------------------------------------------------------------------------------- */

/* By time, the newest first. */
static int compare(const void *one, const void *other)
{
	const struct store_entry *left = one;
	const struct store_entry *right = other;
	int order = strcmp(manifest_get(&right->manifest, MANIFEST_TIME),
		manifest_get(&left->manifest, MANIFEST_TIME));
	return order != 0 ? order : strcmp(right->path, left->path);
}

static void clear_entry(struct store_entry *entry)
{
	free(entry->path);
	manifest_clear(&entry->manifest);
}

/* The file is there, under the name that its manifest knows, as long as it was. */
static bool is_complete(const struct store_entry *entry)
{
	struct stat status;
	return text_equal(manifest_get(&entry->manifest, MANIFEST_FILE),
		       text_last_part(entry->path)) &&
	       stat(entry->path, &status) == 0 && S_ISREG(status.st_mode) &&
	       status.st_size == strtoll(manifest_get(&entry->manifest, MANIFEST_SIZE), NULL, 10);
}

static void take_manifest(struct store *store, const char *directory, const char *name)
{
	struct store_entry entry = {.path = join(directory, name)};
	struct error ignored;
	int result = manifest_read(entry.path, &entry.manifest, &ignored);
	entry.path[strlen(entry.path) - strlen(MANIFEST_SUFFIX)] = '\0';
	if (result != 0 || !is_complete(&entry)) {
		clear_entry(&entry);
		return;
	}
	store->entries = memory_resized(store->entries, store->count + 1, sizeof *store->entries);
	store->entries[store->count++] = entry;
}

int store_read(const char *directory, struct store *store, struct error *error)
{
	*store = (struct store){0};
	DIR *folder = opendir(directory);
	if (folder == NULL)
		return error_set_errno(error, STATUS_RESTORE, errno,
			"backup.directory %s cannot be read", directory);
	for (const struct dirent *at; (at = readdir(folder)) != NULL;)
		if (at->d_name[0] != '.' && ends_with(at->d_name, MANIFEST_SUFFIX))
			take_manifest(store, directory, at->d_name);
	(void)closedir(folder);
	if (store->count > 0)
		qsort(store->entries, store->count, sizeof *store->entries, compare);
	return 0;
}

static bool is_of(const struct store_entry *entry, enum manifest_field field, const char *value)
{
	return value == NULL || text_equal(manifest_get(&entry->manifest, field), value);
}

const struct store_entry *store_newest(const struct store *store, const char *url, const char *boot)
{
	for (size_t i = 0; i < store->count; i++)
		if (is_of(&store->entries[i], MANIFEST_URL, url) &&
			is_of(&store->entries[i], MANIFEST_BOOT, boot))
			return &store->entries[i];
	return NULL;
}

const struct store_entry *store_find(const struct store *store, const char *name)
{
	for (size_t i = 0; i < store->count; i++)
		if (is_of(&store->entries[i], MANIFEST_FILE, name))
			return &store->entries[i];
	return NULL;
}

bool store_is_identity(const char *one, const char *other)
{
	return one[0] == '\0' || other[0] == '\0' || text_equal(one, other);
}

bool store_is_safety(const struct store_entry *entry)
{
	return is_of(entry, MANIFEST_REASON, "restore");
}

void store_clear(struct store *store)
{
	for (size_t i = 0; i < store->count; i++)
		clear_entry(&store->entries[i]);
	free(store->entries);
	*store = (struct store){0};
}

/* A backup of some tables is none of all, and one of another schema is somebody else's. Those that
 * restores have made are always of all. */
static bool is_alike(const struct store_entry *entry, const struct manifest *manifest)
{
	static const enum manifest_field fields[] = {
		MANIFEST_URL, MANIFEST_SCHEMA, MANIFEST_TABLES, MANIFEST_EXCLUDE};
	size_t count = store_is_safety(entry) ? 2 : sizeof fields / sizeof fields[0];
	for (size_t i = 0; i < count; i++)
		if (!is_of(entry, fields[i], manifest_get(manifest, fields[i])))
			return false;
	return store_is_identity(manifest_get(&entry->manifest, MANIFEST_IDENTITY),
		manifest_get(manifest, MANIFEST_IDENTITY));
}

/* An upgrade that fails at every start is backed up at every start, and on MySQL and SQLite all but
 * the first of these hold what it left half done. Its index; store->count where no upgrade began at
 * the revision of the newest. */
static size_t before_failures(const struct store *store, const struct manifest *newest)
{
	size_t first = store->count;
	const char *revision = manifest_get(newest, MANIFEST_REVISION);
	for (size_t i = 0; i < store->count; i++) {
		const struct store_entry *entry = &store->entries[i];
		if (!is_alike(entry, newest) || store_is_safety(entry))
			continue;
		if (!is_of(entry, MANIFEST_REVISION, revision))
			break;
		if (is_of(entry, MANIFEST_REASON, "upgrade"))
			first = i;
	}
	return first;
}

/* The one just made is the newest, whatever another machine's clock has said. */
size_t store_prune(const char *directory, const struct manifest *newest, size_t keep)
{
	struct store store;
	struct error ignored;
	size_t found[] = {1, 0}; /* the others, those of restores */
	size_t deleted = 0;
	if (keep == 0 || store_read(directory, &store, &ignored) != 0)
		return 0;
	const size_t spared = before_failures(&store, newest);
	for (size_t i = 0; i < store.count; i++) {
		const struct store_entry *entry = &store.entries[i];
		if (!is_alike(entry, newest) ||
			is_of(entry, MANIFEST_FILE, manifest_get(newest, MANIFEST_FILE)) ||
			++found[store_is_safety(entry)] <= keep || i == spared ||
			unlink(entry->path) != 0)
			continue;
		struct text manifest = {0};
		text_add_format(&manifest, "%s" MANIFEST_SUFFIX, entry->path);
		(void)unlink(manifest.bytes);
		text_free(&manifest);
		deleted++;
	}
	store_clear(&store);
	return deleted;
}

/* --- writing --------------------------------------------------------------------------------- */

int store_begin(
	const char *directory, const char *boot, struct store_file *file, struct error *error)
{
	char name[PARTIAL_NAME_SIZE];
	autoclose int folder = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* A boot that makes two backups makes them one after the other. */
	*file = (struct store_file){.directory = memory_copy(directory),
		.descriptor = folder < 0 ? -1 : partial_open(folder, boot, name)};
	if (file->descriptor < 0)
		return error_set_errno(error, STATUS_BACKUP, errno,
			"backup.directory %s: cannot be written", directory);
	file->path = join(directory, name);
	return 0;
}

/* What every file system and shell takes, and no hidden name. */
static void add_safely(struct text *text, const char *part)
{
	const char *end = part + strnlen(part, NAME_PART);
	for (const char *at = part; at < end; at++) {
		bool safe = isalnum((unsigned char)*at) || *at == '_' ||
			    (at > part && (*at == '.' || *at == '-'));
		if (safe)
			text_add_byte(text, *at);
		else
			text_add_byte(text, '_');
	}
}

/* "2026-11-21T16:01:02Z" without its signs. */
static void add_time(struct text *text, const char *time)
{
	text_add_byte(text, '-');
	for (; *time != '\0'; time++)
		if (isalnum((unsigned char)*time))
			text_add_byte(text, *time);
}

/* False when somebody else has the name, or is about to: whose manifest it is decides. */
static bool claim(const char *path)
{
	struct text beside = {0};
	text_add_format(&beside, "%s" MANIFEST_SUFFIX, path);
	autoclose int manifest = open(beside.bytes, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool taken = manifest < 0 && errno == EEXIST;
	text_free(&beside);
	return !taken;
}

/* DATABASE-TIME-REVISION.dump; a second one of the same second gets a number, by which it is the
 * newer. */
static char *make_name(
	const struct store_file *file, const char *suffix, const struct manifest *manifest)
{
	const char *revision = manifest_get(manifest, MANIFEST_REVISION);
	for (int number = 1;; number++) {
		struct text name = {0};
		add_safely(&name, manifest_get(manifest, MANIFEST_DATABASE));
		add_time(&name, manifest_get(manifest, MANIFEST_TIME));
		text_add_byte(&name, '-');
		add_safely(&name, revision[0] != '\0' ? revision : "none");
		if (number > 1)
			text_add_format(&name, "_%d", number);
		text_add(&name, suffix);
		autofree char *path = join(file->directory, name.bytes);
		if (access(path, F_OK) != 0 && claim(path))
			return text_take(&name);
		text_free(&name);
	}
}

static int describe(struct store_file *file, struct manifest *manifest)
{
	char digest[SHA256_TEXT];
	char number[24];
	long long size = 0;
	if (fsync(file->descriptor) != 0 || store_digest(file->descriptor, digest, &size) != 0)
		return -1;
	(void)snprintf(number, sizeof number, "%lld", size);
	manifest_set(manifest, MANIFEST_SIZE, number);
	manifest_set(manifest, MANIFEST_SHA256, digest);
	return 0;
}

/* The manifest comes first: without its file it is nothing, and the file's name is the last act. */
static int publish(
	struct store_file *file, char *path, const struct manifest *manifest, struct error *error)
{
	struct text beside = {0};
	text_add_format(&beside, "%s" MANIFEST_SUFFIX, path);
	int result = manifest_write(beside.bytes, manifest, error);
	if (result == 0 && (rename(file->path, path) != 0 || store_sync(path) != 0)) {
		(void)unlink(beside.bytes);
		(void)unlink(path);
		result =
			error_set_errno(error, STATUS_BACKUP, errno, "%s: cannot be written", path);
	}
	text_free(&beside);
	return result;
}

int store_finish(
	struct store_file *file, const char *suffix, struct manifest *manifest, struct error *error)
{
	if (describe(file, manifest) != 0)
		return error_set_errno(
			error, STATUS_BACKUP, errno, "%s: cannot be written", file->path);
	autofree char *name = make_name(file, suffix, manifest);
	autofree char *path = join(file->directory, name);
	manifest_set(manifest, MANIFEST_FILE, name);
	if (publish(file, path, manifest, error) != 0)
		return -1;
	free(file->path);
	file->path = memory_copy(path);
	return 0;
}

void store_end(struct store_file *file)
{
	if (file->descriptor >= 0)
		(void)close(file->descriptor);
	autoclose int folder = file->path != NULL && ends_with(file->path, PARTIAL_SUFFIX)
				       ? open(file->directory, O_PATH | O_DIRECTORY | O_CLOEXEC)
				       : -1;
	if (folder >= 0)
		partial_clear(folder); /* with SQLite's journal beside it */
	free(file->path);
	free(file->directory);
	*file = (struct store_file){.descriptor = -1};
}
