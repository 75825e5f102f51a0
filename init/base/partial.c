#include "base/partial.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"

#define PREFIX ".tminus-"

bool partial_is(const char *name)
{
	return text_starts_with(name, PREFIX) && strstr(name, PARTIAL_SUFFIX) != NULL;
}

/* Unless anybody is writing it still. A journal of SQLite's beside it goes with its file. Whoever
 * may write to the folder may have laid anything there: nothing is waited for, and no symlink
 * followed.
 */
static void clear_one(int folder, const char *name)
{
	if (!partial_is(name))
		return;
	const char *suffix = strstr(name, PARTIAL_SUFFIX);
	autofree char *base =
		memory_copy_bytes(name, (size_t)(suffix - name) + strlen(PARTIAL_SUFFIX));
	autoclose int file =
		openat(folder, base, O_RDWR | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	if (file < 0 ? errno == ENOENT : flock(file, LOCK_EX | LOCK_NB) == 0)
		(void)unlinkat(folder, name, 0);
}

void partial_clear(int folder)
{
	int opened = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = opened >= 0 ? fdopendir(opened) : NULL;
	if (entries == NULL)
		return;
	for (const struct dirent *at; (at = readdir(entries)) != NULL;)
		clear_one(opened, at->d_name);
	(void)closedir(entries);
}

/* Somebody who clears may be faster with the lock, and take the file away. */
int partial_open(int folder, const char *boot, char name[PARTIAL_NAME_SIZE])
{
	struct stat status;
	int file;
	(void)snprintf(name, PARTIAL_NAME_SIZE, PREFIX "%s" PARTIAL_SUFFIX, boot);
	partial_clear(folder);
	while ((file = openat(folder, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			0600)) >= 0) {
		if (flock(file, LOCK_EX) != 0 || fstat(file, &status) != 0 || status.st_nlink > 0)
			break;
		(void)close(file);
	}
	return file;
}
