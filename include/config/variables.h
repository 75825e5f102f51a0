/*
 * Lists of environment variables: NAME=value strings with a NULL behind the last, as environ(7).
 */
#ifndef TMINUS_CONFIG_VARIABLES_H
#define TMINUS_CONFIG_VARIABLES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/* The value of the variable called name, or of the length bytes at name; NULL when it is not set
 * (or environment is NULL). Lives as long as the environment. The first of several counts, as with
 * getenv(3). */
const char *variable_value(char *const *environment, const char *name);
const char *variable_value_of(char *const *environment, const char *name, size_t length);

/* The same, but NULL for an empty value too: for variables that platforms set to "" to mean none.
 */
const char *variable_filled(char *const *environment, const char *name);

/* Sets NAME=value in a list that owns its strings, in the place of an older one. */
void variable_set(struct list *environment, const char *name, const char *value);

/* Takes the variable called name out of a list that owns its strings. */
void variable_unset(struct list *environment, const char *name);

/* Adds NAME=value to the end of a list that owns its strings. */
void variable_add(struct list *environment, const char *name, const char *value);

/* Is byte allowed in a name? The first one may not be a digit. */
bool variable_byte(char byte, bool first);

#endif
