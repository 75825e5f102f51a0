/*
 * What env.py says about the version table, as far as its words tell.
 *
 * env.py is a program that chooses the database and the version table; it is not run here. What is
 * looked for are the words with which it would choose others than the settings name.
 */
#ifndef TMINUS_MIGRATIONS_ALEMBIC_ENVIRONMENT_H
#define TMINUS_MIGRATIONS_ALEMBIC_ENVIRONMENT_H

#include <stdbool.h>

#include "migrations/finding.h"
#include "migrations/reader.h"

/* Reads env.py of files->directory; *is_flask says whether Flask-Migrate made it. NULL; or finding,
 * with what makes it uncertain. */
struct finding *alembic_environment_read(
	const struct migrations_files *files, bool *is_flask, struct finding *finding);

#endif
