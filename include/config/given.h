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

/* [step NAME], [service NAME], [job NAME] or [role NAME]. */
struct given_section {
	char *name;
	char *origin;	    /* where it was named first */
	struct given *keys; /* by index of settings_named */
};

struct given_sections {
	struct given_section *items;
	size_t count;
};

/* A variable that tminus.ini or an env_file sets. */
struct given_variable {
	char *name;
	char *text;    /* as it is written; NULL: never shown */
	char *origin;  /* "tminus.ini:4", ".env:2" */
	bool if_unset; /* ?= */
};

struct given_variables {
	struct given_variable *items;
	size_t count;
};

struct origins {
	struct given *plain; /* by index of settings_plain */
	struct given_sections named[NAMED_KINDS];
	struct given_variables rows;	  /* of [env], in the file's order */
	struct given_variables variables; /* those that came into effect, env_file's too */
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

/* Adds a variable, in the place of an older one of that name; and finds one, or NULL. */
void given_variable_set(struct given_variables *variables, const char *name, const char *text,
	const char *origin, bool if_unset);
const struct given_variable *given_variable_find(
	const struct given_variables *variables, const char *name);
void given_variables_free(struct given_variables *variables);

/* Was anything set by more than defaults? Without that, tminus is a plain init. */
bool origins_any(const struct origins *origins);

#endif
