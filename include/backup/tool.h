/*
 * Running database tools from a child of PID 1: one program, or several joined by pipes.
 *
 * They stay in the child's process group, so that a stop reaches them, and die with it. What they
 * say on stderr is kept, for the message. A password is never in argv: see tool_environment and
 * tool_secret.
 */
#ifndef TMINUS_BACKUP_TOOL_H
#define TMINUS_BACKUP_TOOL_H

#include <stddef.h>

#include "base/error.h"
#include "base/text.h"

#define TOOLS_MOST 2
#define TOOL_TICK 10000 /* ms */

struct tool_run {
	char *const
		*tools[TOOLS_MOST]; /* each an argv; the output of one is the input of the next */
	char *const *environment;
	int input;  /* of the first; -1: /dev/null */
	int output; /* of the last; -1: /dev/null, unless take is set */
	int secret; /* a descriptor that they inherit under its own number; -1: none */
	void (*take)(
		void *context, const char *bytes, size_t length); /* what the last one prints */
	void (*tick)(void *context); /* every TOOL_TICK while it runs; may be NULL */
	void *context;
};

/* Runs them to the end. 0 when all have ended with 0; else -1 and status, with a message that names
 * the first that failed, how it ended, and what it said last. */
int tool_run(const struct tool_run *run, int status, struct error *error);

/* An unnamed file that holds contents, for a tool that reads /proc/self/fd/N: readable by its owner
 * alone. -1 and errno. memfd_create(2) */
int tool_secret(const char *contents);

/* The first line that a command, or a program, says to --version; the caller frees it. NULL and
 * status. */
char *tool_version_of(
	const struct list *command, char *const *environment, int status, struct error *error);
char *tool_version(const char *program, char *const *environment, int status, struct error *error);

/* program with the folder that command's last word names, if it is there; the caller frees it. */
char *tool_beside(const struct list *command, const char *program);

/* Adds a command's words, or the program where there are none. */
void tool_add_command(struct list *argv, const struct list *command, const char *program);

#endif
