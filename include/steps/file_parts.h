/*
 * The parts of files.c: folders, keys and templates, each first looked at and then changed.
 */
#ifndef TMINUS_STEPS_FILE_PARTS_H
#define TMINUS_STEPS_FILE_PARTS_H

#include "base/error.h"
#include "config/faults.h"
#include "steps/files.h"

/* "tminus.ini:12: [dir storage/logs]: ", which every message about a section begins with. */
#define SECTION_FORMAT "%s: [%s %s]: "

/* Fills error with the message of what failed while it was being done (80), and what to do about
 * it. Always -1. */
int files_failed(struct error *error, const char *origin, const char *kind, const char *name,
	int number, const char *what);

/* Will the folder of path be there, or is it one that a [dir] makes? Else that is a fault. */
void files_check_parent(const struct files_job *job, const char *origin, const char *kind,
	const char *name, const char *path, struct faults *faults);

void folder_check(
	const struct files_job *job, const struct dir_settings *settings, struct faults *faults);

/* Makes it, and makes right what is not; what was done is added to summary, where something was. */
int folder_apply(const struct files_job *job, const struct dir_settings *settings,
	struct text *summary, struct error *error);

/* Reads the key, or thinks of one where there is no file yet, into its variable. */
void key_check(const struct files_job *job, struct files_key *key, struct faults *faults);

/* Writes the one that was thought of, unless another replica has been faster: then it is that. */
int key_apply(const struct files_job *job, struct files_key *key, struct text *summary,
	struct error *error);

/* A name in vars that the template does not have is a warning. */
void template_check(const struct files_job *job, const struct template_settings *settings,
	struct list *warnings, struct faults *faults);

/* Writes it, unless it is the same already. */
int template_apply(const struct files_job *job, const struct template_settings *settings,
	struct text *summary, struct error *error);

#endif
