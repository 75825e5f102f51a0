/*
 * A folder of migrations whose names carry their versions, as dbmate, Rails and Knex keep them.
 *
 * Only names are looked at: no file is opened, so that a FIFO or a huge file costs nothing. Links
 * are not followed into folders.
 */
#ifndef TMINUS_MIGRATIONS_VERSIONED_FILES_H
#define TMINUS_MIGRATIONS_VERSIONED_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "migrations/finding.h"

/* What a name is to the tool. */
enum versioned_name {
	VERSIONED_OTHER,  /* passed over */
	VERSIONED_FILE,	  /* a migration */
	VERSIONED_ILLEGAL /* the tool refuses to go on */
};

struct versioned_file {
	char *path;    /* below the folder */
	char *version; /* as the version table would hold it */
	bool applied;
};

struct versioned_files {
	struct versioned_file *items;
	size_t count;
	size_t room;
};

/* How a tool reads its folder. */
struct versioned_names {
	bool subfolders;     /* it goes down into folders, but for links and hidden ones */
	bool passes_folders; /* a folder with the name of a migration is none */
	/* What name is, and for a migration its *version, which the caller frees. */
	enum versioned_name (*classify)(const char *name, char **version);
	/* The order in which they are applied, of two struct versioned_file; qsort(3). */
	int (*compare)(const void *one, const void *other);
};

/* Fills files, which is a zeroed one, in the tool's order. False, with finding concluded, when the
 * folder cannot be read with certainty or holds what the tool refuses. */
bool versioned_files_read(const char *directory, const struct versioned_names *names,
	struct versioned_files *files, struct finding *finding);

/* By path, byte by byte; for compare. */
int versioned_files_by_path(const void *one, const void *other);

void versioned_files_clear(struct versioned_files *files);

#endif
