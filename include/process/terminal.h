/*
 * The terminal, when there is one: which process group is in its foreground.
 *
 * A group in the background that reads from the terminal is stopped, and Ctrl-C goes to the
 * foreground only, so each step and the app get it in turn. Every failure is tolerated: most
 * containers have no terminal. tcsetpgrp(3), credentials(7)
 */
#ifndef TMINUS_PROCESS_TERMINAL_H
#define TMINUS_PROCESS_TERMINAL_H

#include <stdbool.h>
#include <sys/types.h>

/* The descriptor (0, 1 or 2) of the controlling terminal, or -1 when there is none and nothing is
 * ever to be handed over. */
int terminal_find(void);

/* Is our own group in its foreground? Not so behind a shell's "&", until its "fg". */
bool terminal_is_ours(int terminal);

/* Is there a shell whose job our group is, so that it sees when we stop? setpgid(2), orphaned */
bool terminal_is_awaited(void);

/* Puts group into the foreground of terminal; -1 is fine. Signals must be blocked (SIGTTOU). */
void terminal_give(int terminal, pid_t group);

#endif
