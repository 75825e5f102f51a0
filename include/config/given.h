/*
 * What was given for each setting, as text, before it is understood: by the INI file, the
 * environment, a file, the command line, a preset or nobody; and the sections that were named.
 *
 * The sources write it in the order of their precedence, lowest first; assign.h reads it. It stays
 * with the config, so that every value can say where it came from.
 */
#ifndef TMINUS_CONFIG_GIVEN_H
#define TMINUS_CONFIG_GIVEN_H

#include <stdbool.h>
#include <stddef.h>

#include "config/settings.h"

/* In the order of precedence. */
enum source {
	SOURCE_DEFAULT,
	SOURCE_PRESET,
	SOURCE_INI,
	SOURCE_ENVIRONMENT,
	SOURCE_FILE, /* of a *_FILE variable: never shown */
	SOURCE_COMMAND_LINE,
};

struct given {
	char *text;   /* NULL when nobody gave it */
	char *origin; /* "tminus.ini:14", "TMINUS_WAIT_TIMEOUT", "preset flask"; NULL with text */
	enum source source;
};

/* [step NAME], [service NAME] or [job NAME]. */
struct given_section {
	char *name;
	char *origin;	    /* where it was named first */
	struct given *keys; /* by index of settings_named */
};

struct given_sections {
	struct given_section *items;
	size_t count;
};

struct origins {
	struct given *plain; /* by index of settings_plain */
	struct given_sections named[NAMED_KINDS];
	char *app; /* argv of the command line's app, unexpanded and quoted; NULL when none */
};

struct origins *origins_new(void);
void origins_free(struct origins *origins);

/* Gives text to a setting, unless one of higher precedence gave it already. */
void given_set(struct given *given, const char *text, const char *origin, enum source source);

/* The row of [section] key. The key exists (settings.def). */
struct given *origins_plain(struct origins *origins, const char *section, const char *key);

/* The section of that kind and name, or NULL; and the one whose variables have that name in upper
 * case. */
struct given_section *origins_named(
	struct origins *origins, enum named_kind kind, const char *name);
struct given_section *origins_named_by_variable(
	struct origins *origins, enum named_kind kind, const char *upper, size_t length);
struct given_section *origins_add_named(
	struct origins *origins, enum named_kind kind, const char *name, const char *origin);

/* Was anything set by more than defaults? Without that, tminus is a plain init. */
bool origins_any(const struct origins *origins);

#endif
