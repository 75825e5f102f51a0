/*
 * Names of signals and their numbers. signal(7)
 */
#ifndef TMINUS_BASE_SIGNAL_NAME_H
#define TMINUS_BASE_SIGNAL_NAME_H

#include <stddef.h>

#define SIGNAL_LAST 64 /* the kernel's _NSIG; glibc hides 32 and 33 but they exist */

/* The number of "TERM", "SIGTERM", "term", "15", "RTMIN+3" or "RTMAX-1"; -1 when there is none. */
int signal_number(const char *name);

/* What each signal becomes when nothing is rewritten: itself. */
typedef unsigned char signal_map[SIGNAL_LAST + 1];
void signal_map_identity(signal_map map);

/* "TERM" for 15, "RTMIN+3" for a real-time signal; written into room where it has no name. */
const char *signal_name(int number, char *room, size_t size);

#define SIGNAL_NAME_SIZE 16

#endif
