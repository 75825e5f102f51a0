/*
 * The name before each line that a process writes ("service worker | ..."), where log.prefix asks
 * for it. The process writes into pipes, and one child, the log child, reads them all and writes
 * whole lines to our stdout and stderr. PID 1 itself writes nobody's lines.
 *
 *   the log child dies       nobody gets SIGPIPE, and what is in the pipes stays there, because PID
 * 1 holds their ends; it is started again at once, or a second after its start; the line that it
 * was at is lost nobody reads our stdout  the log child waits, and who fills its pipe waits: as
 * without it our stdout is closed     the lines are dropped, and nobody gets SIGPIPE no descriptors
 * are left  the process writes to our stdout and stderr, as without it the end                  PID
 * 1 closes its ends, and the log child leaves behind the last writer
 *
 * Who ends without a newline has one put behind its last line.
 *
 * It is no SIGCHLD child: waitpid(2) for any child says ECHILD when it alone is left. It ignores
 * every signal but KILL, so that the last words of who is stopped are read. clone(2), __WCLONE
 */
#ifndef TMINUS_RUN_PREFIX_H
#define TMINUS_RUN_PREFIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "process/table.h"

#define PREFIX_LINE 3072 /* of a line at once; what is longer comes in pieces, a prefix each */

/* The stdout or stderr of a process. */
struct prefix_stream {
	const char *name;
	int end; /* where it is read; -1: closed */
	size_t length;
	char line[PREFIX_LINE + 1];
};

/* What a process has in place of our stdout and stderr. */
struct prefix_pair {
	struct process *process;
	struct prefix_stream streams[2];
	int ends[2]; /* where it writes */
};

struct prefix {
	struct prefix_pair *pairs; /* PREFIX_MOST of the plan's rows; none: nobody asks for it */
	size_t count;
	bool json;
	pid_t pid;	    /* of the log child; 0: there is none */
	int life;	    /* readable when it has died; -1: there is none */
	int64_t not_before; /* when it may be started again */
};

/* Adds process, whose lines get that name. There must be room in pairs. */
void prefix_add(struct prefix *prefix, struct process *process, const char *name);

/* Makes the pipes and starts the log child, where there is anybody whose lines it reads. */
void prefix_open(struct prefix *prefix);

/* Starts it again where it has died. Returns when to come again, on clock_now's scale. */
int64_t prefix_look(struct prefix *prefix);

/* That process has ended: so has its last line. */
void prefix_ended(const struct prefix *prefix, const struct process *process);

/* Nobody writes any more: waits until it has written what there is, for a second at most. */
void prefix_close(struct prefix *prefix);

#endif
