/*
 * coordinate: one replica alone works, the others wait until the database is settled.
 *
 *   look      settled: SETTLED, and nothing was locked
 *             due: try the lock
 *
 *   try       somebody else holds it: no connection is kept; look again after a while
 *             held: an earlier holder's commands must have gone; then look again
 *
 *   held      settled: SETTLED, and the lock is given back
 *             due: DUE, and the lock is kept until release, with a heartbeat
 *
 *   begun     the ledger says what is begun, before the command starts
 *             the lock was lost, and somebody else has it: look, as at first; what is due no more
 *             is not begun
 *
 *             while it runs: heartbeats; who keeps it from a lock is said, and after
 *             upgrade.lock_timeout its statement is cancelled; how long it has taken is said
 *
 *   extensions those of the database that are missing are created
 *
 *   back      it failed, and there is a way back: its sessions must have gone, nobody else be
 *             connected
 *
 *   finished  the ledger says how it ended
 *
 * With upgrade.mode = wait the upgrade is somebody else's: look until it is not due.
 *
 * In the keeper; sequential. A session that breaks is opened again; what the database refuses ends
 * it. Whoever dies anywhere leaves an entry that is begun and not finished, and no lock.
 */
#ifndef TMINUS_STEPS_COORDINATE_H
#define TMINUS_STEPS_COORDINATE_H

#include <stdbool.h>

#include "database/session.h"
#include "steps/message.h"
#include "steps/work.h"

struct coordination;

/* All is borrowed. *session and ahead are the keeper's: the one may be closed and opened again, and
 * NULL between, the other is used up by the first look. backups is backup.directory, absolute; NULL
 * for none. */
struct coordination *coordination_new(const struct keeper_job *job, int channel,
	struct session **session, struct project_ahead *ahead, const char *backups);

/* Answers MESSAGE_COORDINATE, MESSAGE_BEGUN, MESSAGE_FINISHED, MESSAGE_EXTENSIONS. 0, or -1 when it
 * is over: refused, which was told, or the channel's other end is gone. */
int coordinate(struct coordination *coordination);
int coordinate_begun(struct coordination *coordination, const struct message *question);
int coordinate_finished(struct coordination *coordination, const struct message *question);
int coordinate_extensions(struct coordination *coordination, const struct message *question);

/* Answers MESSAGE_BACK, as above. */
int coordinate_back(struct coordination *coordination, const struct message *question);

/* Answers MESSAGE_RELEASE. */
void coordinate_release(struct coordination *coordination);

/* Between two questions while the lock is held: waits for the next, with heartbeats. 0 when there
 * is one, -1 when it is over: another replica has taken the lock, which was told. */
int coordinate_idle(struct coordination *coordination);

void coordination_free(struct coordination *coordination);

#endif
