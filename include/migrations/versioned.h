/*
 * What the readers of dbmate, Rails and Knex share: every file has a version, every row is a
 * version, and what has no row is pending.
 *
 * A tool is a row: how it reads its folder, and what it says about rows without a file.
 */
#ifndef TMINUS_MIGRATIONS_VERSIONED_H
#define TMINUS_MIGRATIONS_VERSIONED_H

#include <stdbool.h>

#include "migrations/reader.h"
#include "migrations/versioned_files.h"

struct versioned_tool {
	struct versioned_names names;
	const char *table;	 /* of versions, for messages */
	const char *upgrade;	 /* the command that applies what is pending */
	const char *stamp;	 /* how a row is added by hand, for messages */
	const char *unlock;	 /* the command that frees its lock; NULL: it has none */
	bool refuses_other_rows; /* a row without a file is an error to it; else it is ignored */
	/* A row as versions of files are written; NULL when the tool writes no such rows. The
	 * caller frees it. */
	char *(*version_of_row)(const char *row);
	/* Can its configuration be read with certainty? False with finding concluded. */
	bool (*is_plain)(const struct migrations_files *files, struct finding *finding);
	/* Are the files as the tool wants them? NULL: whatever they are. False with finding
	 * concluded. */
	bool (*is_sound)(const struct migrations_files *files,
		const struct versioned_files *versions, struct finding *finding);
};

/* Do the keys of all files differ? Else concludes broken: two have the same what. key_of's result
 * is freed here; NULL is no key. */
bool versioned_keys_differ(const struct migrations_files *files,
	const struct versioned_files *versions, const char *what,
	char *(*key_of)(const struct versioned_file *file), struct finding *finding);

/* Concludes as the tool itself would. */
void versioned_inspect(const struct versioned_tool *tool, const struct migrations_files *files,
	const struct migrations_state *state, struct finding *finding);

#endif
