/*
 * A backup, and a restore, each in a child of its own: database tools are run and waited for.
 *
 * The lock is held by the keeper meanwhile, where there is one. They tell over channel:
 * MESSAGE_PROGRESS with what is worth a line in the log, at the end MESSAGE_READY with what was
 * done, or MESSAGE_REFUSED with the reason and the exit status.
 */
#ifndef TMINUS_STEPS_BACKUP_H
#define TMINUS_STEPS_BACKUP_H

#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"
#include "config/config.h"
#include "steps/wait.h"

/* What both need. Borrowed from PID 1's memory, of which the child is a fork. */
struct backup_job {
	const struct config *config;
	const struct wait_job *wait; /* how to open the database, as the keeper does */
	const char *boot_id;	     /* into the manifest */
	const char *reason;	     /* "upgrade", "boot", "backup", "guard", "restore" */
	struct {
		const char *file; /* a path, a file's name in backup.directory, or "latest";
				     NULL: the backup that this very boot has made */
		const struct list *exclude; /* tables that stay as they are */
		bool into;		    /* another database than the backup's may be */
		bool force;		    /* although others are connected */
		bool data_only;
		bool truncate;
	} restore;
};

/* Makes a backup, verified and with its manifest, into backup.directory; progress goes over
 * channel. The file's name is in *path, which the caller frees, and what is worth a line in
 * *summary, which may be NULL. 0, or -1 and STATUS_BACKUP: then there is none. Leaves the working
 * folder where SQLite's relative paths begin. */
int backup_make(const struct backup_job *job, int channel, char **path, char **summary,
	struct error *error);

/* Says over channel that a restore of this database was killed, where one was that left traces in
 * directory, which may be NULL. */
void restore_tell_unfinished(const char *directory, const struct wait_job *wait, int channel);

/* For spawn_child: context is a struct backup_job. 0 when done, else the exit status: 73, or 74. */
int backup_child(void *context, int channel);
int restore_child(void *context, int channel);

#endif
