/*
 * What inspect concluded about the migrations.
 *
 * A finding owns its texts. It is a conclusion and nothing else: what to do about it is the step's
 * affair.
 */
#ifndef TMINUS_MIGRATIONS_FINDING_H
#define TMINUS_MIGRATIONS_FINDING_H

#include <stddef.h>

#include "base/text.h"

enum finding_kind {
	FINDING_UNKNOWN,     /* cannot be read with certainty: the tool is asked */
	FINDING_AT_HEAD,     /* every revision of the files is applied, and no other */
	FINDING_PENDING,     /* some are not */
	FINDING_EMPTY,	     /* no tables yet: every revision is pending */
	FINDING_UNVERSIONED, /* tables, but no version table or none of its rows */
	FINDING_FOREIGN,  /* a revision that the files do not know; the ledger may call it ahead */
	FINDING_AHEAD,	  /* the same, and the ledger shows that a later image did it */
	FINDING_DIVERGED, /* several heads where the tool wants one */
	FINDING_BROKEN,	  /* the files themselves are wrong */
	FINDING_HALF_APPLIED, /* the tool's own mark of something dirty or unfinished */
	FINDING_KINDS
};

struct finding {
	enum finding_kind kind;
	size_t pending;	     /* revisions to apply, at FINDING_PENDING and FINDING_EMPTY */
	struct list heads;   /* what the files lead to: revisions or versions */
	struct list current; /* what the version table holds */
	char *reason;	     /* one line: what was seen, with file and revision; NULL for none */
	char *advice;	     /* one line: the command that gets out of it; NULL for none */
};

/* "at head", "pending" ... "half-applied". */
const char *finding_name(enum finding_kind kind);

/* Sets kind and the reason. Always returns finding, so that it can be a guard clause's return. */
struct finding *finding_set(struct finding *finding, enum finding_kind kind, const char *format,
	...) __attribute__((format(printf, 3, 4)));

/* Sets the advice, in place of the one before. */
void finding_advise(struct finding *finding, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

void finding_clear(struct finding *finding);

#endif
