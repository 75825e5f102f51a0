/*
 * Does a tool's configuration leave the migrations where the tool's defaults have them?
 *
 * Files are searched for words, not understood: a word that may move the folder or the version
 * table makes the finding unknown, unless the settings vouch for what it moves. Lines that are
 * comments do not count.
 */
#ifndef TMINUS_MIGRATIONS_CONFIGURATION_H
#define TMINUS_MIGRATIONS_CONFIGURATION_H

#include <stdbool.h>

#include "migrations/reader.h"

/* What the settings can vouch for, as bits. */
enum voucher {
	VOUCHER_NONE = 0,
	VOUCHER_DIRECTORY = 1, /* upgrade.migrations */
	VOUCHER_TABLE = 2,     /* upgrade.version_table */
	VOUCHER_SCHEMA = 4     /* database.schema */
};

struct configuration_word {
	const char *word;
	unsigned needs; /* all of these vouchers; VOUCHER_NONE: nothing can vouch for it */
};

/* One file, without the lines that are comments. */
struct configuration_file {
	const char *root; /* the folder that its path begins in */
	const char *path;
	const char *code;
	unsigned vouchers;     /* that there are */
	const char *directory; /* of the migrations */
};

/* How a tool is configured. */
struct configuration {
	/* Of files, or of folders whose .rb files are read; NULL-terminated. */
	const char *const *paths;
	/* Patterns (base/pattern.h) of other folders that the tool may read too; NULL for none. */
	const char *const *others;
	const char *comment; /* what a line of comment begins with: "#" or "//" */
	const struct configuration_word *words; /* the last one has no word */
	const char *directory; /* the tool's own default: any other was set, which vouches */
	/* More about a file; NULL for nothing. False with finding concluded. */
	bool (*check)(const struct configuration_file *file, struct finding *finding);
};

/* Searches what there is of the files in the working folder, and in the two folders above the
 * migrations. False with finding concluded. *found, unless it is NULL, counts the files. */
bool configuration_is_plain(const struct configuration *configuration,
	const struct migrations_files *files, size_t *found, struct finding *finding);

/* The vouchers that the settings give. */
unsigned configuration_vouchers(
	const struct configuration *configuration, const struct migrations_files *files);

/* Concludes unknown, because of what file says about what; always false. */
bool configuration_doubt(
	const struct configuration_file *file, const char *what, struct finding *finding);

/* Is it one and the same folder? */
bool configuration_same_folder(const char *one, const char *other);

#endif
