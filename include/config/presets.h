/*
 * Presets: the settings that a framework usually needs, as rows of a table.
 *
 * They have the lowest precedence but the defaults; an empty setting (seed.all =, or
 * TMINUS_SEED_ALL="") switches one of their commands off.
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
	char *reason;	    /* "auto chose flask: ...", owned by the caller */
};

/* Looks at the files in folder (NULL: the working folder) and, for a Flask app, at FLASK_APP. */
struct preset_finding preset_find(const char *folder, char *const *environment);

/* Gives the preset's settings to origins. seeds is whether its seed commands are among them. */
void preset_apply(enum preset preset, bool production, bool seeds, struct origins *origins);

const char *preset_name(enum preset preset);

#endif
