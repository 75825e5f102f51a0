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
	unsigned options;     /* those of enum command_option that stood there */
	bool dashes;	      /* "--" stood before the app */
	struct list excluded; /* each --exclude TABLE */
	const char *job;      /* --job NAME@TIME: what a job calls us for */
};

/* The options that only some subcommands take. */
enum command_option {
	OPTION_JSON = 1,
	OPTION_EXAMPLE = 2,
	OPTION_LIST = 4,
	OPTION_BACKUP = 8,
	OPTION_FORCE = 16,
	OPTION_DATA_ONLY = 32,
	OPTION_TRUNCATE = 64,
	OPTION_INTO = 128,    /* has a value */
	OPTION_EXCLUDE = 256, /* has a value */
	OPTION_HISTORY = 512,
	OPTION_LIVE = 1024,
	OPTION_WATCH = 2048,
	OPTION_JOB = 4096, /* has a value; for jobs alone, and in no help */
};

/* What the words behind a subcommand are. */
enum command_words {
	WORDS_NONE,    /* an error */
	WORDS_OWN,     /* its own; options may stand between and behind them */
	WORDS_COMMAND, /* a command: from the first on, options too are the command's */
};

/* Runs a subcommand; its exit status. */
typedef int subcommand_run(struct command_line *line);

struct subcommand {
	const char *name;
	subcommand_run *run;
	const char *arguments;	  /* for help: "[--] COMMAND..." */
	const char *help;	  /* one line */
	enum command_words words; /* what stands behind it */
	unsigned options;	  /* enum command_option */
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
int command_backup(struct command_line *line);
int command_backup_list(struct command_line *line); /* backup --list */
int command_restore(struct command_line *line);
int command_guard(struct command_line *line);
int command_check(struct command_line *line);
int command_explain(struct command_line *line);
int command_new(struct command_line *line);
int command_status(struct command_line *line);
int command_health(struct command_line *line);
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
