/*
 * The revision files of a project, read.
 *
 * A file that is not regular, is above 1 MiB, cannot be read or says something uncertain ends the
 * reading with FINDING_UNKNOWN; nothing blocks.
 */
#ifndef TMINUS_MIGRATIONS_ALEMBIC_SCRIPTS_H
#define TMINUS_MIGRATIONS_ALEMBIC_SCRIPTS_H

#include <dirent.h>
#include <stddef.h>

#include "base/text.h"
#include "migrations/alembic_config.h"
#include "migrations/alembic_script.h"
#include "migrations/finding.h"

struct alembic_scripts {
	struct alembic_script *items;
	size_t count;
	size_t capacity;
	/* How far the reading is. */
	size_t folder;	      /* of the locations */
	DIR *directory;	      /* NULL: not opened yet */
	struct text contents; /* room that is used again */
};

enum alembic_reading {
	ALEMBIC_MORE, /* there may be another file */
	ALEMBIC_READ,
	ALEMBIC_CONCLUDED, /* finding names the file that stands in the way */
};

/* Reads the next file into scripts, which is zeroed before the first, and given back with
 * alembic_scripts_clear. */
enum alembic_reading alembic_scripts_advance(struct alembic_scripts *scripts,
	const struct alembic_locations *locations, struct finding *finding);
void alembic_scripts_clear(struct alembic_scripts *scripts);

#endif
