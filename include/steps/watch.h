/*
 * What is worth saying while a command works under the lock: who keeps it from a lock of the
 * database, and how long it has been running.
 *
 * In the keeper, between two heartbeats. It has a session of its own, which ends with the command:
 * on the lock's, a question that fails would cost the lock, and what is read would stay locked.
 */
#ifndef TMINUS_STEPS_WATCH_H
#define TMINUS_STEPS_WATCH_H

#include <stddef.h>
#include <stdint.h>

#include "database/activity.h"
#include "steps/work.h"

/* A zeroed one watches nothing. */
struct watch {
	const struct keeper_job *job;
	const struct work *work; /* NULL: nothing runs */
	struct session *session;
	int channel;
	int64_t since;
	int64_t say_at; /* when it is next said how long it runs */
	int64_t blocked_since;
	int64_t told_at;
	struct activity_block block; /* the last one; backend is "" for none */
};

/* work's command begins. job and work are borrowed. */
void watch_begin(
	struct watch *watch, const struct keeper_job *job, const struct work *work, int channel);

/* Looks, and tells by MESSAGE_PROGRESS with a status of 0. After upgrade.lock_timeout the statement
 * that waits is cancelled. What cannot be seen now is passed over. */
void watch_look(struct watch *watch);

/* The command has ended. */
void watch_end(struct watch *watch);

#endif
