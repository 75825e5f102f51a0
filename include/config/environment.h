/*
 * The environment that the configuration is read with, and that steps, services, jobs and the app
 * get: the process's own, then app.env_file, then [env].
 *
 * An env_file sets what the process's environment does not, and a later file goes before an earlier
 * one. The rows of [env] come in the file's order and see what is before them; a variable of
 * env.secrets is read as soon as its NAME_FILE is there, before the first row if it can be.
 */
#ifndef TMINUS_CONFIG_ENVIRONMENT_H
#define TMINUS_CONFIG_ENVIRONMENT_H

#include "config/config.h"

struct environment {
	char *const *process;	     /* as environ(7) */
	const struct config *config; /* app_env_file and env_* are there already */
	struct origins *origins;     /* has the rows; gets what came into effect */
	struct list *known;	     /* the process's, which becomes the whole */
	const struct list *later;    /* keys of [key NAME]: nobody knows their values yet */
	struct list *warnings;
	struct faults *faults;
};

void environment_compose(const struct environment *environment);

/* The folders of app.path_prepend, absolute, before those of PATH. */
void environment_prepend_path(const struct environment *environment);

/* Names all variables of env.required that are not there, or empty. */
void environment_require(const struct environment *environment);

#endif
