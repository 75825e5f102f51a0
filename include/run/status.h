/*
 * The status document: what this tminus is doing, as one JSON object in a small file, for `tminus
 * status` and `tminus health` in the same container.
 *
 * One writer, the process of run_plan, which writes when something has changed and never else: a
 * temporary file, renamed. The file lies in the first place that can be written, tmpfs before
 * disks: status.path, /run/tminus, /dev/shm, /tmp. Its name holds the mount namespace's number, so
 * that containers which share a /tmp do not read each other's. It goes when tminus ends. Nothing
 * here allocates; a place that cannot be written is said once and harms nothing.
 *
 * Readers believe a regular file that belongs to root or to the user of the process which it names,
 * when that process lives and has been living since the time in it.
 */
#ifndef TMINUS_RUN_STATUS_H
#define TMINUS_RUN_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

#define STATUS_PATH_SIZE 512
#define STATUS_SIZE 6144 /* of a document, at most */

struct status {
	const struct config *config;
	const char *boot_id;
	bool complained;
	const char *state; /* the one that was written last, and since when */
	int64_t since;
	char path[STATUS_PATH_SIZE]; /* of the document; "" while there is none */
};

/* A document. Times are of clock_now's scale, CLOCK_NEVER for none; numbers -1, texts NULL. */
struct status_view {
	const char *state; /* boot, starting, app, stopping */
	const char *step;
	int64_t step_since;
	const char *target; /* what it waits for, and why */
	const char *reason;
	int64_t boot_deadline;
	int64_t step_deadline;
	int64_t app_pid;
	int64_t app_since;
	int64_t ready;	  /* 0 or 1 */
	const char *says; /* the app, of itself */
	int64_t exit_status;

	/* Filled in by status_write. */
	const char *version, *boot_id, *health_url, *app;
	int64_t pid, started, limit, health_timeout, since;
};

/* Fills status; config and boot_id are borrowed. */
void status_begin(struct status *status, const struct config *config, const char *boot_id);

/* Replaces the document. */
void status_write(struct status *status, struct status_view *view);

/* Takes it away. */
void status_end(const struct status *status);

/* --- reading --------------------------------------------------------------------------------- */

/* Reads the document of this container's tminus into room, out of folder, or of the usual places
 * when that is NULL. The file's name is left in path. False when there is none to be believed. */
bool status_read(
	const char *folder, char path[static STATUS_PATH_SIZE], char room[static STATUS_SIZE + 1]);

/* The value of a key, a string without its quotes and backslashes; NULL for null, and where there
 * is no such key. Returns room. */
const char *status_value(const char *document, const char *key, char *room, size_t size);

#endif
