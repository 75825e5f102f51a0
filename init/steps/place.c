#include "steps/place.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/partial.h"

static int write_all(int file, const struct text *contents)
{
	size_t written = 0;
	while (written < contents->length) {
		ssize_t count = write(file, contents->bytes + written, contents->length - written);
		if (count < 0 && errno != EINTR)
			return -1;
		written += count > 0 ? (size_t)count : 0;
	}
	return fsync(file);
}

/* The mode comes last: a change of owner takes bits of it away. */
static int fill(const struct place *place, int file, const struct text *contents)
{
	if (file < 0 || write_all(file, contents) != 0)
		return -1;
	if ((place->uid != (uid_t)-1 || place->gid != (gid_t)-1) &&
		fchown(file, place->uid, place->gid) != 0)
		return -1;
	return fchmod(file, place->mode);
}

/* The name must be free: link(2), and where a file system has no links, renameat2(2). */
static int claim(const struct place *place, const char *temporary)
{
	int folder = place->folder;
	if (linkat(folder, temporary, folder, place->name, 0) == 0)
		return unlinkat(folder, temporary, 0);
	if (errno == EEXIST)
		return -1;
	return (int)syscall(
		SYS_renameat2, folder, temporary, folder, place->name, RENAME_NOREPLACE);
}

/* The name itself must survive a crash. */
static void sync_folder(int folder)
{
	autoclose int opened = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (opened >= 0)
		(void)fsync(opened);
}

mode_t place_mode_of_new(void)
{
	mode_t mask = umask(0);
	(void)umask(mask);
	return 0666 & ~mask;
}

int place_write(const struct place *place, const struct text *contents, bool replace)
{
	char temporary[PARTIAL_NAME_SIZE];
	int folder = place->folder;
	autoclose int file = partial_open(folder, place->boot_id, temporary); /* and locked */
	if (fill(place, file, contents) == 0 &&
		(replace ? renameat(folder, temporary, folder, place->name)
			 : claim(place, temporary)) == 0) {
		sync_folder(folder);
		return 0;
	}
	int number = errno;
	(void)unlinkat(folder, temporary, 0);
	errno = number;
	return -1;
}
