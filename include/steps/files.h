/*
 * [dir], [key], [template] and [step] remove, in a child of PID 1's: a volume that hangs must not
 * hold PID 1 up.
 *
 * All is looked at before anything is changed: what is wrong in the configuration is 78, each fault
 * told by a MESSAGE_REFUSED of its own, and nothing was done. What fails while it is being done is
 * 80. A key's value goes to PID 1 as MESSAGE_KEY, and never into the log.
 */
#ifndef TMINUS_STEPS_FILES_H
#define TMINUS_STEPS_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "config/config.h"
#include "config/faults.h"
#include "process/spawn.h"

#define FILES_KEY_SIZE 1004 /* of a message's text */

/* "NAME=value" of a key that is given to the commands and the app; the room is in their
 * environments, and is filled once the value is known. */
struct files_key {
	const struct key_settings *settings;
	char *variable; /* FILES_KEY_SIZE bytes */
	bool found;	/* in its file */
};

struct files_job {
	/* Whose app.workdir is where we work, and whose keys and templates, whether they are for
	 * this container or not, a recursive folder leaves alone. */
	const struct config *config;
	const char *boot_id;		  /* in the names of temporary files */
	char *const *environment;	  /* of the app, keys included: what templates name */
	const struct dir_settings **dirs; /* those whose condition holds, in the file's order */
	size_t dir_count;
	struct files_key *keys; /* those whose variable is not set already */
	size_t key_count;
	const struct template_settings **templates;
	size_t template_count;
};

/* What a step removes, and as whom and where, as its command would. */
struct remove_job {
	const struct list *files;
	const struct command *place; /* its identity and its workdir */
};

/* What a start would refuse and warn of, from the folder of the job on: the process stays there.
 * Changes nothing. */
void files_look(const struct files_job *job, struct list *warnings, struct faults *faults);

/* For spawn_child: context is a struct files_job or remove_job. 0 when done, else 78 or 80. */
int files_child(void *context, int channel);
int remove_child(void *context, int channel);

#endif
