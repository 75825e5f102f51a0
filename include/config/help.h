/*
 * What can be set: the list for --help, and an example tminus.ini. Both come from the table.
 */
#ifndef TMINUS_CONFIG_HELP_H
#define TMINUS_CONFIG_HELP_H

#include <stdio.h>

/* One line a setting, grouped by section: key, default, help. */
void config_help_settings(FILE *stream);

/* A tminus.ini with every setting at its default, commented out; it loads as it is. */
void config_example(FILE *stream);

#endif
