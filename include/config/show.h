/*
 * The configuration for people and programs: every effective value and where it came from.
 *
 * Secrets are ********, URLs have their passwords masked, and commands are shown as they were
 * written, before ${...} was expanded.
 */
#ifndef TMINUS_CONFIG_SHOW_H
#define TMINUS_CONFIG_SHOW_H

#include <stdbool.h>
#include <stdio.h>

#include "config/config.h"
#include "config/help.h"

/* The command of [section] key, or the words of a key of a named section, as they were written: not
 * expanded, passwords of URLs masked. For messages; the caller frees it. */
char *config_command_text(const struct config *config, const char *section, const char *key);
char *config_named_text(
	const struct config *config, enum named_kind kind, size_t index, const char *key);

/* The app's command in the same manner, NULL when there is none; and who named it: "command line",
 * "tminus.ini:3". */
char *config_app_text(const struct config *config);
const char *config_app_origin(const struct config *config);

/* A table for a terminal, or one JSON object. What the stream cannot take is the caller's to find
 * out (ferror(3)). */
void config_show(const struct config *config, FILE *stream, bool json);

#endif
