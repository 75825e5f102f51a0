/*
 * Signals as events: everything blocked, read from a signalfd.
 *
 * Uses the kernel's own mask of 64 bits, because the C library hides 32 and 33, which a container's
 * runtime can send all the same. sigprocmask(2), signalfd(2), signal(7)
 */
#ifndef TMINUS_PROCESS_SIGNALS_H
#define TMINUS_PROCESS_SIGNALS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Blocks every signal. The very first act of main: what comes before it is lost for a PID 1. */
void signals_block(void);

/* Sets every disposition to its default, SIGCHLD too: an inherited SIG_IGN there would make the
 * kernel reap in our place and waitpid(2) fail. Children inherit the clean state. */
void signals_reset(void);

/* Empties the mask: the last act of a child before exec. */
void signals_unblock(void);

/* Instead of it, in a child that is to find what our own parent left: its mask, and what it ignored
 * (nohup(1)), but for SIGCHLD. */
void signals_restore(void);

/* A descriptor from which blocked signals are read; CLOEXEC, blocking. -1 and errno. */
int signals_open(void);

/* One signal that arrived. */
struct arrival {
	int number;
	pid_t sender; /* 0 when the kernel sent it, or a process outside of this namespace */
};

/* Takes signals off descriptor, at most room: waits for the first, never for more. 0 when the wait
 * was interrupted (a debugger, SIGSTOP and SIGCONT). */
size_t signals_take(int descriptor, struct arrival *arrivals, size_t room);

/* Stops this process and the others of its group, as the terminal would: number is TSTP, TTIN or
 * TTOU. Returns when it is continued, or at once where nobody could continue it (an orphaned group,
 * the PID 1 of a namespace). */
void signals_suspend(int number);

/* Is there one to take now? poll(2) */
bool signals_pending(int descriptor);

#endif
