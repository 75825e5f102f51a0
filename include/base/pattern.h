/*
 * Patterns of names and paths: *, ?, [a-z], [!a-z] and \, as in a shell, byte by byte. glob(7)
 *
 * Owns nothing. There are no character classes ([[:digit:]]): what glob(3) and fnmatch(3) need for
 * them, and for wide characters, is larger than all that is here.
 */
#ifndef TMINUS_BASE_PATTERN_H
#define TMINUS_BASE_PATTERN_H

#include <stdbool.h>

#include "base/text.h"

/* Whether the whole name fits. A * and a ? fit any byte, / and a leading dot too. */
bool pattern_matches(const char *pattern, const char *name);

/* Adds to found, which is empty, the paths below the folder root that fit, in the order of their
 * names; without root. Names with a leading dot fit where the pattern has it too; what cannot be
 * read has nothing below it. */
void pattern_find(const char *root, const char *pattern, struct list *found);

#endif
