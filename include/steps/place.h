/*
 * A file that gets its name when it is whole: written to a temporary one in the same folder,
 * synced, and then renamed. Whenever that is killed, the old file is there, or none, or the new
 * one; what was left under the temporary name goes at the next write there (base/partial.h).
 */
#ifndef TMINUS_STEPS_PLACE_H
#define TMINUS_STEPS_PLACE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/text.h"

struct place {
	int folder;	     /* O_PATH is enough; AT_FDCWD */
	const char *name;    /* in it */
	const char *boot_id; /* in the temporary file's name, so that replicas have one each */
	uid_t uid;	     /* -1: our own; gid, too */
	gid_t gid;
	mode_t mode;
};

/* Of a file that nobody has said anything about: the umask's. umask(2) */
mode_t place_mode_of_new(void);

/* Writes contents there. With replace an older file goes, else that is EEXIST, and the older one
 * stays. -1 and errno: then nothing has changed, and the temporary file is gone. rename(2), link(2)
 */
int place_write(const struct place *place, const struct text *contents, bool replace);

#endif
