/* [dir PATH]: made where it is not there, and owner and mode made right where they are not. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "steps/file_parts.h"
#include "steps/tree.h"

#define KIND "dir"
#define DEPTH_MAX 500 /* of folders in a recursive one: each is a descriptor */

/* What its entries are to be like. */
struct rights {
	const struct account *owner; /* NULL: whoever has it */
	int64_t mode;		     /* -1: as it is */
	const struct stat *keys;     /* files that keep theirs */
	size_t key_count;
	size_t seen;
	size_t changed;
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

/* Changes what differs and nothing else. name is "" for folder itself. A change of owner takes
 * setuid and setgid away: chown(2). */
static int correct(struct rights *rights, int folder, const char *name, const struct stat *status)
{
	const struct account *owner = rights->owner;
	mode_t mode = wanted_mode(rights, status);
	bool chowns =
		owner != NULL && (status->st_uid != owner->uid || status->st_gid != owner->gid);
	bool chmods = !S_ISLNK(status->st_mode) &&
		      ((status->st_mode & 07777) != mode ||
			      (chowns && rights->mode >= 0 && (mode & (S_ISUID | S_ISGID)) != 0));
	rights->seen++;
	if (chowns && fchownat(folder, name, owner->uid, owner->gid,
			      AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) != 0)
		return -1;
	if (chmods && (name[0] == '\0' ? fchmod(folder, mode)
				       : fchmodat(folder, name, mode, AT_SYMLINK_NOFOLLOW)) != 0)
		return -1;
	rights->changed += chowns || chmods;
	return 0;
}

/* Takes the descriptor. */
static int enter(struct walk *walk, int folder)
{
	if (folder < 0 || walk->depth == DEPTH_MAX) {
		errno = folder < 0 ? errno : ELOOP;
		if (folder >= 0)
			(void)close(folder);
		return -1;
	}
	DIR *opened = fdopendir(folder);
	if (opened == NULL) {
		(void)close(folder);
		return -1;
	}
	walk->folders[walk->depth++] = opened;
	return 0;
}

/* A key that another user has, or may read, would be refused at the next start. */
static bool is_key(const struct rights *rights, const struct stat *status)
{
	for (size_t i = 0; i < rights->key_count; i++)
		if (rights->keys[i].st_dev == status->st_dev &&
			rights->keys[i].st_ino == status->st_ino)
			return true;
	return false;
}

/* What somebody else removes meanwhile is not missed. */
static int visit(struct walk *walk, int folder, const char *name)
{
	struct stat status;
	bool there = fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
	if (there && is_key(walk->rights, &status))
		return 0;
	if (!there || correct(walk->rights, folder, name, &status) != 0)
		return errno == ENOENT ? 0 : -1;
	if (!S_ISDIR(status.st_mode))
		return 0;
	int below = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return below < 0 && errno == ENOENT ? 0 : enter(walk, below);
}

static int walk_on(struct walk *walk)
{
	DIR *last = walk->folders[walk->depth - 1];
	errno = 0;
	const struct dirent *entry = readdir(last);
	if (entry == NULL) {
		int number = errno;
		(void)closedir(last);
		walk->depth--;
		errno = number;
		return number != 0 ? -1 : 0;
	}
	if (text_equal(entry->d_name, ".") || text_equal(entry->d_name, ".."))
		return 0;
	return visit(walk, dirfd(last), entry->d_name);
}

/* The files of the keys, as they are now; zero for one that is not there. The caller frees them. */
static struct stat *find_keys(const struct files_job *job)
{
	const char *name;
	struct stat *found = memory_zeroed(job->kept_count, sizeof *found);
	for (size_t i = 0; i < job->kept_count; i++) {
		autoclose int folder = tree_open_parent(job->kept[i].file, &name);
		if (folder < 0 || fstatat(folder, name, &found[i], AT_SYMLINK_NOFOLLOW) != 0)
			found[i] = (struct stat){0};
	}
	return found;
}

static int correct_below(const struct files_job *job, struct rights *rights, int folder)
{
	autofree struct stat *keys = find_keys(job);
	struct walk walk = {.rights = rights};
	rights->keys = keys;
	rights->key_count = job->kept_count;
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
	struct stat status;
	size_t made;
	struct rights rights = {
		.owner = settings->owner != NULL ? settings->owner : job->owner,
		.mode = settings->mode,
	};
	autoclose int folder = tree_make(settings->name, rights.owner, &made);
	if (folder < 0)
		return files_failed(
			error, settings->origin, KIND, settings->name, errno, "it cannot be made");
	if (fstat(folder, &status) != 0 || correct(&rights, folder, "", &status) != 0 ||
		(settings->recursive && correct_below(job, &rights, folder) != 0))
		return files_failed(error, settings->origin, KIND, settings->name, errno,
			"owner and mode cannot be set");
	summarize(settings, &rights, made, summary);
	return 0;
}
