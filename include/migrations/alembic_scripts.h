/*
 * The revision files of a project, read.
 *
 * A file that is not regular, is above 1 MiB, cannot be read or says something uncertain ends the
 * reading with FINDING_UNKNOWN; nothing blocks.
 */
#ifndef TMINUS_MIGRATIONS_ALEMBIC_SCRIPTS_H
#define TMINUS_MIGRATIONS_ALEMBIC_SCRIPTS_H

#include <stddef.h>

#include "migrations/alembic_config.h"
#include "migrations/alembic_script.h"
#include "migrations/finding.h"

struct alembic_scripts {
	struct alembic_script *items;
	size_t count;
	size_t capacity;
};

/* Reads all of them into a zeroed scripts, which is given back with alembic_scripts_clear in both
 * cases. NULL; or finding, with the file that stands in the way. */
struct finding *alembic_scripts_read(struct alembic_scripts *scripts,
	const struct alembic_locations *locations, struct finding *finding);
void alembic_scripts_clear(struct alembic_scripts *scripts);

#endif
