/* The reader of Knex's migrations; see init/migrations/knex.c. */
#ifndef TMINUS_MIGRATIONS_KNEX_H
#define TMINUS_MIGRATIONS_KNEX_H

#include "migrations/reader.h"

extern const struct migrations_reader knex_reader;

#endif
