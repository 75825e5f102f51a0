/*
 * What a knexfile says about the migrations' folder and table, as far as its text shows it.
 *
 * It is a program; only the simplest forms are believed: literal strings, path.join(__dirname, ...)
 * of literals, imports that cannot carry a configuration. All else is doubted.
 */
#ifndef TMINUS_MIGRATIONS_KNEXFILE_H
#define TMINUS_MIGRATIONS_KNEXFILE_H

#include <stdbool.h>

#include "migrations/configuration.h"

/* For struct configuration's check. */
bool knexfile_is_plain(const struct configuration_file *file, struct finding *finding);

#endif
