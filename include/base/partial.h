/*
 * Files under a temporary name, ".tminus-BOOT.partial", which get their own name as the last act.
 *
 * Each is locked (flock(2)) as long as anybody writes it, so that what a kill has left behind is
 * told by its lock alone, and goes when the next one is begun in the same folder.
 */
#ifndef TMINUS_BASE_PARTIAL_H
#define TMINUS_BASE_PARTIAL_H

#include <stdbool.h>

#define PARTIAL_SUFFIX ".partial" /* the end of every temporary name */
#define PARTIAL_NAME_SIZE 64

/* Is it one, or a journal of SQLite's beside one? */
bool partial_is(const char *name);

/* Creates the one of boot in folder, behind what is left there; its mode is 0600, and name gets its
 * name. A descriptor for reading and writing, locked, CLOEXEC; -1 and errno. */
int partial_open(int folder, const char *boot, char name[PARTIAL_NAME_SIZE]);

/* Removes what nobody writes any more, journals of SQLite's beside it, too. folder may be O_PATH.
 */
void partial_clear(int folder);

#endif
