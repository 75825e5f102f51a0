/* The reader of Rails's migrations; see init/migrations/rails.c. */
#ifndef TMINUS_MIGRATIONS_RAILS_H
#define TMINUS_MIGRATIONS_RAILS_H

#include "migrations/reader.h"

extern const struct migrations_reader rails_reader;

#endif
