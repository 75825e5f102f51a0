/*
 * A file of variables, as dotenv's .env: read, never run.
 *
 *   NAME=value, with or without export before it and blanks around the =. A value without quotes
 *   ends at the line's end or at a # behind a blank. '...' keeps everything, "..." knows \n \r \t,
 *   and \ before " \ $ ` or a line's end; in both of them a value may hold line ends. ${NAME},
 *   ${NAME:-default} and ${NAME:?message} are expanded but in '...'; any other $ is an ordinary
 *   character. $(command) and `command` are faults: nothing is run.
 */
#ifndef TMINUS_CONFIG_ENV_FILE_H
#define TMINUS_CONFIG_ENV_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/expand.h"
#include "config/faults.h"

#define ENV_FILE_VARIABLES_MAX 4096

/* A file on its way. */
struct env_file {
	const char *name;   /* for messages */
	const char *cursor; /* in text that ends with a NUL, as long as this lives */
	size_t line;	    /* of cursor */
	struct faults *faults;
};

struct env_file_entry {
	char *name; /* this and value are the caller's to free */
	char *value;
	size_t line;
};

/* Reads the next variable; false behind the last. Lines that are not understood are faults, with
 * the file's name and their number and nothing of what stands there, and are passed over. */
bool env_file_next(
	struct env_file *file, const struct expand_names *names, struct env_file_entry *entry);

#endif
