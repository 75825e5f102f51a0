#include "run/status.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/version.h"
#include "process/descendants.h"

/* Where a document may lie; a folder that is tminus's own is made in the one above it. */
static const struct place {
	const char *folder;
	const char *above;
} places[] = {{"/run/tminus", "/run"}, {"/dev/shm", NULL}, {"/tmp", NULL}};
#define PLACES (sizeof places / sizeof places[0])

/* The mount namespace is the container: its number is the same for all that enter it. namespaces(7)
 */
static void name_document(const char *folder, char path[static STATUS_PATH_SIZE])
{
	struct stat namespace = {0};
	(void)stat("/proc/self/ns/mnt", &namespace);
	(void)snprintf(path, STATUS_PATH_SIZE, "%s/tminus-%llu.json", folder,
		(unsigned long long)namespace.st_ino);
}

/* --- writing --------------------------------------------------------------------------------- */

enum field_kind { FIELD_TEXT, FIELD_NUMBER, FIELD_TIME, FIELD_FLAG };

#define FIELD(kind, name) FIELD_##kind, offsetof(struct status_view, name)

/* Those with a _ in front are for programs alone. */
static const struct field {
	const char *key;
	uint16_t kind;
	uint16_t offset;
} fields[] = {
	{"version", FIELD(TEXT, version)},
	{"boot_id", FIELD(TEXT, boot_id)},
	{"pid", FIELD(NUMBER, pid)},
	{"_started", FIELD(NUMBER, started)},
	{"_limit", FIELD(NUMBER, limit)},
	{"health_timeout", FIELD(NUMBER, health_timeout)},
	{"health_url", FIELD(TEXT, health_url)},
	{"state", FIELD(TEXT, state)},
	{"since", FIELD(TIME, since)},
	{"boot_deadline", FIELD(TIME, boot_deadline)},
	{"step", FIELD(TEXT, step)},
	{"step_since", FIELD(TIME, step_since)},
	{"step_deadline", FIELD(TIME, step_deadline)},
	{"waits_for", FIELD(TEXT, target)},
	{"reason", FIELD(TEXT, reason)},
	{"app", FIELD(TEXT, app)},
	{"app_pid", FIELD(NUMBER, app_pid)},
	{"app_since", FIELD(TIME, app_since)},
	{"app_says", FIELD(TEXT, says)},
	{"ready", FIELD(FLAG, ready)},
	{"exit_status", FIELD(NUMBER, exit_status)},
};
#define FIELDS (sizeof fields / sizeof fields[0])

/* A field is left without what does not fit, so that there is room for those behind it. */
#define FIELD_LEAST 80

static size_t add_text(char *room, size_t used, size_t size, const char *text)
{
	room[used++] = '"';
	while (*text != '\0' && used + JSON_CHARACTER < size) {
		text += json_escape(text, room + used);
		used += strlen(room + used);
	}
	room[used++] = '"';
	return used;
}

/* place is where the field's value is in the view. */
static size_t add_value(char *room, size_t used, size_t size, int kind, const void *place)
{
	char own[CLOCK_UTC_SIZE];
	const char *text = kind == FIELD_TEXT ? *(const char *const *)place : NULL;
	int64_t number = kind == FIELD_TEXT ? -1 : *(const int64_t *)place;
	if (kind == FIELD_TIME && number != CLOCK_NEVER)
		text = clock_utc(number, own);
	if (text != NULL)
		return add_text(room, used, size, text);
	(void)snprintf(own, sizeof own, "%lld", (long long)number);
	if (kind == FIELD_FLAG)
		text = number != 0 ? "true" : "false";
	else
		text = kind == FIELD_NUMBER && number >= 0 ? own : "null";
	memcpy(room + used, text, strlen(text) + 1);
	return used + strlen(text);
}

/* One field a line: status_value counts on it. */
static size_t render(const struct status_view *view, char *room)
{
	size_t used = 0;
	for (size_t i = 0; i < FIELDS; i++) {
		used += (size_t)snprintf(room + used, STATUS_SIZE - used,
			"%s\n\"%s\": ", i > 0 ? "," : "{", fields[i].key);
		used = add_value(room, used, STATUS_SIZE - (FIELDS - i) * FIELD_LEAST,
			fields[i].kind, (const char *)view + fields[i].offset);
	}
	return used + (size_t)snprintf(room + used, STATUS_SIZE - used, "\n}\n");
}

/* What does not change, but for since. */
static void complete(const struct status *status, struct status_view *view)
{
	const struct config *config = status->config;
	int64_t limit = clock_earlier(view->boot_deadline, view->step_deadline);
	view->version = TMINUS_VERSION;
	view->boot_id = status->boot_id;
	view->pid = getpid();
	view->started = process_start_time(getpid());
	view->limit = limit == CLOCK_NEVER ? -1 : limit;
	view->health_timeout = config->health_timeout;
	view->health_url = config->health_url;
	view->since = status->since;
	view->app = config->app.count > 0 ? config->app.items[0] : NULL;
}

/* A new file, renamed: a reader finds the old document or the new one, and a link that somebody has
 * laid there is replaced, never followed. open(2), rename(2) */
static int put(const char *path, const char *text, size_t length)
{
	char temporary[STATUS_PATH_SIZE + 4];
	(void)snprintf(temporary, sizeof temporary, "%s.new", path);
	(void)unlink(temporary);
	autoclose int file = open(
		temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
	if (file < 0)
		return -1;
	if (write(file, text, length) == (ssize_t)length && rename(temporary, path) == 0)
		return 0;
	int number = errno;
	(void)unlink(temporary);
	errno = number;
	return -1;
}

/* What lives in memory cannot make us wait for a disk. */
static bool is_in_memory(const char *folder)
{
	struct statfs file_system;
	return statfs(folder, &file_system) == 0 && file_system.f_type == TMPFS_MAGIC;
}

static int put_into(struct status *status, const char *folder, const char *text, size_t length)
{
	name_document(folder, status->path);
	if (put(status->path, text, length) == 0)
		return 0;
	status->path[0] = '\0';
	return -1;
}

/* Another tminus lives here: this one is a backup in its container, say. */
static bool is_taken(const struct status *status)
{
	char path[STATUS_PATH_SIZE];
	char room[STATUS_SIZE + 1];
	const char *own = status->config->status_path;
	return status_read(NULL, path, room) || (own != NULL && status_read(own, path, room));
}

/* The setting first, then memory, then disks. -1 and errno of the last. */
static int find_place(struct status *status, const char *text, size_t length)
{
	const char *own = status->config->status_path;
	if (is_taken(status)) {
		errno = EBUSY;
		return -1;
	}
	if (own != NULL)
		(void)mkdir(own, 0755);
	if (own != NULL && put_into(status, own, text, length) == 0)
		return 0;
	for (size_t i = 0; i < 2 * PLACES; i++) {
		const struct place *place = &places[i % PLACES];
		if (is_in_memory(place->above != NULL ? place->above : place->folder) !=
			(i < PLACES))
			continue;
		if (place->above != NULL)
			(void)mkdir(place->folder, 0755);
		if (put_into(status, place->folder, text, length) == 0)
			return 0;
	}
	return -1;
}

void status_begin(struct status *status, const struct config *config, const char *boot_id)
{
	*status = (struct status){.config = config, .boot_id = boot_id};
}

void status_write(struct status *status, struct status_view *view)
{
	char text[STATUS_SIZE];
	if (status->state != view->state)
		status->since = clock_now();
	status->state = view->state;
	complete(status, view);
	size_t length = render(view, text);
	if (status->path[0] != '\0' && put(status->path, text, length) == 0)
		return;
	status_end(status); /* an old one would be wrong */
	if (find_place(status, text, length) == 0 || status->complained)
		return;
	status->complained = true;
	log_debug("tminus status and health know nothing: their document cannot be written: %s",
		strerror(errno));
}

void status_end(const struct status *status)
{
	if (status->path[0] != '\0')
		(void)unlink(status->path);
}

/* --- reading --------------------------------------------------------------------------------- */

static int64_t number_of(const char *document, const char *key)
{
	char room[24];
	const char *value = status_value(document, key, room, sizeof room);
	return value != NULL ? strtoll(value, NULL, 10) : -1;
}

/* Is it by who it says, who still lives? */
static bool is_true(const char *document, uid_t owner)
{
	pid_t pid = (pid_t)number_of(document, "pid");
	int64_t started = process_start_time(pid);
	return pid > 0 && started >= 0 && started == number_of(document, "_started") &&
	       (owner == 0 || owner == process_user(pid));
}

static bool read_document(const char *path, char room[static STATUS_SIZE + 1])
{
	struct stat file_status;
	autoclose int file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (file < 0 || fstat(file, &file_status) != 0 || !S_ISREG(file_status.st_mode) ||
		file_status.st_size > STATUS_SIZE)
		return false;
	ssize_t length = read(file, room, STATUS_SIZE);
	room[length > 0 ? length : 0] = '\0';
	return is_true(room, file_status.st_uid);
}

bool status_read(
	const char *folder, char path[static STATUS_PATH_SIZE], char room[static STATUS_SIZE + 1])
{
	if (folder != NULL) {
		name_document(folder, path);
		return read_document(path, room);
	}
	for (size_t i = 0; i < PLACES; i++) {
		name_document(places[i].folder, path);
		if (read_document(path, room))
			return true;
	}
	return false;
}

const char *status_value(const char *document, const char *key, char *room, size_t size)
{
	char begin[40];
	size_t used = 0;
	(void)snprintf(begin, sizeof begin, "\n\"%s\": ", key);
	const char *at = strstr(document, begin);
	at = at != NULL ? at + strlen(begin) : "null";
	if (text_starts_with(at, "null"))
		return NULL;
	bool quoted = *at == '"';
	for (at += quoted; *at != '\0' && strchr(quoted ? "\"\n" : ",\n", *at) == NULL; at++) {
		if (*at == '\\' && at[1] != '\0')
			at++;
		if (used + 1 < size)
			room[used++] = *at;
	}
	room[used] = '\0';
	return room;
}
