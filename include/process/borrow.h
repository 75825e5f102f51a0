/*
 * Starting a command in a child that borrows our memory until its exec, as vfork(2) does, but
 * without waiting for that: an exec that hangs on a dead file server must not hang PID 1. Nothing
 * is copied, and no page is written twice.
 *
 * The child runs on a stack of its own beside us, writes nothing of ours, and calls the kernel
 * itself, because errno is ours. When exec fails it forks, and a process with memory of its own
 * says why. It does not try again: what succeeded there would run beside our child.
 */
#ifndef TMINUS_PROCESS_BORROW_H
#define TMINUS_PROCESS_BORROW_H

#include <stdbool.h>
#include <sys/types.h>

#include "process/spawn.h"

/* What went wrong: the errno that counts, and the file in PATH that it belongs to, "" for none. */
struct borrow_failure {
	int number;
	bool entered; /* the folder */
	const char *file;
};

/* What the child does when exec has failed: it writes to report and exits. */
typedef void borrow_explain(
	const struct command *command, const struct borrow_failure *failure, int report);

/* Starts command, with report open in the child until its exec. Its pid, or -1 where only fork(2)
 * does: on another machine, under an emulator, for a terminal's foreground, another identity or
 * outputs, a drop-in's own way, or while an earlier child is still before its exec. clone(2),
 * CLONE_VM */
pid_t borrow_start(const struct command *command, int report, borrow_explain *explain);

/* Gives back the memory of the child's stack, unless it is in use. */
void borrow_trim(void);

#endif
