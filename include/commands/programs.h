/*
 * The programs that tminus can stand for, a row each: what they are called with, what they say, and
 * in what they differ. Constants alone; commands/dropin.c acts on them.
 */
#ifndef TMINUS_COMMANDS_PROGRAMS_H
#define TMINUS_COMMANDS_PROGRAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "run/manner.h"

enum effect {
	EFFECT_NONE,
	EFFECT_HELP,
	EFFECT_VERSION,
	EFFECT_LICENCE,
	EFFECT_SUBREAPER,
	EFFECT_DEATH_SIGNAL,
	EFFECT_VERBOSE,
	EFFECT_VERBOSITY,
	EFFECT_WARN_OF_REAPED,
	EFFECT_GROUP,
	EFFECT_SINGLE,
	EFFECT_REMAP,
	EFFECT_REWRITE,
	EFFECT_PAUSE,
	EFFECT_RESERVED,
};

struct flag {
	char letter; /* ' ': the long name alone */
	enum effect effect;
	const char *name;  /* long; NULL: none */
	const char *value; /* what help calls it; NULL: takes none */
	const char *help;
};

struct variable {
	const char *name;
	const char *only; /* counts with this value alone; NULL: with any */
	enum effect effect;
};

enum level { LEVEL_FATAL, LEVEL_WARN, LEVEL_INFO, LEVEL_DEBUG };

/* In texts '#' stands for the next number and '@' for the next word. */
struct message {
	enum level level;
	const char *text;
};

/* Behind the events: how it is said of a process that a signal killed. */
enum { REAPED_KILLED = MANNER_EVENTS, ENDED_KILLED, MESSAGES };

/* What is shown to who calls it wrongly. */
enum advice { ADVICE_NONE, ADVICE_USAGE, ADVICE_HELP };

struct program {
	const char *names;		  /* each with a NUL behind it */
	const char *version;		  /* what --version says */
	const char *usage;		  /* words: as what it was called */
	const char *prefix;		  /* of a message; words: level, numbers: pid */
	const char *fatal;		  /* how it calls that level */
	const char *missing;		  /* the command is; NULL: advice alone */
	const char *refused;		  /* exec was; words: the reason, the command */
	const struct flag *flags;	  /* up to one without an effect */
	const struct variable *variables; /* up to one without an effect */
	const struct message *messages;
	enum advice wrong_flag;
	enum advice no_command;
	enum level verbosity;
	int help_to; /* descriptor */
	int version_to;
	unsigned char not_found, denied, failed; /* exit statuses of exec's failures */
	uint64_t keeps;				 /* signals that it does not forward */
	bool session;	/* the app gets a session and its group the signals; else a group alone */
	bool subreaper; /* always */
	bool inherits;	/* the app finds the mask and the ignored signals of our parent */
	bool warns_of_place; /* when orphans do not come to it */
	bool splits;	     /* what is no warning goes to stdout */
};

/* The program of that name, NULL when there is none. */
const struct program *program_find(const char *name);

#endif
