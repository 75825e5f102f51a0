/*
 * Names of [step NAME], [service NAME], [job NAME] and [role NAME]: letters, digits, - and _, and
 * for a step none of tminus's own steps. That of a [dir PATH] and [template PATH] is a path without
 * "..", that of a [key NAME] an environment variable's.
 */
#ifndef TMINUS_CONFIG_SECTION_NAME_H
#define TMINUS_CONFIG_SECTION_NAME_H

#include "config/settings.h"

#define SECTION_NAME_MAX 40

/* What is wrong with a name, as "is ..." or "has ...", or NULL. */
const char *section_name_fault(enum named_kind kind, const char *name);

#endif
