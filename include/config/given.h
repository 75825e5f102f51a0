/*
 * What was given for each setting, as text, before it is understood: by the INI file, the
 * environment, a file, the command line, a preset or nobody; and the steps that were named.
 *
 * The sources write it in the order of their precedence, lowest first; assign.h reads it. It stays
 * with the config, so that every value can say where it came from.
 */
#ifndef TMINUS_CONFIG_GIVEN_H
#define TMINUS_CONFIG_GIVEN_H

#include <stdbool.h>
#include <stddef.h>

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

struct given_step {
	char *name;
	char *origin;	    /* where it was named first */
	struct given *keys; /* by index of settings_of_step */
};

struct origins {
	struct given *plain; /* by index of settings_plain */
	struct given_step *steps;
	size_t step_count;
	char *app; /* argv of the command line's app, unexpanded and quoted; NULL when none */
};

struct origins *origins_new(void);
void origins_free(struct origins *origins);

/* Gives text to a setting, unless one of higher precedence gave it already. */
void given_set(struct given *given, const char *text, const char *origin, enum source source);

/* The row of [section] key. The key exists (settings.def). */
struct given *origins_plain(struct origins *origins, const char *section, const char *key);

/* The step of that name, or NULL; and the one whose variables have that name in upper case. */
struct given_step *origins_step(struct origins *origins, const char *name);
struct given_step *origins_step_by_variable(
	struct origins *origins, const char *upper, size_t length);
struct given_step *origins_add_step(struct origins *origins, const char *name, const char *origin);

/* Was anything set by more than defaults? Without that, tminus is a plain init. */
bool origins_any(const struct origins *origins);

#endif
