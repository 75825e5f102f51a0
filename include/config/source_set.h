/*
 * --set as a source of settings: section.key=value, step.NAME.key=value, environment=value.
 */
#ifndef TMINUS_CONFIG_SOURCE_SET_H
#define TMINUS_CONFIG_SOURCE_SET_H

#include "base/text.h"
#include "config/faults.h"
#include "config/given.h"

/* The last of several for one setting counts. */
void source_set_read(const struct list *set, struct origins *origins, struct faults *faults);

#endif
