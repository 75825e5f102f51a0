/* [dir PATH]: made where it is not there, and owner and mode made right where they are not. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/partial.h"
#include "steps/file_parts.h"
#include "steps/tree.h"

#define KIND "dir"
#define DEPTH_MAX 500 /* of folders in a recursive one: each is a descriptor */

/* What its entries are to be like. */
struct rights {
	const struct account *owner; /* NULL: whoever has it */
	int64_t mode;		     /* -1: as it is */
	const struct stat *kept;     /* files that keep theirs */
	size_t kept_count;
	size_t seen;
	size_t changed;
	size_t spared;	    /* for their other names */
	struct text linked; /* the first of them */
};

/* A walk stands in a stack of open folders. */
struct walk {
	struct rights *rights;
	DIR *folders[DEPTH_MAX];
	size_t depth;
};

void folder_check(
	const struct files_job *job, const struct dir_settings *settings, struct faults *faults)
{
	(void)job;
	struct text why = {0};
	if (tree_can_make(settings->name))
		return;
	tree_explain(settings->name, errno, &why);
	faults_add(faults, SECTION_FORMAT "%s", settings->origin, KIND, settings->name, why.bytes);
	text_free(&why);
}

/* A file that nobody executes does not become a program by the mode of its folder. */
static mode_t wanted_mode(const struct rights *rights, const struct stat *status)
{
	mode_t mode = (mode_t)rights->mode;
	if (rights->mode < 0)
		return status->st_mode & 07777;
	if (S_ISDIR(status->st_mode))
		return mode;
	return mode & ((status->st_mode & S_IXUSR) != 0 ? 0777U : 0666U);
}

static bool chowns(const struct rights *rights, const struct stat *status)
{
	const struct account *owner = rights->owner;
	return owner != NULL && (status->st_uid != owner->uid || status->st_gid != owner->gid);
}

/* A change of owner takes setuid and setgid away: chown(2). */
static bool chmods(const struct rights *rights, const struct stat *status)
{
	mode_t mode = wanted_mode(rights, status);
	return !S_ISLNK(status->st_mode) &&
	       ((status->st_mode & 07777) != mode || (chowns(rights, status) && rights->mode >= 0 &&
							     (mode & (S_ISUID | S_ISGID)) != 0));
}

static bool differs(const struct rights *rights, const struct stat *status)
{
	return chowns(rights, status) || chmods(rights, status);
}

/* fchmod(2) takes no descriptor that is O_PATH. */
static int set_mode(int file, mode_t mode)
{
	char path[40];
	if (fchmod(file, mode) == 0)
		return 0;
	if (errno != EBADF)
		return -1;
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
	return chmod(path, mode);
}

/* Changes what differs and nothing else. The descriptor may be O_PATH. */
static int correct(struct rights *rights, int file, const struct stat *status)
{
	const struct account *owner = rights->owner;
	rights->changed += differs(rights, status);
	if (chowns(rights, status) &&
		fchownat(file, "", owner->uid, owner->gid, AT_EMPTY_PATH) != 0)
		return -1;
	return chmods(rights, status) ? set_mode(file, wanted_mode(rights, status)) : 0;
}

static int correct_folder(struct rights *rights, int folder)
{
	struct stat status;
	rights->seen++;
	return fstat(folder, &status) != 0 ? -1 : correct(rights, folder, &status);
}

/* May somebody have laid another user's file into the folder, by another name of it? Where
 * fs.protected_hardlinks is off anybody may, who can write there. proc(5) */
static bool is_foreign(int folder, const struct stat *file)
{
	struct stat status;
	if (file->st_nlink < 2 || fstat(folder, &status) != 0)
		return false;
	return (status.st_mode & (S_IWGRP | S_IWOTH)) != 0 ||
	       (status.st_uid != geteuid() && status.st_uid != file->st_uid);
}

/* What the name stands for may be another file by now: the one that is looked at is changed. */
static int correct_file(struct rights *rights, int folder, const char *name)
{
	struct stat status;
	autoclose int file = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (file < 0)
		return errno == ENOENT ? 0 : -1;
	if (fstat(file, &status) != 0)
		return -1;
	if (!is_foreign(folder, &status))
		return correct(rights, file, &status);
	if (rights->spared++ == 0)
		text_add(&rights->linked, name);
	return 0;
}

/* Takes the descriptor. */
static int enter(struct walk *walk, int folder)
{
	DIR *opened = folder >= 0 && walk->depth < DEPTH_MAX ? fdopendir(folder) : NULL;
	if (opened == NULL) {
		int number = walk->depth == DEPTH_MAX ? EMFILE : errno;
		if (folder >= 0)
			(void)close(folder);
		errno = number;
		return -1;
	}
	walk->folders[walk->depth++] = opened;
	return 0;
}

/* A folder comes behind what is in it: until then nobody else can lay anything there. */
static int leave(struct walk *walk)
{
	DIR *last = walk->folders[--walk->depth];
	int result = correct_folder(walk->rights, dirfd(last));
	int number = errno;
	(void)closedir(last);
	errno = number;
	return result;
}

/* A key that another user has, or may read, would be refused at the next start; a template says
 * itself whose it is. */
static bool is_kept(const struct rights *rights, const struct stat *status)
{
	for (size_t i = 0; i < rights->kept_count; i++)
		if (rights->kept[i].st_dev == status->st_dev &&
			rights->kept[i].st_ino == status->st_ino)
			return true;
	return false;
}

/* What somebody else removes meanwhile is not missed. */
static int visit(struct walk *walk, int folder, const char *name)
{
	struct stat status;
	struct rights *rights = walk->rights;
	if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : -1;
	if (is_kept(rights, &status))
		return 0;
	if (S_ISDIR(status.st_mode)) {
		int below = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		return below < 0 && errno == ENOENT ? 0 : enter(walk, below);
	}
	rights->seen++;
	return differs(rights, &status) ? correct_file(rights, folder, name) : 0;
}

static int walk_on(struct walk *walk)
{
	DIR *last = walk->folders[walk->depth - 1];
	errno = 0;
	const struct dirent *entry = readdir(last);
	if (entry == NULL)
		return errno != 0 ? -1 : leave(walk);
	if (text_equal(entry->d_name, ".") || text_equal(entry->d_name, "..") ||
		partial_is(entry->d_name))
		return 0;
	return visit(walk, dirfd(last), entry->d_name);
}

/* The file, as it is now; zero where it is not there. */
static struct stat find_file(const char *path)
{
	const char *name;
	struct stat found;
	autoclose int folder = path != NULL ? tree_open_parent(path, &name) : -1;
	if (folder < 0 || fstatat(folder, name, &found, AT_SYMLINK_NOFOLLOW) != 0)
		return (struct stat){0};
	return found;
}

/* The caller frees them. */
static struct stat *find_kept(const struct config *config, size_t *count)
{
	struct stat *found =
		memory_zeroed(config->key_count + config->template_count, sizeof *found);
	*count = 0;
	for (size_t i = 0; i < config->key_count; i++)
		found[(*count)++] = find_file(config->keys[i].file);
	for (size_t i = 0; i < config->template_count; i++)
		found[(*count)++] = find_file(config->templates[i].name);
	return found;
}

static int correct_all(const struct files_job *job, struct rights *rights, int folder)
{
	struct walk walk = {.rights = rights};
	autofree struct stat *kept = find_kept(job->config, &rights->kept_count);
	rights->kept = kept;
	int result = enter(&walk, openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	while (result == 0 && walk.depth > 0)
		result = walk_on(&walk);
	int number = errno;
	while (walk.depth > 0)
		(void)closedir(walk.folders[--walk.depth]);
	errno = number;
	return result;
}

static void summarize(const struct dir_settings *settings, const struct rights *rights, size_t made,
	struct text *summary)
{
	if (rights->spared > 0)
		text_add_format(summary,
			"%s: %zu left as they are, because they have other names (hard links) and "
			"others may write there; %s is the first%s",
			settings->name, rights->spared, rights->linked.bytes,
			made > 0 || rights->changed > 0 ? "; " : "");
	if (made == 0 && rights->changed == 0)
		return;
	text_add_format(summary, "%s ", settings->name);
	if (made > 0)
		text_add(summary, "made");
	else if (!settings->recursive)
		text_add(summary, "had another owner or mode");
	else
		text_add_format(summary, "%zu of %zu had another owner or mode", rights->changed,
			rights->seen);
}

int folder_apply(const struct files_job *job, const struct dir_settings *settings,
	struct text *summary, struct error *error)
{
	size_t made;
	struct rights rights = {
		.owner = settings->owner != NULL ? settings->owner : job->config->app_user,
		.mode = settings->mode,
	};
	autoclose int folder = tree_make(settings->name, rights.owner, &made);
	if (folder < 0)
		return files_failed(
			error, settings->origin, KIND, settings->name, errno, "it cannot be made");
	int result = settings->recursive ? correct_all(job, &rights, folder)
					 : correct_folder(&rights, folder);
	int number = errno;
	summarize(settings, &rights, made, summary);
	text_free(&rights.linked);
	if (result != 0)
		return files_failed(error, settings->origin, KIND, settings->name, number,
			"owner and mode cannot be set");
	return 0;
}
