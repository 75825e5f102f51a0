#include "process/exec.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

#if defined(__x86_64__)
#define OWN_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define OWN_MACHINE EM_AARCH64
#else
#define OWN_MACHINE EM_NONE
#endif

/* The machines that container images are commonly built for. */
static const struct {
	unsigned machine;
	const char *name;
} machines[] = {
	{EM_X86_64, "x86_64 (amd64)"},
	{EM_AARCH64, "aarch64 (arm64)"},
	{EM_ARM, "arm"},
	{EM_386, "i386"},
	{EM_RISCV, "riscv"},
	{EM_S390, "s390x"},
	{EM_PPC64, "ppc64"},
};

const char *exec_environment_value(char *const *environment, const char *name)
{
	size_t length = strlen(name);
	for (; environment != NULL && *environment != NULL; environment++)
		if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
			return *environment + length + 1;
	return NULL;
}

static const char *machine_name(unsigned machine)
{
	for (size_t i = 0; i < sizeof machines / sizeof machines[0]; i++)
		if (machines[i].machine == machine)
			return machines[i].name;
	return "another architecture";
}

/* The first bytes of path with a NUL behind them; how many, or -1. */
static ssize_t read_head(const char *path, char *room, size_t size)
{
	autoclose int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (file < 0)
		return -1;
	ssize_t length = read(file, room, size - 1);
	room[length > 0 ? length : 0] = '\0';
	return length;
}

static int explain_shebang(const char *path, char *head, struct error *error)
{
	char *interpreter = head + 2 + strspn(head + 2, " \t");
	interpreter[strcspn(interpreter, "\n")] = '\0';
	size_t length = strlen(interpreter);
	if (length > 0 && interpreter[length - 1] == '\r')
		return error_set(error, STATUS_CANNOT_RUN,
			"%s: its first line ends in CRLF (Windows line ends), so the system looks "
			"for "
			"an interpreter whose name ends in a carriage return; convert the file "
			"with "
			"sed -i 's/\\r$//' %s, and keep it that way with \"*.sh text eol=lf\" in "
			".gitattributes",
			path, path);
	interpreter[strcspn(interpreter, " \t")] = '\0';
	return error_set(error, STATUS_CANNOT_RUN,
		"%s: its interpreter %s, named in its first line, does not exist in this image",
		path, interpreter);
}

/* The loader that a 64-bit ELF file asks for, or NULL. elf(5) */
static const char *elf_loader(const char *head, size_t length)
{
	Elf64_Ehdr header;
	if (length < sizeof header)
		return NULL;
	memcpy(&header, head, sizeof header);
	for (size_t i = 0; i < header.e_phnum; i++) {
		Elf64_Phdr segment;
		size_t at = header.e_phoff + i * sizeof segment;
		if (header.e_phoff > length || at + sizeof segment > length)
			return NULL;
		memcpy(&segment, head + at, sizeof segment);
		if (segment.p_type == PT_INTERP)
			return segment.p_offset < length ? head + segment.p_offset : NULL;
	}
	return NULL;
}

/* A file that exists, and yet execve(2) says ENOENT: what it names does not exist. */
static int explain_missing(const char *path, struct error *error)
{
	char head[4096];
	ssize_t length = read_head(path, head, sizeof head);
	if (length > 2 && memcmp(head, "#!", 2) == 0)
		return explain_shebang(path, head, error);
	const char *loader = NULL;
	if (length > EI_NIDENT && memcmp(head, ELFMAG, SELFMAG) == 0)
		loader = elf_loader(head, (size_t)length);
	if (loader != NULL)
		return error_set(error, STATUS_CANNOT_RUN,
			"%s: its loader %s does not exist in this image: it was built for another "
			"C "
			"library (glibc or musl)",
			path, loader);
	return error_set(error, STATUS_CANNOT_RUN, "%s: what it needs to run does not exist", path);
}

static int explain_format(const char *path, struct error *error)
{
	char head[4096];
	ssize_t length = read_head(path, head, sizeof head);
	if (length == 0)
		return error_set(error, STATUS_CANNOT_RUN, "%s: the file is empty", path);
	if (length > (ssize_t)sizeof(Elf64_Ehdr) && memcmp(head, ELFMAG, SELFMAG) == 0) {
		unsigned machine =
			(unsigned)(unsigned char)head[18] | (unsigned)(unsigned char)head[19] << 8;
		if (machine == OWN_MACHINE)
			return error_set(
				error, STATUS_CANNOT_RUN, "%s: a damaged program file", path);
		return error_set(error, STATUS_CANNOT_RUN,
			"%s: a program for %s, but this machine is %s; build the image with "
			"--platform",
			path, machine_name(machine), machine_name(OWN_MACHINE));
	}
	return error_set(error, STATUS_CANNOT_RUN,
		"%s: neither a program nor a script with a first line such as #!/bin/sh", path);
}

static int explain_access(const char *path, struct error *error)
{
	struct stat status;
	struct statvfs mount;
	if (stat(path, &status) != 0)
		return error_set_errno(error, STATUS_CANNOT_RUN, errno, "%s", path);
	if (S_ISDIR(status.st_mode))
		return error_set(error, STATUS_CANNOT_RUN, "%s: a directory, not a program", path);
	if (!S_ISREG(status.st_mode))
		return error_set(error, STATUS_CANNOT_RUN, "%s: not a regular file", path);
	if (statvfs(path, &mount) == 0 && (mount.f_flag & ST_NOEXEC) != 0)
		return error_set(error, STATUS_CANNOT_RUN,
			"%s: on a file system that is mounted noexec", path);
	if ((status.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) == 0)
		return error_set(error, STATUS_CANNOT_RUN,
			"%s: not executable; chmod +x it (in a Dockerfile: COPY --chmod=755)",
			path);
	return error_set(error, STATUS_CANNOT_RUN,
		"%s: user %u may not execute it (mode %03o, owner %u)", path, (unsigned)geteuid(),
		(unsigned)status.st_mode & 0777U, (unsigned)status.st_uid);
}

/* What execve(2) meant by number when it was asked to run path. */
static int explain(const char *path, int number, struct error *error)
{
	bool exists = access(path, F_OK) == 0;
	if (number == ENOENT && exists)
		return explain_missing(path, error);
	if (number == ENOENT || number == ENOTDIR)
		return error_set(error, STATUS_NOT_FOUND, "%s: no such file", path);
	if (number == EACCES)
		return explain_access(path, error);
	if (number == ENOEXEC)
		return explain_format(path, error);
	if (number == EPERM && getxattr(path, "security.capability", NULL, 0) > 0)
		return error_set(error, STATUS_CANNOT_RUN,
			"%s: it has capabilities of its own (setcap), and app.user has given them "
			"up; "
			"name them in security.keep_caps",
			path);
	if (number == E2BIG)
		return error_set(error, STATUS_CANNOT_RUN,
			"%s: arguments and environment are larger than the kernel takes", path);
	return error_set_errno(error, STATUS_CANNOT_RUN, number, "%s", path);
}

/* Tries the folders of PATH in turn. Returns the errno that counts, with the file it belongs to in
 * candidate: the first file that is there and cannot be run, else ENOENT. */
static int exec_search(char *const *argv, char *const *environment, const char *path,
	char candidate[static PATH_MAX])
{
	char found[PATH_MAX] = "";
	int result = ENOENT;
	for (const char *at = path; at != NULL; at = strchr(at, ':') ? strchr(at, ':') + 1 : NULL) {
		int width = (int)strcspn(at, ":");
		int length = snprintf(
			candidate, PATH_MAX, "%.*s%s%s", width, at, width > 0 ? "/" : "", argv[0]);
		if (length < 0 || length >= PATH_MAX)
			continue;
		(void)execve(candidate, argv, environment);
		bool absent = (errno == ENOENT || errno == ENOTDIR) && access(candidate, F_OK) != 0;
		if (absent || found[0] != '\0')
			continue;
		result = errno;
		memcpy(found, candidate, (size_t)length + 1);
	}
	memcpy(candidate, found, sizeof found);
	return result;
}

const char *exec_search_path(char *const *environment)
{
	const char *path = exec_environment_value(environment, "PATH");
	return path != NULL ? path : DEFAULT_PATH;
}

static int tell_not_found(const char *name, const char *path, struct error *error)
{
	return error_set(error, STATUS_NOT_FOUND, "%s: not found in PATH (%s)", name, path);
}

int exec_look(const char *name, char *const *environment, struct error *error)
{
	const char *path = exec_search_path(environment);
	if (name[0] == '/' && access(name, F_OK) != 0)
		return explain(name, errno, error);
	if (strchr(name, '/') != NULL)
		return 0;
	for (const char *at = path; at != NULL; at = strchr(at, ':') ? strchr(at, ':') + 1 : NULL) {
		char candidate[PATH_MAX];
		int width = (int)strcspn(at, ":");
		(void)snprintf(candidate, sizeof candidate, "%.*s%s%s", width, at,
			width > 0 ? "/" : "", name);
		if (access(candidate, F_OK) == 0)
			return 0;
	}
	return tell_not_found(name, path, error);
}

/* Tries argv[0] as it is, or in PATH; the errno that counts, and in candidate its file, "" where
 * there is none. */
static int exec_any(char *const *argv, char *const *environment, char candidate[static PATH_MAX])
{
	if (strchr(argv[0], '/') == NULL)
		return exec_search(argv, environment, exec_search_path(environment), candidate);
	(void)execve(argv[0], argv, environment);
	int number = errno;
	(void)snprintf(candidate, PATH_MAX, "%s", argv[0]);
	return number;
}

int exec_explain(char *const *argv, char *const *environment, const char *candidate, int number,
	struct error *error)
{
	if (argv[0][0] == '\0')
		return error_set(error, STATUS_NOT_FOUND, "the command is empty");
	if (strchr(argv[0], '/') != NULL)
		return explain(argv[0], number, error);
	if (candidate[0] != '\0')
		return explain(candidate, number, error);
	return tell_not_found(argv[0], exec_search_path(environment), error);
}

int exec_command(char *const *argv, char *const *environment, struct error *error)
{
	char candidate[PATH_MAX] = "";
	int number = argv[0][0] != '\0' ? exec_any(argv, environment, candidate) : 0;
	return exec_explain(argv, environment, candidate, number, error);
}

int exec_as_libc(char *const *argv, char *const *environment)
{
	char candidate[PATH_MAX];
	if (argv[0][0] == '\0')
		return ENOENT;
	int number = exec_any(argv, environment, candidate);
	if (number != ENOEXEC)
		return number;
	size_t count = 0;
	while (argv[count] != NULL)
		count++;
	char **words = memory_zeroed(count + 2, sizeof *words);
	words[0] = (char *)"/bin/sh"; // NOLINT(cppcoreguidelines-pro-type-cast-qual)
	words[1] = candidate;
	memcpy(words + 2, argv + 1, (count - 1) * sizeof *words);
	(void)execve(words[0], words, environment);
	free(words);
	return number;
}
