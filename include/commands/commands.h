/*
 * The command line: options, then a subcommand, then the app's own words.
 *
 *     tminus [--config FILE] [--set SECTION.KEY=VALUE]... [SUBCOMMAND] [OPTION]... [--] [APP...]
 *
 * The first word that is no option is the subcommand if it is one and stands before "--", else the
 * app begins there. Behind "--" everything is the app's.
 */
#ifndef TMINUS_COMMANDS_COMMANDS_H
#define TMINUS_COMMANDS_COMMANDS_H

#include <stdbool.h>

#include "base/error.h"
#include "config/config.h"

struct command_line {
	const struct subcommand *subcommand;
	struct config_request request;
	bool json;
	bool example; /* config --example */
	bool dashes;  /* "--" stood before the app */
};

/* Runs a subcommand; its exit status. */
typedef int subcommand_run(struct command_line *line);

struct subcommand {
	const char *name;
	subcommand_run *run;
	const char *arguments; /* for help: "[--] COMMAND..." */
	const char *help;      /* one line */
	bool takes_words;      /* the words behind it are its own, else they are an error */
	bool takes_options;    /* --json and --example */
};

/* Parses the command line and runs what it names; the exit status. Signals are blocked. */
int commands_main(int argc, char **argv, char **environment);

/* Called as tini, dumb-init or catatonit, by the name of the program's file or with --as=NAME as
 * the first argument? Then its exit status, in the program's manner; else -1. */
int commands_as_another(char **argv, char **environment);

/* The table, which ends with a name of NULL; NULL when there is no such name. */
const struct subcommand *commands_all(void);
const struct subcommand *commands_find(const char *name);

/* The subcommands, one file each. */
int command_run(struct command_line *line);
int command_boot(struct command_line *line);
int command_wait(struct command_line *line);
int command_config(struct command_line *line);
int command_version(struct command_line *line);
int command_help(struct command_line *line);

/* "1.2.3" */
const char *command_version_number(void);

/* Loads the configuration for a subcommand, or says every fault: NULL then, and status 78 is due.
 */
struct config *commands_load(const struct command_line *line);

/* Writes out stdout at the end of a subcommand that reports: 0, or status 70 when it could not be
 * written (a full disk). */
int commands_flush(void);

#endif
