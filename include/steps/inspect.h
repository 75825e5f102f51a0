/*
 * inspect: what state the migrations are in, and what of the work is due.
 *
 * Reads the catalog, the version table, the ledger and the migration files; changes nothing. The
 * table that says what a finding means for the upgrade stands in inspect.c.
 */
#ifndef TMINUS_STEPS_INSPECT_H
#define TMINUS_STEPS_INSPECT_H

#include "database/ledger.h"
#include "database/session.h"
#include "migrations/finding.h"
#include "steps/project.h"
#include "steps/work.h"

/* The ledger's kind for "the tool has been seen to move this database". */
#define INSPECT_TRUST "trust"

/* What upgrade.check has said, where the migrations cannot be read. */
enum answer_of_tool { TOOL_NOT_ASKED, TOOL_SAYS_NOTHING, TOOL_SAYS_SETTLED, TOOL_SAYS_PENDING };

/* A zeroed one is valid and empty; inspection_clear frees it. */
struct inspection {
	/* Given to inspect, and stay over inspection_clear. */
	enum answer_of_tool answer;
	struct project_ahead *ahead; /* migrations that may have been read; NULL: none */

	struct finding finding;
	struct ledger ledger;
	char *view;		 /* the ledger's name in SQL */
	char *revision;		 /* what the version table holds, in one line; "" for nothing */
	char trust[SHA256_TEXT]; /* digest of what makes a native "at head" worth believing */
	struct list missing;	 /* of database.extensions */
	bool trusted;		 /* the tool has been seen at it, under that digest */
	uint64_t due;		 /* bits of works */
	char *passed; /* "seed: table users has rows, nothing to seed": what was due, but for that;
			 NULL for nothing */
};

/* Reads everything anew into inspection. 0, or -1 and failure: what the session says, or
 * VERDICT_REFUSE and STATUS_MIGRATION_STATE where the state refuses. alone: the lock is held, or
 * there is none; a state that refuses while somebody else's upgrade is under way is otherwise only
 * due, so that the lock is waited for. */
int inspect(const struct keeper_job *job, struct session *session, bool alone,
	struct inspection *inspection, struct failure *failure);

/* "at head (a1b2c3)", "3 pending: ...": one line for the log, in room. */
const char *inspection_text(const struct inspection *inspection, char *room, size_t size);

void inspection_clear(struct inspection *inspection);

#endif
