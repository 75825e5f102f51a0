/*
 * Starting children: commands (fork and exec) and functions of our own (fork).
 *
 * A child gets a process group of its own, default dispositions and an empty mask. Every descriptor
 * of ours is CLOEXEC; what the container's runtime handed us (0, 1, 2, LISTEN_FDS) passes through.
 */
#ifndef TMINUS_PROCESS_SPAWN_H
#define TMINUS_PROCESS_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "process/identity.h"

/* What a child does in place of all that spawn_command does: session, group, terminal, exec. It
 * comes with every signal blocked; what it returns, when exec has failed, is its exit status. */
typedef int spawn_become_function(char *const *argv, char *const *environment);

struct command {
	char *const *argv;
	char *const *environment;
	const char *workdir;		 /* NULL: where we are */
	const struct identity *identity; /* NULL: the same as ours */
	const int *outputs;		 /* its stdout and stderr; NULL: ours */
	int terminal; /* put the child into its foreground, where we are in it; -1: do not */
	spawn_become_function *become; /* NULL: in tminus's own way */
};

/* A function that a child runs; what it returns is the child's exit status. channel is its end of a
 * SOCK_SEQPACKET pair; it reads end of file there when the parent is gone or has had enough. */
typedef int spawn_function(void *context, int channel);

struct spawned {
	pid_t pid;
	int descriptor; /* of a command: exec's report; of a function: the parent's channel */
};

/* Starts command. descriptor becomes readable when exec has succeeded (end of file) or failed (one
 * struct error, for spawn_error). The caller closes it. -1 and STATUS_INTERNAL when
 * it cannot be forked: errno is EAGAIN or ENOMEM where another try can succeed. fork(2) */
int spawn_command(const struct command *command, struct spawned *child, struct error *error);

/* Forks and runs entry(context, channel) in the child. The caller closes descriptor. As above. */
int spawn_child(spawn_function *entry, void *context, struct spawned *child, struct error *error);

enum spawn_report { SPAWN_PENDING, SPAWN_SUCCEEDED, SPAWN_FAILED };

/* What exec's report on descriptor says by now; never blocks and takes nothing off it. poll(2) */
enum spawn_report spawn_report(int descriptor);

/* Takes the error off the report of a SPAWN_FAILED. */
void spawn_error(int descriptor, struct error *error);

/* Becomes command: identity, folder, mask emptied, then exec. Returns only on failure, with every
 * signal blocked again: -1 and error. */
int spawn_become(const struct command *command, struct error *error);

#endif
