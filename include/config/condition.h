/*
 * The conditions of if =: NAME, !NAME, NAME = value, NAME != value, joined by "and"; nothing more.
 *
 * NAME is an environment variable; one that is not set is empty. NAME alone holds for 1, true, yes
 * and on, in upper or lower case. A value with blanks, or that is "and", stands in quotes ("..."
 * or '...'); an empty one is "".
 */
#ifndef TMINUS_CONFIG_CONDITION_H
#define TMINUS_CONFIG_CONDITION_H

#include <stdbool.h>

#include "base/error.h"

/* -1 and STATUS_CONFIG when condition is not of the form above. */
int condition_check(const char *condition, struct error *error);

/* Does a checked condition hold in environment (as environ(7))? NULL and "" always hold. */
bool condition_holds(const char *condition, char *const *environment);

/* Why a checked condition holds or not: "RUN_SEED is 1", "APP_ENV is staging", "QUEUE is not set".
 * It tells of the terms up to the first that does not hold; passwords of URLs are masked. "" for no
 * condition. The caller frees it. */
char *condition_reason(const char *condition, char *const *environment);

#endif
