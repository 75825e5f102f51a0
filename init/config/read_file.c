#include "config/read_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/memory.h"

/* statfs(2); drvfs is 9p in WSL 2 and of its own in WSL 1, virtiofs shows fuse's number. */
#define MAGIC_9P 0x01021997
#define MAGIC_DRVFS 0x53464846
#define MAGIC_FUSE 0x65735546

static const char *kind_of(mode_t mode)
{
	if (S_ISDIR(mode))
		return "a directory";
	if (S_ISFIFO(mode))
		return "a FIFO";
	if (S_ISSOCK(mode))
		return "a socket";
	return "a device";
}

static int check_status(const char *path, const struct stat *status, struct error *error)
{
	if (!S_ISREG(status->st_mode))
		return error_set(error, STATUS_CONFIG, "%s: is %s; a regular file is needed here",
			path, kind_of(status->st_mode));
	if (status->st_size > (off_t)FILE_SIZE_MAX)
		return error_set(error, STATUS_CONFIG, "%s: is larger than 1 MiB", path);
	return 0;
}

/* Looks before it opens: to open a device may do something already. */
static int open_regular(const char *path, struct error *error)
{
	struct stat status;
	if (stat(path, &status) != 0)
		return error_set_errno(error, STATUS_CONFIG, errno, "%s: cannot be read", path);
	if (check_status(path, &status, error) != 0)
		return -1;
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (descriptor < 0)
		return error_set_errno(error, STATUS_CONFIG, errno, "%s: cannot be read", path);
	if (fstat(descriptor, &status) == 0 && check_status(path, &status, error) == 0)
		return descriptor;
	(void)close(descriptor);
	return -1;
}

int read_file(const char *path, struct text *contents, struct error *error)
{
	autoclose int descriptor = open_regular(path, error);
	if (descriptor < 0)
		return -1;
	char buffer[4096];
	for (;;) {
		ssize_t count = read(descriptor, buffer, sizeof buffer);
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return error_set_errno(
				error, STATUS_CONFIG, errno, "%s: cannot be read", path);
		if (count == 0)
			return 0;
		text_add_bytes(contents, buffer, (size_t)count);
		if (contents->length > FILE_SIZE_MAX)
			return error_set(error, STATUS_CONFIG, "%s: is larger than 1 MiB", path);
	}
}

static bool shows_true_modes(const char *path)
{
	struct statfs file_system;
	if (statfs(path, &file_system) != 0)
		return true;
	/* The type is a signed word of 32 bits on some machines. */
	uint32_t type = (uint32_t)file_system.f_type;
	return type != MAGIC_9P && type != MAGIC_DRVFS && type != MAGIC_FUSE;
}

bool file_is_exposed(const char *path, bool *certain, struct error *fault)
{
	struct stat status;
	if (stat(path, &status) != 0)
		return false;
	bool writable = (status.st_mode & (S_IWGRP | S_IWOTH)) != 0;
	if (status.st_uid == 0 && !writable)
		return false;
	*certain = shows_true_modes(path);
	const char *who = (status.st_mode & S_IWOTH) != 0   ? "everybody"
			  : (status.st_mode & S_IWGRP) != 0 ? "its group"
							    : "its owner";
	(void)error_set(fault, STATUS_CONFIG,
		"%s: %s can write it (owner uid %u, mode %04o), and what it says runs as root; "
		"chown root:root and chmod go-w it",
		path, who, (unsigned)status.st_uid, (unsigned)(status.st_mode & 07777));
	return true;
}

bool file_is_trusted(const char *path, struct list *warnings, struct faults *faults)
{
	struct error fault;
	bool certain = true;
	if (geteuid() != 0 || !file_is_exposed(path, &certain, &fault))
		return true;
	if (certain)
		faults_add(faults, "%s", fault.message);
	else
		list_append(warnings, fault.message);
	return !certain;
}
