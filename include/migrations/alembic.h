/*
 * The reader for Alembic and Flask-Migrate.
 *
 * From the same files and rows it concludes what "alembic upgrade head" would find; where that
 * command would fail it says so, with the way out. https://alembic.sqlalchemy.org
 */
#ifndef TMINUS_MIGRATIONS_ALEMBIC_H
#define TMINUS_MIGRATIONS_ALEMBIC_H

#include "migrations/reader.h"

extern const struct migrations_reader alembic_reader;

#endif
