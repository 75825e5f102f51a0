/*
 * Executing a command: PATH search, and an explanation when it fails.
 *
 * Like execvpe(3), but with the PATH of the environment that the command will have, and without its
 * fallback to /bin/sh for files without a #! line: that would hide a mistake.
 */
#ifndef TMINUS_PROCESS_EXEC_H
#define TMINUS_PROCESS_EXEC_H

#include "base/error.h"

/* Replaces this process by argv with environment. Returns only on failure: -1, with status 127 when
 * the command is not found (ENOENT, ENOTDIR), else 126, and a message that says why: no such
 * command in PATH, missing interpreter, CRLF behind #!, no x bit, noexec mount, other architecture,
 * missing loader. execve(2) */
int exec_command(char *const *argv, char *const *environment, struct error *error);

/* What exec_command says when the file candidate, "" for none in PATH, could not be run. Always -1.
 */
int exec_explain(char *const *argv, char *const *environment, const char *candidate, int number,
	struct error *error);

/* The same as execvpe(3) of glibc: a file that is no program is run by /bin/sh. Returns only on
 * failure, with errno. */
int exec_as_libc(char *const *argv, char *const *environment);

/* Is there a file that exec_command would try for name? 0, or -1 and its error. A path relative to
 * the working folder is not looked at. */
int exec_look(const char *name, char *const *environment, struct error *error);

/* The PATH that a command with environment is looked for in. */
const char *exec_search_path(char *const *environment);

/* The value of NAME in an environment, or NULL. environ(7) */
const char *exec_environment_value(char *const *environment, const char *name);

#endif
