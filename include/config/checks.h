/*
 * What settings that are right each by itself must not say together.
 */
#ifndef TMINUS_CONFIG_CHECKS_H
#define TMINUS_CONFIG_CHECKS_H

#include "config/config.h"
#include "config/faults.h"

/* Adds to faults what is wrong, with its origin; fills unversioned and stamp of config, of which
 * everything else is filled but the app and the order of the steps. */
void checks_run(struct config *config, struct faults *faults);

#endif
