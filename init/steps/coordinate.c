#include "steps/coordinate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "database/lock.h"
#include "steps/coordination.h"
#include "steps/extend.h"
#include "steps/look.h"
#include "steps/pause.h"
#include "steps/record.h"
#include "steps/remains.h"
#include "steps/wait.h"
#include "steps/watch.h"
#include "steps/way_back.h"

/* A leader that lost its lock has this long to take it again, in ms. */
#define GIVES_WAY (LOCK_BEAT + 500)

void coordination_free(struct coordination *all)
{
	if (all == NULL)
		return;
	watch_end(&all->watch);
	inspection_clear(&all->inspection);
	free(all->from);
	lock_free(all->lock);
	free(all);
}

static struct lock *make_lock(const struct keeper_job *job, const struct list *paths)
{
	const struct database_url *own = job->config->lock_database;
	return lock_new(own != NULL ? own : job->wait.database, paths, own != NULL);
}

struct coordination *coordination_new(const struct keeper_job *job, int channel,
	struct session **session, struct project_ahead *ahead, const char *backups)
{
	struct coordination *all = memory_zeroed(1, sizeof *all);
	struct list paths = {0};
	all->job = job;
	all->channel = channel;
	all->session = session;
	all->inspection.ahead = ahead;
	all->backups = backups;
	/* Migrations are looked for where the commands run; what is not there is unknown. */
	if (job->wait.folder != NULL && chdir(job->wait.folder) != 0)
		coordination_tell(all, STATUS_CONFIG, strerror(errno));
	wait_lock_paths(&job->wait, &paths);
	coordination_unblocked(all);
	coordination_unlocked(all);
	all->lost_since = CLOCK_NEVER;
	if (job->config->lock_enabled)
		all->lock = make_lock(job, &paths);
	list_clear(&paths);
	if (gethostname(all->host, sizeof all->host - 1) != 0)
		all->host[0] = '\0';
	return all;
}

/* --- look ------------------------------------------------------------------------------------ */

static int tell_settled(const struct coordination *all)
{
	char room[COORDINATION_TEXT];
	const struct inspection *inspection = &all->inspection;
	int warns = inspection->finding.kind == FINDING_AHEAD ? 1 : 0;
	struct text text = {0};
	text_add_format(&text, "%s%s%s", inspection_text(inspection, room, sizeof room),
		inspection->passed != NULL ? "; " : "",
		inspection->passed != NULL ? inspection->passed : "");
	bool sent = message_send(all->channel, MESSAGE_SETTLED, warns, text.bytes);
	text_free(&text);
	return sent ? 0 : -1;
}

static bool waits_for_upgrade(const struct coordination *all)
{
	const struct keeper_job *job = all->job;
	uint64_t due = all->inspection.due;
	return job->config->upgrade_mode == UPGRADE_WAIT &&
	       (work_kind_is_due(job->works, job->work_count, due, WORK_UPGRADE) ||
		       work_kind_is_due(job->works, job->work_count, due, WORK_EXTENSION));
}

/* Somebody else does it. 0, or -1 when that takes longer than lock.timeout. */
static int await_upgrade(struct coordination *all)
{
	char text[COORDINATION_TEXT];
	char state[COORDINATION_TEXT / 2];
	(void)snprintf(text, sizeof text,
		"upgrade.mode = wait: another container has to upgrade; %s",
		inspection_text(&all->inspection, state, sizeof state));
	if (coordination_be_patient(all, text) != 0)
		return -1;
	coordination_tell(all, STATUS_LOCK, text);
	coordination_disconnect(all);
	return coordination_pause(all);
}

/* --- try ------------------------------------------------------------------------------------- */

/* What another replica is at, as its ledger says. */
static void tell_blocked(struct coordination *all)
{
	char text[COORDINATION_TEXT] = "another replica holds the lock";
	const struct ledger *ledger = &all->inspection.ledger;
	const struct ledger_entry *last =
		ledger->count > 0 ? &ledger->entries[ledger->count - 1] : NULL;
	if (last != NULL && ledger_is(last, LEDGER_BEGUN))
		(void)snprintf(text, sizeof text,
			"another replica holds the lock; %s%s%s begun by %s at %s", last->kind,
			last->name[0] != '\0' ? " " : "", last->name, last->host, last->at);
	coordination_tell(all, STATUS_LOCK, text);
}

static int still_blocked(struct coordination *all)
{
	if (coordination_be_patient(all, "another replica holds the lock") != 0)
		return -1;
	tell_blocked(all);
	return coordination_pause(all);
}

/* 1 when we hold it now, 0 when not yet, -1 when it is over. One connection at a time: those of
 * many replicas must leave room for the leader's command. */
static int try_lock(struct coordination *all)
{
	struct failure failure = {0};
	if (all->lock == NULL)
		return 1;
	coordination_disconnect(all);
	int result = lock_try(all->lock, &failure);
	if (result < 0)
		return coordination_survive(all, &failure);
	return result == 0 ? still_blocked(all) : 1;
}

/* --- held ------------------------------------------------------------------------------------ */

void coordinate_release(struct coordination *all)
{
	all->leading = false;
	if (all->lock != NULL)
		lock_release(all->lock);
}

/* A leader that lost the lock with its connection takes it again at its next heartbeat. It comes
 * first: what it has begun is begun once. 1 to go on, 0 to begin again, -1 when it is over. */
static int give_way(struct coordination *all, const struct ledger_entry *begun)
{
	if (text_equal(all->spared, begun->boot))
		return 1;
	(void)snprintf(all->spared, sizeof all->spared, "%s", begun->boot);
	coordinate_release(all);
	return pause_for(all->channel, GIVES_WAY);
}

/* With the lock held: 1 when the state is known, 0 to begin again, -1 when it is over. What a
 * leader that is gone has left must be over before a state can refuse. */
static int look_alone(struct coordination *all)
{
	if (all->lock == NULL)
		return 1; /* it was seen just now, and alone */
	int result = look(all, false);
	const struct ledger_entry *begun = result > 0 ? remains_begun(all) : NULL;
	if (begun == NULL)
		return result;
	result = give_way(all, begun);
	if (result > 0)
		result = remains_outlive(all, begun);
	if (result > 0 && text_equal(begun->kind, WORK_RESTORE))
		remains_drop_scratch(all);
	return result > 0 ? look(all, true) : result;
}

/* With the lock held no restore is under way: what it has left is left. As lead. */
static int refuse_wreck(struct coordination *all)
{
	autofree char *wreck = remains_wreck(all);
	if (wreck == NULL)
		return 1;
	return coordination_refuse(all, STATUS_MIGRATION_STATE, wreck);
}

static int tell_due(const struct coordination *all)
{
	char room[COORDINATION_TEXT];
	struct message message = {.kind = MESSAGE_DUE, .due = all->inspection.due};
	(void)snprintf(message.text, sizeof message.text, "%s",
		inspection_text(&all->inspection, room, sizeof room));
	return message_write(all->channel, &message) ? 0 : -1;
}

/* With the lock held, which is kept where something is due. 1 when the state is known, 0 to begin
 * again, -1 when it is over. */
static int lead(struct coordination *all)
{
	int result = look_alone(all);
	if (result > 0)
		result = refuse_wreck(all);
	if (result > 0)
		coordination_unblocked(all);
	all->leading = result > 0 && all->inspection.due != 0;
	if (!all->leading)
		coordinate_release(all);
	return result;
}

/* As lead. */
static int turn(struct coordination *all)
{
	int result = look(all, all->lock == NULL);
	if (result <= 0)
		return result;
	autofree char *wreck = remains_wreck(all);
	if (waits_for_upgrade(all) && wreck == NULL)
		return await_upgrade(all);
	if (all->inspection.due == 0 && wreck == NULL)
		return 1;
	result = try_lock(all);
	return result <= 0 ? result : lead(all);
}

/* Until we lead or the database is settled. 0, or -1 when it is over. */
static int settle(struct coordination *all)
{
	int result;
	do {
		result = turn(all);
	} while (result == 0);
	return result > 0 ? 0 : -1;
}

int coordinate(struct coordination *all)
{
	if (settle(all) != 0)
		return -1;
	return all->leading ? tell_due(all) : tell_settled(all);
}

/* --- while work is under way: the heartbeat -------------------------------------------------- */

enum holding {
	HOLDING_OVER = -1, /* which was told */
	HOLDING,
	HOLDING_NOT_YET,
	HOLDING_LOST, /* somebody else has it: others look, and give way to us */
};

/* Takes a lost lock again. */
static enum holding retake(struct coordination *all)
{
	struct failure failure = {0};
	int result = lock_try(all->lock, &failure);
	if (all->lost_since == CLOCK_NEVER)
		all->lost_since = clock_now();
	if (result == 0)
		return clock_now() - all->lost_since < GIVES_WAY ? HOLDING_NOT_YET : HOLDING_LOST;
	if (result > 0) {
		all->lost_since = CLOCK_NEVER;
		return HOLDING;
	}
	if (failure.verdict != VERDICT_RETRY)
		return coordination_refuse(all, STATUS_LOCK, failure.message);
	coordination_tell(all, failure.status, failure.message);
	return HOLDING_NOT_YET;
}

/* One heartbeat. */
static enum holding beat(struct coordination *all)
{
	struct failure failure = {0};
	if (all->lock == NULL)
		return HOLDING;
	if (lock_is_held(all->lock) && lock_beat(all->lock, &failure) == 0)
		return HOLDING;
	return retake(all);
}

/* The lock is held, or becomes so, unless somebody else has it. */
static enum holding try_to_hold(struct coordination *all)
{
	enum holding holding;
	while ((holding = beat(all)) == HOLDING_NOT_YET)
		if (coordination_pause(all) != 0)
			return HOLDING_OVER;
	return holding;
}

/* What runs or has run must have the lock: it is over when somebody else has it. */
static enum holding insist(const struct coordination *all, enum holding holding)
{
	if (holding != HOLDING_LOST)
		return holding;
	return coordination_refuse(
		all, STATUS_LOCK, "the lock was lost, and another replica holds it now");
}

/* As try_to_hold. 0, or -1 when it is over. */
static int hold(struct coordination *all)
{
	return insist(all, try_to_hold(all));
}

/* Before work begins nothing of ours runs, and a replica that has taken a lost lock over can be
 * followed. 1 when work is ours to begin, 0 when it is done, -1 when it is over. */
static int hold_or_follow(struct coordination *all, const struct work *work)
{
	enum holding holding = all->leading ? try_to_hold(all) : HOLDING_LOST;
	if (holding != HOLDING_LOST)
		return holding == HOLDING ? 1 : -1;
	if (all->leading)
		coordination_tell(all, STATUS_LOCK,
			"the lock was lost, and another replica has taken it over");
	coordinate_release(all);
	all->lost_since = CLOCK_NEVER;
	if (settle(all) != 0)
		return -1;
	uint64_t bit = work_bit((size_t)(work - all->job->works));
	return all->leading && (all->inspection.due & bit) != 0 ? 1 : 0;
}

int coordinate_idle(struct coordination *all)
{
	if (!all->leading)
		return 0;
	while (pause_for(all->channel, LOCK_BEAT) == 0) {
		enum holding holding = insist(all, beat(all));
		if (holding == HOLDING_OVER)
			return -1;
		if (holding == HOLDING)
			watch_look(&all->watch);
	}
	return 0;
}

/* --- begun, extensions, back, finished ------------------------------------------------------- */

int coordinate_begun(struct coordination *all, const struct message *question)
{
	char reason[COORDINATION_TEXT];
	struct failure failure = {0};
	const struct work *work = &all->job->works[question->work];
	int result;
	do {
		result = hold_or_follow(all, work);
		if (result < 0)
			return -1;
		if (result == 0)
			(void)snprintf(reason, sizeof reason,
				"another replica took the lock over, and has done it");
		else
			result = record_begin(all, work, reason, &failure);
		if (result != 0 && coordination_survive(all, &failure) != 0)
			return -1;
	} while (result != 0);
	coordination_unlocked(all);
	coordination_disconnect(all); /* the command may need its place */
	if (reason[0] != '\0')
		return message_send(all->channel, MESSAGE_PASSED, 0, reason) ? 0 : -1;
	if (work_is_watched(work->kind))
		watch_begin(&all->watch, all->job, work, all->channel);
	return message_send(all->channel, MESSAGE_WRITTEN, 0, "") ? 0 : -1;
}

int coordinate_extensions(struct coordination *all, const struct message *question)
{
	struct failure failure;
	int result;
	(void)question;
	do {
		failure = (struct failure){0};
		if (hold(all) != 0)
			return -1;
		result = extend(all, &failure);
		if (result != 0 && failure.verdict != VERDICT_RETRY)
			break;
		if (result != 0 && coordination_survive(all, &failure) != 0)
			return -1;
	} while (result != 0);
	return message_send(all->channel, MESSAGE_WRITTEN, failure.status, failure.message) ? 0
											    : -1;
}

int coordinate_back(struct coordination *all, const struct message *question)
{
	char reason[COORDINATION_TEXT] = "the lock was lost, and cannot be had now";
	watch_end(&all->watch); /* its session would be somebody else */
	enum holding holding = insist(all, beat(all));
	if (holding == HOLDING_OVER)
		return -1;
	int way = holding == HOLDING ? way_back_is_free(all, &all->job->works[question->work],
					       reason, sizeof reason)
				     : 0;
	const char *from = all->from != NULL ? all->from : "";
	coordination_disconnect(all); /* who goes back needs its place, and to be alone */
	all->went_back = way > 0;
	return message_send(all->channel, way > 0 ? MESSAGE_GO_BACK : MESSAGE_STAY, 0,
		       way > 0 ? from : reason)
		       ? 0
		       : -1;
}

/* What went wrong must not wait for a database that is gone; what went well is written at last. */
int coordinate_finished(struct coordination *all, const struct message *question)
{
	char text[COORDINATION_TEXT];
	struct failure failure = {0};
	const struct work *work = &all->job->works[question->work];
	bool well = question->status == 0;
	watch_end(&all->watch);
	for (;;) {
		if (well && hold(all) != 0)
			return -1;
		if (record_end(all, work, well, &failure) == 0 || !well)
			break;
		if (coordination_survive(all, &failure) != 0)
			return -1;
	}
	text[0] = '\0';
	if (!all->went_back)
		record_doubt(all, work, well, text, sizeof text);
	int status = well && all->refuted ? STATUS_VERIFY : 0;
	return message_send(all->channel, MESSAGE_WRITTEN, status, text) ? 0 : -1;
}
