#include "steps/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"

#define FOLDER (O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

static int open_base(const char *path)
{
	return open(path[0] == '/' ? "/" : ".", O_PATH | FOLDER);
}

/* The next name of a path, which is none behind the last: "." and doubled slashes are passed over.
 */
static const char *next_name(const char *path, size_t *length)
{
	do {
		path += strspn(path, "/");
		*length = strcspn(path, "/");
		if (*length != 1 || path[0] != '.')
			return path;
		path++;
	} while (true);
}

/* O_DIRECTORY says of a symlink what it says of a file. */
static int open_name(int folder, const char *name, int flags)
{
	struct stat status;
	int opened = openat(folder, name, flags | FOLDER);
	if (opened < 0 && errno == ENOTDIR &&
		fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
		errno = S_ISLNK(status.st_mode) ? ELOOP : ENOTDIR;
	return opened;
}

static int open_by_hand(int base, const char *path, int flags)
{
	char name[NAME_MAX + 1];
	size_t length;
	int folder = openat(base, ".", O_PATH | FOLDER);
	for (path = next_name(path, &length); folder >= 0 && length > 0;
		path = next_name(path + length, &length)) {
		autoclose int above = folder;
		if (length > NAME_MAX) {
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(name, path, length);
		name[length] = '\0';
		folder = open_name(above, name, O_PATH);
	}
	if (folder < 0 || flags == O_PATH)
		return folder;
	autoclose int found = folder;
	return openat(found, ".", flags | FOLDER);
}

/* It leads out of its tree, or there is one where none may be: both are the same to the caller. */
static int open_below(int base, const char *path, bool absolute, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_DIRECTORY | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	if (absolute)
		how.resolve |= RESOLVE_NO_SYMLINKS;
	path += strspn(path, "/");
	int folder = (int)syscall(SYS_openat2, base, *path != '\0' ? path : ".", &how, sizeof how);
	if (folder < 0 && (errno == ENOSYS || errno == EPERM))
		return open_by_hand(base, path, flags);
	if (folder < 0 && errno == EXDEV)
		errno = ELOOP;
	return folder;
}

int tree_open(const char *path, int flags)
{
	autoclose int base = open_base(path);
	return base < 0 ? -1 : open_below(base, path, path[0] == '/', flags);
}

int tree_open_parent(const char *path, const char **name)
{
	*name = text_last_part(path);
	if (*name == path)
		return open_base(path);
	autofree char *parent = memory_copy_bytes(path, (size_t)(*name - path));
	return tree_open(parent, O_PATH);
}

bool tree_can_make(const char *path)
{
	size_t length;
	struct stat status;
	int folder = open_base(path);
	for (const char *name = next_name(path, &length); folder >= 0 && length > 0;
		name = next_name(name + length, &length)) {
		autoclose int above = folder;
		autofree char *upto = memory_copy_bytes(path, (size_t)(name + length - path));
		autofree char *last = memory_copy_bytes(name, length);
		folder = tree_open(upto, O_PATH);
		if (folder >= 0 || errno != ENOENT)
			continue;
		/* A symlink to nothing is in the way of a folder. */
		if (fstatat(above, last, &status, AT_SYMLINK_NOFOLLOW) != 0)
			return errno == ENOENT;
		errno = ELOOP;
	}
	if (folder >= 0)
		(void)close(folder);
	return folder >= 0;
}

/* Another replica on the same volume may be at it, too. */
static int make_name(int above, const char *path, size_t length, const struct account *owner)
{
	autofree char *name = memory_copy_bytes(path, length);
	bool made = mkdirat(above, name, 0777) == 0;
	if (!made && errno != EEXIST)
		return -1;
	int folder = open_name(above, name, O_RDONLY);
	if (made && folder >= 0 && owner != NULL && fchown(folder, owner->uid, owner->gid) != 0) {
		int number = errno;
		(void)close(folder);
		errno = number;
		return -1;
	}
	return folder;
}

int tree_make(const char *path, const struct account *owner, size_t *made)
{
	size_t length;
	int folder = tree_open(path, O_RDONLY);
	*made = 0;
	if (folder >= 0 || errno != ENOENT)
		return folder;
	folder = open_base(path);
	for (const char *name = next_name(path, &length); folder >= 0 && length > 0;
		name = next_name(name + length, &length)) {
		autoclose int above = folder;
		autofree char *upto = memory_copy_bytes(path, (size_t)(name + length - path));
		folder = tree_open(upto, O_RDONLY);
		if (folder >= 0 || errno != ENOENT)
			continue;
		folder = make_name(above, name, length, owner);
		++*made;
	}
	return folder;
}

/* The first symlink that stands in path, and where it leads; *length is 0 when there is none. */
static void find_symlink(const char *path, size_t *length, char *target, size_t size)
{
	size_t name;
	ssize_t read = -1;
	const char *at = next_name(path, &name);
	for (; name > 0 && read < 0; at = next_name(at + name, &name)) {
		*length = (size_t)(at + name - path);
		autofree char *upto = memory_copy_bytes(path, *length);
		read = readlink(upto, target, size - 1);
	}
	if (read < 0)
		*length = 0;
	else
		target[read] = '\0';
}

void tree_explain(const char *path, int number, struct text *text)
{
	size_t length = 0;
	char target[PATH_MAX];
	if (number == ELOOP)
		find_symlink(path, &length, target, sizeof target);
	if (length > 0)
		text_add_format(text, "%.*s is a symlink to %s, which %s; name the place itself",
			(int)length, path, target,
			path[0] == '/' ? "is not followed"
				       : "leads nowhere, or out of the folder that it begins in");
	else if (number == ENOTDIR)
		text_add(text, "there is something else than a folder in this path");
	else
		text_add(text, strerror(number));
}
