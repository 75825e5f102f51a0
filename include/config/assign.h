/*
 * From what was given for a setting, as text, to its value in struct config.
 *
 * An empty text switches commands and lists off, leaves strings not set, makes a condition always
 * hold, and is a fault for everything else. Only values of the INI file are expanded (expand.h).
 */
#ifndef TMINUS_CONFIG_ASSIGN_H
#define TMINUS_CONFIG_ASSIGN_H

#include "config/expand.h"
#include "config/faults.h"
#include "config/given.h"
#include "config/settings.h"

/* Writes the value of setting into structure (struct config or struct step_settings and its like),
 * whose field is still zeroed; what it allocates is released with assign_clear. A text that is not
 * understood is a fault that names its origin and shows the text, unless it is secret. In a command
 * a variable that is not set is empty, whatever names says. */
void assign_value(const struct setting *setting, const struct given *given,
	const struct expand_names *names, void *structure, struct faults *faults);
void assign_clear(const struct setting *setting, void *structure);

#endif
