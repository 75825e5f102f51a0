/*
 * Presets: the settings that a framework usually needs, as rows of a table.
 *
 * They have the lowest precedence but the defaults; an empty setting (seed.all =, or
 * TMINUS_SEED_ALL="") switches one of their commands off, and so it does for one of their steps
 * (TMINUS_STEP_STATIC_COMMAND="").
 */
#ifndef TMINUS_CONFIG_PRESETS_H
#define TMINUS_CONFIG_PRESETS_H

#include <stdbool.h>

#include "config/config.h"
#include "config/given.h"

/* What preset = auto found. */
struct preset_finding {
	enum preset preset; /* PRESET_NONE when nothing was found */
	bool seeds;	    /* there is something for the preset's seed commands */
	bool ambiguous;	    /* more than one fits: reason is the fault */
	char *reason;	    /* "auto chose flask: ...", owned by the caller */
};

/* Looks at the files in folder (NULL: the working folder) and, for a Flask app, at FLASK_APP. */
struct preset_finding preset_find(const char *folder, char *const *environment);

/* What decides which rows of a preset apply. */
struct preset_surroundings {
	bool production;
	bool seeds;	    /* its seed commands are wanted */
	const char *folder; /* of the app; NULL: the working folder */
	char *const *environment;
};

/* Gives the preset's settings to origins. */
void preset_apply(
	enum preset preset, const struct preset_surroundings *here, struct origins *origins);

const char *preset_name(enum preset preset);

#endif
