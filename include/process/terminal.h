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

/* The descriptor (0, 1 or 2) of the controlling terminal in whose foreground this process is, or -1
 * when there is none and nothing is ever to be handed over. */
int terminal_find(void);

/* Is our own group in its foreground? */
bool terminal_is_ours(int terminal);

/* Puts group into the foreground of terminal; -1 is fine. Signals must be blocked (SIGTTOU). */
void terminal_give(int terminal, pid_t group);

#endif
