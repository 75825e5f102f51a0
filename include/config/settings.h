/*
 * The settings table: one row per setting of settings.def, with its type, its place in struct
 * config and its help.
 *
 * Owns nothing but constants. Knows no value: it says what may be set, how it is called in the INI
 * file, in the environment and for --set, and what it is when nobody sets it.
 */
#ifndef TMINUS_CONFIG_SETTINGS_H
#define TMINUS_CONFIG_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

enum setting_type {
	TYPE_STRING,
	TYPE_SECRET,
	TYPE_URL,
	TYPE_DURATION,
	TYPE_SIZE,
	TYPE_INTEGER,
	TYPE_BOOLEAN,
	TYPE_SIGNAL,
	TYPE_USER,
	TYPE_GROUP,
	TYPE_MASK,
	TYPE_MODE,
	TYPE_LIMITS,
	TYPE_EXITS,
	TYPE_LIST,
	TYPE_COMMAND,
	TYPE_CONDITION,
	TYPE_SCHEDULE,
	TYPE_CHOICE,
};

struct setting {
	const char *section; /* "" before any section; "step" for a key of [step NAME] */
	const char *key;
	enum setting_type type;
	uint32_t offset; /* in struct config; of [step NAME] in struct step_settings, and so on */
	const char *fallback; /* as text; NULL when it is not set by default */
	const char *help;
	const char *choices; /* "run|off", of TYPE_CHOICE only */
};

/* The kinds of sections with a name, of which there may be any number. */
enum named_kind {
	NAMED_STEP,
	NAMED_SERVICE,
	NAMED_JOB,
	NAMED_DIR,
	NAMED_TEMPLATE,
	NAMED_KEY,
	NAMED_ROLE,
	NAMED_KINDS
};

/* The rows of struct config, and those of a kind of named sections; *count is their number. */
const struct setting *settings_plain(size_t *count);
const struct setting *settings_named(enum named_kind kind, size_t *count);
const struct setting *settings_all_named(size_t *count); /* kind by kind */

/* The index of a row in its table, or -1. */
int settings_find(const char *section, const char *key);
int settings_find_named(enum named_kind kind, const char *key);

/* "step", "service", "job" and so on; and back: NAMED_KINDS when there is no such kind. */
const char *settings_kind_name(enum named_kind kind);
enum named_kind settings_kind(const char *name);

/* Is the name of such a section a path? Then its settings have no variables: too many paths would
 * have the same ones. ${...} in it is expanded instead. */
bool settings_kind_is_path(enum named_kind kind);

/* What stands for the name in [section]: " NAME", " PATH", "" where it has none. */
const char *settings_placeholder(const char *section);

/* Is it a section of the table (without the named ones)? */
bool settings_has_section(const char *section);

/* "TMINUS_WAIT_TIMEOUT"; the caller frees it. For a key of a named section its name is given, for
 * other settings NULL. Every character of name that a variable cannot have becomes '_'. */
char *setting_variable(const struct setting *setting, const char *name);

/* "wait.timeout", "environment", "step.assets.command": as --set and messages call it. */
char *setting_path(const struct setting *setting, const char *name);

/* Is the value never shown as it is? */
bool setting_is_secret(const struct setting *setting);

#endif
