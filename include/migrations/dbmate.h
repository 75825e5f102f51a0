/* The reader of dbmate's migrations; see init/migrations/dbmate.c. */
#ifndef TMINUS_MIGRATIONS_DBMATE_H
#define TMINUS_MIGRATIONS_DBMATE_H

#include "migrations/reader.h"

extern const struct migrations_reader dbmate_reader;

#endif
