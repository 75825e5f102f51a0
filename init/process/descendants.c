#include "process/descendants.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/memory.h"

#define TREE_LIMIT 4096 /* descendants signalled in one walk; the next walk takes the rest */

int descendants_adopt(void)
{
	return getpid() == 1 ? 0 : prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

void descendants_disown(void)
{
	if (getpid() != 1)
		(void)prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
}

/* The parent of pid: the second field behind the name in proc_pid_stat(5); -1 when pid is gone. */
static pid_t parent_of(pid_t pid)
{
	char path[32];
	char stat[512];
	(void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	autoclose int file = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = file >= 0 ? read(file, stat, sizeof stat - 1) : -1;
	if (length <= 0)
		return -1;
	stat[length] = '\0';
	const char *behind_name = strrchr(stat, ')');
	if (behind_name == NULL || strlen(behind_name) < 5)
		return -1;
	return (pid_t)strtol(behind_name + 4, NULL, 10);
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

/* Adds to tree the processes in /proc whose parent is in it already; how many it added. */
static size_t grow(DIR *proc, pid_t *tree, size_t count)
{
	size_t before = count;
	rewinddir(proc);
	for (struct dirent *entry; (entry = readdir(proc)) != NULL && count < TREE_LIMIT;) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
		if (!is_among(tree, count, pid) && is_among(tree, count, parent_of(pid)))
			tree[count++] = pid;
	}
	return count - before;
}

static void signal_tree(int signal)
{
	static pid_t tree[TREE_LIMIT];
	size_t count = 1;
	DIR *proc = opendir("/proc");
	if (proc == NULL)
		return;
	tree[0] = getpid();
	for (size_t added = 1; added > 0; count += added)
		added = grow(proc, tree, count);
	for (size_t i = 1; i < count; i++)
		signal_one(tree[i], signal);
	(void)closedir(proc);
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
