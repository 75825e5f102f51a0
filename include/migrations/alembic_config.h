/*
 * Where the revision files are, according to alembic.ini.
 *
 * Flask-Migrate keeps alembic.ini inside the migrations folder; Alembic takes the one where it is
 * started, which may stand beside that folder. Only what is certain is believed: package names,
 * interpolations other than %(here)s, compiled and recursive locations are not.
 */
#ifndef TMINUS_MIGRATIONS_ALEMBIC_CONFIG_H
#define TMINUS_MIGRATIONS_ALEMBIC_CONFIG_H

#include <stdbool.h>

#include "base/text.h"
#include "migrations/finding.h"

struct alembic_locations {
	struct list folders;
	bool may_be_missing; /* version_locations says so; the default folder has to be there */
};

/* Fills a zeroed locations, whose folders are the caller's to clear in both cases. directory is the
 * one with env.py. NULL; or finding, with what is uncertain. */
struct finding *alembic_config_read(const char *directory, bool is_flask,
	struct alembic_locations *locations, struct finding *finding);

#endif
