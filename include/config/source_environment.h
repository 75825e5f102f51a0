/*
 * The environment as a source of settings: TMINUS_* and, for secrets, TMINUS_*_FILE.
 *
 * Unknown TMINUS_ variables are faults, apart from those that Kubernetes injects for a Service
 * named tminus (TMINUS_SERVICE_HOST, TMINUS_SERVICE_PORT*, TMINUS_PORT, TMINUS_PORT_*).
 */
#ifndef TMINUS_CONFIG_SOURCE_ENVIRONMENT_H
#define TMINUS_CONFIG_SOURCE_ENVIRONMENT_H

#include "base/error.h"
#include "base/text.h"
#include "config/faults.h"
#include "config/given.h"

void source_environment_read(
	char *const *environment, struct origins *origins, struct faults *faults);

/* Is the variable of that name tminus's own, so that no child gets it? */
bool source_environment_owns(const char *name, size_t length);

/* What keeps a name from being that of a variable which commands get, as "is ...", or NULL. */
const char *variable_name_fault(const char *name);

/* The content of the file that the variable NAME_FILE names, without one final newline, in *value,
 * which the caller frees; NULL when there is no such variable or it is empty. -1 and STATUS_CONFIG,
 * naming the variable and the file, when it cannot be read, holds a NUL byte, or NAME is set too.
 */
int secret_from_file(char *const *environment, const char *name, char **value, struct error *error);

#endif
