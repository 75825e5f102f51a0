#include "process/descendants.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/memory.h"

#define SHELL_PATH_SIZE 256 /* no shell has a longer name */
#define TREE_LIMIT 4096	    /* descendants signalled in one walk; the next walk takes the rest */

int descendants_adopt(void)
{
	return getpid() == 1 ? 0 : prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

void descendants_disown(void)
{
	if (getpid() != 1)
		(void)prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
}

/* The beginning of a file below /proc/PID, with a NUL behind it; "" when there is none. */
static char *read_proc(pid_t pid, const char *name, char *room, size_t size)
{
	char path[64];
	(void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	autoclose int file = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = file >= 0 ? read(file, room, size - 1) : -1;
	room[length > 0 ? length : 0] = '\0';
	return room;
}

bool process_name(pid_t pid, char room[static PROCESS_NAME_SIZE])
{
	read_proc(pid, "comm", room, PROCESS_NAME_SIZE);
	room[strcspn(room, "\n")] = '\0';
	return room[0] != '\0';
}

static bool is_shell(pid_t pid)
{
	static const char shells[] = " sh dash bash ash busybox zsh ksh mksh ";
	char path[32];
	char program[SHELL_PATH_SIZE];
	(void)snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
	ssize_t length = readlink(path, program, sizeof program - 2);
	program[length > 0 ? length : 0] = '\0';
	char *name = strrchr(program, '/');
	if (name == NULL)
		return false;
	*name = ' ';
	strcat(name, " "); // NOLINT: there is room for it
	return strstr(shells, name) != NULL;
}

static bool catches(pid_t pid, int signal)
{
	char status[4096];
	const char *caught = strstr(read_proc(pid, "status", status, sizeof status), "SigCgt:");
	return caught != NULL && (strtoull(caught + 7, NULL, 16) >> (signal - 1) & 1) != 0;
}

pid_t descendants_behind_shell(pid_t shell, int signal)
{
	char file[64];
	char children[64];
	char *end;
	if (!is_shell(shell))
		return 0;
	(void)snprintf(file, sizeof file, "task/%d/children", (int)shell);
	pid_t child = (pid_t)strtol(read_proc(shell, file, children, sizeof children), &end, 10);
	bool single = child > 0 && end[strspn(end, " ")] == '\0';
	return single && !catches(shell, signal) ? child : 0;
}

/* From the second field behind the name on, as in proc_pid_stat(5); "" when pid is gone, or has
 * ended and not been reaped. */
static const char *stat_fields(pid_t pid, char *room, size_t size)
{
	const char *behind_name = strrchr(read_proc(pid, "stat", room, size), ')');
	bool lives = behind_name != NULL && strlen(behind_name) >= 5 &&
		     strchr("ZX", behind_name[2]) == NULL;
	return lives ? behind_name + 4 : "";
}

int64_t process_start_time(pid_t pid)
{
	char room[512];
	const char *at = stat_fields(pid, room, sizeof room);
	for (int field = 4; field < 22 && at != NULL; field++) {
		at = strchr(at, ' ');
		at = at != NULL ? at + 1 : NULL;
	}
	return at != NULL ? strtoll(at, NULL, 10) : -1;
}

uid_t process_user(pid_t pid)
{
	char status[4096];
	char *at = strstr(read_proc(pid, "status", status, sizeof status), "\nUid:");
	if (at == NULL)
		return (uid_t)-1;
	(void)strtoul(at + strlen("\nUid:"), &at, 10); /* the real one */
	return (uid_t)strtoul(at, NULL, 10);
}

/* -1 when pid is gone. */
static pid_t parent_of(pid_t pid)
{
	char room[512];
	const char *at = stat_fields(pid, room, sizeof room);
	return *at != '\0' ? (pid_t)strtol(at, NULL, 10) : -1;
}

static void signal_one(pid_t pid, int signal)
{
	(void)kill(pid, signal);
	(void)kill(pid, SIGCONT);
}

static bool is_among(const pid_t *pids, size_t count, pid_t pid)
{
	for (size_t i = 0; i < count; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

static pid_t spared;

void descendants_spare(pid_t pid)
{
	spared = pid;
}

/* Adds to tree the processes in /proc whose parent is in it already; how many it added. */
static size_t grow(DIR *proc, pid_t *tree, size_t count)
{
	size_t before = count;
	rewinddir(proc);
	for (struct dirent *entry; (entry = readdir(proc)) != NULL && count < TREE_LIMIT;) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
		if (pid != spared && !is_among(tree, count, pid) &&
			is_among(tree, count, parent_of(pid)))
			tree[count++] = pid;
	}
	return count - before;
}

/* Everybody below us, without ourselves. */
struct tree {
	pid_t pids[TREE_LIMIT];
	size_t count;
};

static const struct tree *walk(void)
{
	static struct tree tree;
	tree.count = 1;
	tree.pids[0] = getpid();
	DIR *proc = opendir("/proc");
	if (proc == NULL)
		return &tree;
	for (size_t added = 1; added > 0; tree.count += added)
		added = grow(proc, tree.pids, tree.count);
	(void)closedir(proc);
	return &tree;
}

static void signal_tree(int signal)
{
	const struct tree *tree = walk();
	for (size_t i = 1; i < tree->count; i++)
		signal_one(tree->pids[i], signal);
}

/* /proc may belong to another namespace, whose numbers are not ours. proc(5) */
static bool proc_is_ours(void)
{
	char self[16];
	ssize_t length = readlink("/proc/self", self, sizeof self - 1);
	self[length > 0 ? length : 0] = '\0';
	return strtol(self, NULL, 10) == getpid();
}

const char *descendants_names(char *room, size_t size)
{
	const struct tree *tree = proc_is_ours() ? walk() : NULL;
	size_t used = 0;
	room[0] = '\0';
	for (size_t i = 1; tree != NULL && i < tree->count; i++) {
		char name[PROCESS_NAME_SIZE];
		if (!process_name(tree->pids[i], name))
			continue;
		int length = snprintf(room + used, size - used, "%s%s (pid %d)",
			used > 0 ? ", " : "", name, (int)tree->pids[i]);
		if (length < 0 || used + (size_t)length >= size)
			break;
		used += (size_t)length;
	}
	return room;
}

void descendants_signal(int signal)
{
	if (getpid() != 1) {
		signal_tree(signal);
		return;
	}
	(void)kill(-1, signal);
	(void)kill(-1, SIGCONT);
}
