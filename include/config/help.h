/*
 * What can be set: the list for --help, and an example tminus.ini. Both come from the table, and so
 * does the manual page (man/settings.c).
 */
#ifndef TMINUS_CONFIG_HELP_H
#define TMINUS_CONFIG_HELP_H

#include <stdio.h>

#include "config/settings.h"

/* One line a setting, grouped by section: key, default, help. */
void config_help_settings(FILE *stream);

/* A tminus.ini with every setting at its default, commented out; it loads as it is. */
void config_example(FILE *stream);

/* What kind of value a setting takes: "duration", "command", of a choice "run|off". */
const char *config_type_name(const struct setting *setting);

/* How much of text goes into a line of width: all of it, or up to a blank, or a whole word. */
size_t config_line_length(const char *text, size_t width);

#endif
