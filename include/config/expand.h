/*
 * Expansion of ${NAME}, ${NAME:-default} and ${NAME:?message}.
 *
 * An unset ${NAME} is empty, as in the shell, or a fault where the names are strict; :- and :?
 * treat an empty variable like an unset one.
 * $$ is $; a $ before anything else is an ordinary character. The default may hold references of
 * its own; quotes in it are ordinary characters. Values are never expanded again. Messages name
 * variables, never their values.
 */
#ifndef TMINUS_CONFIG_EXPAND_H
#define TMINUS_CONFIG_EXPAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"
#include "config/faults.h"

/* What ${NAME} may refer to. */
struct expand_names {
	char *const *environment;
	const struct list
		*later; /* keys of [key NAME]: unless they are set, a fault; may be NULL */
	bool strict;	/* one that is not set is a fault, unless :- gives it a value */
};

/* The expansion of text, which the caller frees. -1 and STATUS_CONFIG when a reference is not
 * closed or of another form, or its :? says so. */
int expand_text(
	const char *text, const struct expand_names *names, char **result, struct error *error);

/* A file's contents and what they may refer to. */
struct expand_template {
	const char *bytes; /* NUL bytes among them are ordinary ones */
	size_t length;
	const char *name;	 /* "tminus.ini:3: [template x]: x.in", for messages */
	const struct list *only; /* the names that are replaced, while all else, $$ too, stays as it
				    is; NULL: every one */
	char *const *environment;
	const struct list *secrets; /* names; NULL: none */
	bool *secret;		    /* set where one of them is referred to */
};

/* Adds the expansion to result. Here a variable that is not set is a fault, unless :- gives it a
 * value. Each fault names its line; -1 when there was one. */
int expand_template(
	const struct expand_template *template, struct text *result, struct faults *faults);
/* The same, but where text is written as a URL, the values that come into its login (before the @)
 * are percent-encoded: a password may hold anything. RFC 3986, 3.2.1 */
int expand_url(
	const char *text, const struct expand_names *names, char **result, struct error *error);

/* Is text written as a URL? */
bool expand_is_url(const char *text);

/* What is wrong, without what stands in a reference that is not understood: that may be a part of a
 * password. */
const char *expand_fault(const struct error *error);

/* Expands what stands at *cursor, which is a '$', to the end of result, and moves *cursor behind
 * it. */
int expand_at(const char **cursor, const struct expand_names *names, struct text *result,
	struct error *error);

#endif
