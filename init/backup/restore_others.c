#include "backup/restore.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "database/activity.h"

#define NAMED_MOST 5
#define WHO_SIZE 400

/* --- SQLite ---------------------------------------------------------------------------------- */

static bool is_same(const struct stat *one, const struct stat *other)
{
	return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

/* The keeper is our sibling, and the same program. proc(5) */
static bool is_own(const char *pid)
{
	char path[300];
	char line[256];
	struct stat theirs;
	struct stat ours;
	int parent = 0;
	(void)snprintf(path, sizeof path, "/proc/%s/exe", pid);
	if (stat(path, &theirs) != 0 || stat("/proc/self/exe", &ours) != 0 ||
		!is_same(&theirs, &ours))
		return false;
	(void)snprintf(path, sizeof path, "/proc/%s/status", pid);
	FILE *file = fopen(path, "re");
	while (file != NULL && parent == 0 && fgets(line, sizeof line, file) != NULL)
		if (text_starts_with(line, "PPid:"))
			parent = (int)strtol(line + 5, NULL, 10);
	if (file != NULL)
		(void)fclose(file);
	return parent == getppid() || strtol(pid, NULL, 10) == getpid();
}

/* Has the process the file open? What is not ours to see is not seen. */
static bool has_open(const char *pid, const struct stat *wanted)
{
	char path[300];
	bool found = false;
	(void)snprintf(path, sizeof path, "/proc/%s/fd", pid);
	DIR *folder = opendir(path);
	for (struct dirent *entry; folder != NULL && !found && (entry = readdir(folder)) != NULL;) {
		struct stat status;
		found = fstatat(dirfd(folder), entry->d_name, &status, 0) == 0 &&
			is_same(&status, wanted);
	}
	if (folder != NULL)
		(void)closedir(folder);
	return found;
}

static void add_process(struct text *who, const char *pid)
{
	char path[300];
	char name[64] = "";
	struct stat status = {0};
	(void)snprintf(path, sizeof path, "/proc/%s/comm", pid);
	FILE *file = fopen(path, "re");
	if (file != NULL) {
		if (fgets(name, sizeof name, file) == NULL)
			name[0] = '\0';
		(void)fclose(file);
	}
	(void)stat(path, &status);
	text_add_format(who, "%spid %s (uid %u, %.*s)", who->length > 0 ? ", " : "", pid,
		(unsigned)status.st_uid, (int)strcspn(name, "\n"), name);
}

/* Is somebody reading or writing just now, who cannot be seen? */
static int try_alone(const struct restore *restore, struct text *who)
{
	struct failure failure;
	if (session_query(restore->session, "BEGIN EXCLUSIVE", NULL, &failure) == 0) {
		(void)session_query(restore->session, "ROLLBACK", NULL, &failure);
		return 0;
	}
	text_add(who, failure.message);
	return 1;
}

int restore_open_by(const char *path, struct text *who)
{
	struct stat wanted;
	int count = 0;
	if (stat(path, &wanted) != 0)
		return 0;
	DIR *processes = opendir("/proc");
	for (struct dirent *entry; processes != NULL && (entry = readdir(processes)) != NULL;) {
		const char *pid = entry->d_name;
		if (pid[strspn(pid, "0123456789")] != '\0' || is_own(pid) ||
			!has_open(pid, &wanted))
			continue;
		if (++count <= NAMED_MOST)
			add_process(who, pid);
	}
	if (processes != NULL)
		(void)closedir(processes);
	return count;
}

static int ask_sqlite(const struct restore *restore, struct text *who)
{
	int count = restore_open_by(restore->url->name, who);
	return count > 0 || access(restore->url->name, F_OK) != 0 ? count : try_alone(restore, who);
}

struct left {
	struct restore *restore;
	char told[WHO_SIZE];
};

static bool tell_left(void *context, const char *who)
{
	struct left *left = context;
	struct text text = {0};
	if (text_equal(left->told, who))
		return true;
	(void)snprintf(left->told, sizeof left->told, "%s", who);
	text_add_format(&text, ACTIVITY_LEFT, who);
	left->restore->tell(left->restore->context, text.bytes);
	text_free(&text);
	return true;
}

static int ask_server(struct restore *restore, struct text *who, struct error *error)
{
	char room[WHO_SIZE];
	struct failure failure = {0};
	struct left left = {.restore = restore};
	const struct activity_ear ear = {tell_left, &left};
	int result = activity_others(
		restore->session, restore->application, &ear, room, sizeof room, &failure);
	if (result < 0)
		return error_set(error, STATUS_RESTORE, "%s", failure.message);
	text_add(who, room);
	return result;
}

int restore_others(struct restore *restore, struct text *who, struct error *error)
{
	return restore->url->kind == DATABASE_SQLITE ? ask_sqlite(restore, who)
						     : ask_server(restore, who, error);
}
