/*
 * Names of [step NAME]: letters, digits, - and _, and none of tminus's own steps.
 */
#ifndef TMINUS_CONFIG_STEP_NAME_H
#define TMINUS_CONFIG_STEP_NAME_H

#define STEP_NAME_MAX 40

/* What is wrong with a name, as "is ..." or "has ...", or NULL. */
const char *step_name_fault(const char *name);

#endif
