/*
 * The INI file as a source of settings: which file, whether it can be trusted, and its keys.
 *
 * --config, TMINUS_CONFIG, ./tminus.ini, /etc/tminus.ini: the first that is named or found.
 */
#ifndef TMINUS_CONFIG_SOURCE_INI_H
#define TMINUS_CONFIG_SOURCE_INI_H

#include "base/text.h"
#include "config/faults.h"
#include "config/given.h"

/* Reads the file into origins. Returns its path, which the caller frees, or NULL when there is
 * none. A file that is named must exist. As root, one that others can write is a fault, or a line
 * in warnings where its file system shows no true modes. */
char *source_ini_read(const char *named, char *const *environment, struct origins *origins,
	struct list *warnings, struct faults *faults);

#endif
