#include "steps/coordinate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup/restore.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "database/activity.h"
#include "database/extensions.h"
#include "database/ledger.h"
#include "database/lock.h"
#include "steps/ask.h"
#include "steps/inspect.h"
#include "steps/pause.h"
#include "steps/precondition.h"
#include "steps/wait.h"
#include "steps/watch.h"

/* Milliseconds. */
#define INTERVAL_FIRST 100
#define INTERVAL_LAST 2000
#define SURVIVOR_INTERVAL 200
#define SURVIVORS_LEAVE_WITHIN 10000
#define GIVES_WAY (LOCK_BEAT + 500)
#define TELL_AGAIN 10000
#define ASK_AGAIN 2000		/* an interpreter's start is not cheap */
#define LOCKED_FILE_LIMIT 60000 /* unless lock.timeout says otherwise */

#define NO_SCHEMA "3F000" /* invalid_schema_name */

#define TEXT_SIZE 400
#define REASON_SIZE 360
#define HOST_SIZE 65

struct coordination {
	const struct keeper_job *job;
	int channel;
	struct session **session;
	struct lock *lock; /* NULL: lock.enabled = no */
	struct inspection inspection;
	bool refuted;	/* the upgrade said that all went well, and it did not */
	bool went_back; /* a restore may have brought an older ledger */
	char *backups;	/* backup.directory, absolute; NULL for none */
	char *from; /* the revision before the work that was begun last; NULL before the first */
	bool unversioned; /* there were tables by then, and no revision */
	char host[HOST_SIZE];
	struct pause pause;
	bool leading;	       /* the lock is ours until it is released; it may be lost meanwhile */
	int64_t blocked_since; /* somebody else holds the lock; CLOCK_NEVER otherwise */
	int64_t lost_since;    /* our lock; CLOCK_NEVER while it is held */
	int64_t locked_since;  /* somebody keeps us from the SQLite file; CLOCK_NEVER otherwise */
	char spared[HOST_SIZE]; /* the boot of a leader that was given time to take its lock again
				 */
	struct watch watch;
	int64_t asked_at; /* the tool, last; 0: not yet */
	int64_t told_at;
	char told[TEXT_SIZE];
};

void coordination_free(struct coordination *all)
{
	if (all == NULL)
		return;
	watch_end(&all->watch);
	inspection_clear(&all->inspection);
	free(all->from);
	free(all->backups);
	lock_free(all->lock);
	free(all);
}

/* --- telling --------------------------------------------------------------------------------- */

static void tell_progress(struct coordination *all, int status, const char *text)
{
	int64_t now = clock_now();
	if (text_equal(all->told, text) && now - all->told_at < TELL_AGAIN)
		return;
	(void)snprintf(all->told, sizeof all->told, "%s", text);
	all->told_at = now;
	(void)message_send(all->channel, MESSAGE_PROGRESS, status, text);
}

static int refuse(const struct coordination *all, int status, const char *text)
{
	(void)message_send(all->channel, MESSAGE_REFUSED, status, text);
	return -1;
}

static int tell_settled(const struct coordination *all)
{
	char room[TEXT_SIZE];
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

static int tell_due(const struct coordination *all)
{
	char room[TEXT_SIZE];
	struct message message = {.kind = MESSAGE_DUE, .due = all->inspection.due};
	(void)snprintf(message.text, sizeof message.text, "%s",
		inspection_text(&all->inspection, room, sizeof room));
	return message_write(all->channel, &message) ? 0 : -1;
}

/* What another replica is at, as its ledger says. */
static void tell_blocked(struct coordination *all)
{
	char text[TEXT_SIZE] = "another replica holds the lock";
	const struct ledger *ledger = &all->inspection.ledger;
	const struct ledger_entry *last =
		ledger->count > 0 ? &ledger->entries[ledger->count - 1] : NULL;
	if (last != NULL && ledger_is(last, LEDGER_BEGUN))
		(void)snprintf(text, sizeof text,
			"another replica holds the lock; %s%s%s begun by %s at %s", last->kind,
			last->name[0] != '\0' ? " " : "", last->name, last->host, last->at);
	tell_progress(all, STATUS_LOCK, text);
}

static struct lock *make_lock(const struct keeper_job *job, const struct list *paths)
{
	const struct database_url *own = job->config->lock_database;
	return lock_new(own != NULL ? own : job->wait.database, paths, own != NULL);
}

struct coordination *coordination_new(
	const struct keeper_job *job, int channel, struct session **session)
{
	struct coordination *all = memory_zeroed(1, sizeof *all);
	struct list paths = {0};
	all->job = job;
	all->channel = channel;
	all->session = session;
	if (job->config->backup_directory != NULL)
		all->backups = realpath(job->config->backup_directory, NULL);
	/* Migrations are looked for where the commands run; what is not there is unknown. */
	if (job->wait.folder != NULL && chdir(job->wait.folder) != 0)
		tell_progress(all, STATUS_CONFIG, strerror(errno));
	wait_lock_paths(&job->wait, &paths);
	all->blocked_since = CLOCK_NEVER;
	all->lost_since = CLOCK_NEVER;
	all->locked_since = CLOCK_NEVER;
	if (job->config->lock_enabled)
		all->lock = make_lock(job, &paths);
	list_clear(&paths);
	if (gethostname(all->host, sizeof all->host - 1) != 0)
		all->host[0] = '\0';
	return all;
}

/* --- the session ----------------------------------------------------------------------------- */

static void close_session(struct coordination *all)
{
	session_close(*all->session);
	*all->session = NULL;
}

/* Opens the session where it is not. An SQLite file may have come, or be another one, since. */
static int need_session(struct coordination *all, struct failure *failure)
{
	if (all->job->wait.database->kind == DATABASE_SQLITE)
		close_session(all);
	if (*all->session != NULL)
		return 0;
	return wait_open(&all->job->wait, all->session, failure);
}

/* The statement itself is wrong in this database: rights, or something else of that name. Whoever
 * waits for the server takes it for an unknown error, which may pass. PostgreSQL manual, appendix
 * A, class 42; MySQL ER_BAD_FIELD_ERROR, ER_SP_DOES_NOT_EXIST, ER_WRONG_OBJECT; SQLITE_ERROR */
static bool is_refused(const struct failure *failure)
{
	static const char *const codes[] = {"1054", "1305", "1347", "1", NO_SCHEMA};
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
		if (text_equal(failure->code, codes[i]))
			return true;
	return strlen(failure->code) == 5 && text_starts_with(failure->code, "42");
}

/* SQLITE_BUSY and SQLITE_LOCKED, with what extends them. */
static bool is_locked(const struct coordination *all, const struct failure *failure)
{
	unsigned long code = strtoul(failure->code, NULL, 10) & 0xff;
	return all->job->wait.database->kind == DATABASE_SQLITE && (code == 5 || code == 6);
}

static bool restores(const struct coordination *all)
{
	const struct keeper_job *job = all->job;
	return job->work_count > 0 && text_equal(job->works[0].kind, WORK_RESTORE);
}

/* A reader that never ends keeps every writer out. 0, or -1 when that lasts for too long. */
static int stay_locked(struct coordination *all, const struct failure *failure)
{
	struct text text = {0};
	struct text who = {0};
	struct list paths = {0};
	int64_t limit = all->job->config->lock_timeout;
	if (all->locked_since == CLOCK_NEVER)
		all->locked_since = clock_now();
	if (clock_now() - all->locked_since < (limit > 0 ? limit : LOCKED_FILE_LIMIT))
		return 0;
	wait_sqlite_paths(&all->job->wait, &paths);
	int count = paths.count > 0 ? restore_open_by(paths.items[0], &who) : 0;
	text_add_format(&text, "%.300s: %s%s", failure->message,
		count > 0 ? "end its transaction, or the process: "
			  : "lsof, or /proc/locks on the host, shows which process that is",
		count > 0 ? who.bytes : "");
	int result = refuse(all, restores(all) ? STATUS_RESTORE : STATUS_LOCK, text.bytes);
	text_free(&text);
	text_free(&who);
	list_clear(&paths);
	return result;
}

/* Something failed: 0 when it is worth another try, after a pause, -1 when it is over. */
static int survive(struct coordination *all, const struct failure *failure)
{
	close_session(all);
	if (is_refused(failure))
		return refuse(all, STATUS_REFUSED, failure->message);
	if (failure->verdict != VERDICT_RETRY)
		return refuse(all, failure->status, failure->message);
	if (!is_locked(all, failure))
		all->locked_since = CLOCK_NEVER;
	else if (stay_locked(all, failure) != 0)
		return -1;
	tell_progress(all, failure->status, failure->message);
	return pause_grow(&all->pause, all->channel, INTERVAL_FIRST, INTERVAL_LAST);
}

/* --- upgrade.check --------------------------------------------------------------------------- */

static void beat_once(void *context)
{
	struct coordination *all = context;
	struct failure failure = {0};
	if (all->lock != NULL && lock_is_held(all->lock) && lock_beat(all->lock, &failure) != 0)
		tell_progress(all, failure.status, failure.message);
}

/* What was killed, for taking longer than upgrade.timeout for one, has said nothing. */
static void tell_killed(struct coordination *all, int number)
{
	char text[TEXT_SIZE];
	(void)snprintf(text, sizeof text,
		"upgrade.check was ended by signal %d; that is taken for pending", number);
	tell_progress(all, 0, text);
}

/* Asks the tool whether anything is pending. 0, or -1 when nobody wants to know any more. A command
 * that cannot be run says nothing: then the upgrade runs, and fails for the same reason. */
static int ask_tool(struct coordination *all)
{
	struct error error;
	const struct ask_meanwhile meanwhile = {beat_once, all, LOCK_BEAT};
	close_session(all); /* the command may need its place */
	int status = ask(all->job->check, all->job->config->upgrade_timeout, all->channel,
		&meanwhile, &error);
	all->asked_at = clock_now();
	if (status < 0)
		return -1;
	if (error.status != 0)
		tell_progress(all, error.status, error.message);
	else if (status > 128)
		tell_killed(all, status - 128);
	all->inspection.answer = status == 0 ? TOOL_SAYS_SETTLED : TOOL_SAYS_PENDING;
	return 0;
}

/* The answer of a moment ago is good enough, unless somebody else has been at work since. */
static int ask_where_needed(struct coordination *all, bool anew)
{
	if (all->job->check == NULL || inspect_reads(all->job->config))
		return 0;
	bool fresh = all->asked_at != 0 && clock_now() - all->asked_at < ASK_AGAIN;
	return fresh && !anew ? 0 : ask_tool(all);
}

/* Looks at everything anew; alone as of inspect. 1, 0 when it was not possible now, -1 when it is
 * over.
 */
static int look(struct coordination *all, bool alone)
{
	struct failure failure = {0};
	bool held = all->lock != NULL && lock_is_held(all->lock);
	if (ask_where_needed(all, held && all->blocked_since != CLOCK_NEVER) != 0)
		return -1;
	if (*all->session == NULL && wait_open(&all->job->wait, all->session, &failure) != 0)
		return survive(all, &failure);
	if (inspect(all->job, *all->session, alone, &all->inspection, &failure) != 0)
		return survive(all, &failure);
	all->locked_since = CLOCK_NEVER;
	return 1;
}

/* --- the lock -------------------------------------------------------------------------------- */

/* Somebody else is at work, who is said. 0, or -1 when that lasts for longer than lock.timeout. */
static int be_patient(struct coordination *all, const char *who)
{
	char text[TEXT_SIZE];
	char room[32];
	int64_t limit = all->job->config->lock_timeout;
	if (all->blocked_since == CLOCK_NEVER)
		all->blocked_since = clock_now();
	if (limit <= 0 || clock_now() - all->blocked_since < limit)
		return 0;
	(void)snprintf(text, sizeof text, "lock.timeout = %s is over: %.300s",
		text_duration(limit, room, sizeof room), who);
	return refuse(all, STATUS_LOCK, text);
}

static int still_blocked(struct coordination *all)
{
	if (be_patient(all, "another replica holds the lock") != 0)
		return -1;
	tell_blocked(all);
	return pause_grow(&all->pause, all->channel, INTERVAL_FIRST, INTERVAL_LAST);
}

/* 1 when we hold it now, 0 when not yet, -1 when it is over. One connection at a time: those of
 * many replicas must leave room for the leader's command. */
static int try_lock(struct coordination *all)
{
	struct failure failure = {0};
	if (all->lock == NULL)
		return 1;
	close_session(all);
	int result = lock_try(all->lock, &failure);
	if (result < 0)
		return survive(all, &failure);
	return result == 0 ? still_blocked(all) : 1;
}

/* The work that a leader began and did not end: it has died, or its network has. */
static const struct ledger_entry *find_unfinished(const struct coordination *all)
{
	const struct ledger *ledger = &all->inspection.ledger;
	for (size_t i = ledger->count; i > 0; i--) {
		const struct ledger_entry *entry = &ledger->entries[i - 1];
		if (ledger_is(entry, LEDGER_BEGUN) &&
			ledger_find(ledger, entry->kind, entry->name) == entry)
			return entry;
	}
	return NULL;
}

/* What the commands of boot have left, where the lock is and, with lock.url, in the database. As of
 * lock_survivor. */
static int find_survivor(
	struct coordination *all, const char *boot, char *who, size_t size, struct failure *failure)
{
	char name[WORK_SESSION_SIZE];
	bool elsewhere = all->job->config->lock_database != NULL;
	(void)work_session_name(boot, name);
	int result = lock_survivor(all->lock, NULL, name, who, size, failure);
	if (result == 0 && elsewhere)
		result = need_session(all, failure);
	if (result == 0 && elsewhere)
		result = lock_survivor(all->lock, *all->session, name, who, size, failure);
	return result;
}

static int ask_survivor(struct coordination *all, const struct ledger_entry *begun, char *who,
	size_t size, struct failure *failure)
{
	int result = find_survivor(all, begun->boot, who, size, failure);
	if (result < 0)
		lock_release(all->lock);
	return result;
}

/* The lock of a leader that died is free before its command's session has ended. 1 when nobody is
 * left, 0 to begin again, -1 when it is over. */
static int outlive_survivors(struct coordination *all, const struct ledger_entry *begun)
{
	char who[TEXT_SIZE / 2];
	char text[TEXT_SIZE];
	struct failure failure = {0};
	int found;
	while ((found = ask_survivor(all, begun, who, sizeof who, &failure)) > 0) {
		(void)snprintf(text, sizeof text,
			"what %s began (%s, at %s) is still at work in the database: %s",
			begun->host, begun->kind, begun->at, who);
		tell_progress(all, STATUS_LOCK, text);
		if (be_patient(all, text) != 0 || pause_for(all->channel, SURVIVOR_INTERVAL) != 0)
			return -1;
	}
	return found < 0 ? survive(all, &failure) : 1;
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

static void drop_scratch(struct coordination *all)
{
	struct failure ignored;
	if (need_session(all, &ignored) != 0)
		return;
	autofree char *dropped = restore_drop_scratch(*all->session);
	if (dropped != NULL)
		tell_progress(all, 0, dropped);
}

/* With the lock held: 1 when the state is known, 0 to begin again, -1 when it is over. What a
 * leader that is gone has left must be over before a state can refuse. */
static int look_alone(struct coordination *all)
{
	if (all->lock == NULL)
		return 1; /* it was seen just now, and alone */
	int result = look(all, false);
	const struct ledger_entry *begun = result > 0 ? find_unfinished(all) : NULL;
	if (begun == NULL)
		return result;
	result = give_way(all, begun);
	if (result > 0)
		result = outlive_survivors(all, begun);
	if (result > 0 && text_equal(begun->kind, WORK_RESTORE))
		drop_scratch(all);
	return result > 0 ? look(all, true) : result;
}

/* What a restore that was killed has left; NULL for nothing, or where that does not matter: to
 * those who put it right. The caller frees it. */
static char *find_wreck(const struct coordination *all)
{
	const struct keeper_job *job = all->job;
	autofree char *place = database_url_place(job->wait.database);
	for (size_t i = 0; i < job->work_count; i++)
		if (text_equal(job->works[i].kind, WORK_UPGRADE) ||
			text_equal(job->works[i].kind, WORK_SEED) ||
			text_equal(job->works[i].kind, WORK_STEP))
			return restore_unfinished(all->backups, place);
	return NULL;
}

/* With the lock held no restore is under way: what it has left is left. As lead. */
static int refuse_wreck(struct coordination *all)
{
	autofree char *wreck = find_wreck(all);
	if (wreck == NULL)
		return 1;
	return refuse(all, STATUS_MIGRATION_STATE, wreck);
}

/* With the lock held. 1 when the answer was given, 0 to begin again, -1 when it is over. */
static int lead(struct coordination *all)
{
	int result = look_alone(all);
	if (result > 0)
		result = refuse_wreck(all);
	if (result <= 0) {
		coordinate_release(all);
		return result;
	}
	all->blocked_since = CLOCK_NEVER;
	all->leading = all->inspection.due != 0;
	if (all->leading)
		return tell_due(all) == 0 ? 1 : -1;
	coordinate_release(all);
	return tell_settled(all) == 0 ? 1 : -1;
}

/* --- upgrade.mode = wait --------------------------------------------------------------------- */

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
	char text[TEXT_SIZE];
	char state[TEXT_SIZE / 2];
	(void)snprintf(text, sizeof text,
		"upgrade.mode = wait: another container has to upgrade; %s",
		inspection_text(&all->inspection, state, sizeof state));
	if (be_patient(all, text) != 0)
		return -1;
	tell_progress(all, STATUS_LOCK, text);
	close_session(all);
	return pause_grow(&all->pause, all->channel, INTERVAL_FIRST, INTERVAL_LAST);
}

static int turn(struct coordination *all)
{
	int result = look(all, all->lock == NULL);
	if (result <= 0)
		return result;
	autofree char *wreck = find_wreck(all);
	if (waits_for_upgrade(all) && wreck == NULL)
		return await_upgrade(all);
	if (all->inspection.due == 0 && wreck == NULL)
		return tell_settled(all) == 0 ? 1 : -1;
	result = try_lock(all);
	return result <= 0 ? result : lead(all);
}

int coordinate(struct coordination *all)
{
	int result;
	do {
		result = turn(all);
	} while (result == 0);
	return result > 0 ? 0 : -1;
}

/* Takes a lost lock again. 0 when it is held, 1 when not yet, -1 when somebody else has it: others
 * look, and give way to us. */
static int retake(struct coordination *all)
{
	struct failure failure = {0};
	int result = lock_try(all->lock, &failure);
	if (all->lost_since == CLOCK_NEVER)
		all->lost_since = clock_now();
	if (result > 0) {
		all->lost_since = CLOCK_NEVER;
		return 0;
	}
	if (result < 0 && failure.verdict == VERDICT_RETRY) {
		tell_progress(all, failure.status, failure.message);
		return 1;
	}
	if (result == 0 && clock_now() - all->lost_since < GIVES_WAY)
		return 1;
	return refuse(all, STATUS_LOCK,
		result == 0 ? "the lock was lost, and another replica holds it now"
			    : failure.message);
}

/* One heartbeat; as retake. */
static int beat(struct coordination *all)
{
	struct failure failure = {0};
	if (all->lock == NULL)
		return 0;
	if (lock_is_held(all->lock) && lock_beat(all->lock, &failure) == 0)
		return 0;
	return retake(all);
}

int coordinate_idle(struct coordination *all)
{
	if (!all->leading)
		return 0;
	while (pause_for(all->channel, LOCK_BEAT) == 0) {
		int result = beat(all);
		if (result < 0)
			return -1;
		if (result == 0)
			watch_look(&all->watch);
	}
	return 0;
}

void coordinate_release(struct coordination *all)
{
	all->leading = false;
	if (all->lock != NULL)
		lock_release(all->lock);
}

/* --- the ledger ------------------------------------------------------------------------------ */

static struct ledger_entry *add_entry(
	struct coordination *all, const struct work *work, const char *state)
{
	struct ledger_entry *entry = ledger_add(
		&all->inspection.ledger, work->kind, work->name, state, all->job->boot_id);
	ledger_set(&entry->digest, work->digest);
	ledger_set(&entry->host, all->host);
	return entry;
}

static const char *revision(const struct coordination *all)
{
	return all->inspection.revision != NULL ? all->inspection.revision : "";
}

/* The lock is held, or becomes so. 0, or -1 when it is over. */
static int hold(struct coordination *all)
{
	int result;
	while ((result = beat(all)) > 0)
		if (pause_grow(&all->pause, all->channel, INTERVAL_FIRST, INTERVAL_LAST) != 0)
			return -1;
	return result;
}

static int write_ledger(struct coordination *all, struct failure *failure)
{
	char reason[REASON_SIZE];
	if (ledger_write(*all->session, all->inspection.view, &all->inspection.ledger, failure) ==
		0)
		return 0;
	(void)snprintf(reason, sizeof reason, "%.*s", REASON_SIZE - 1, failure->message);
	(void)snprintf(failure->message, sizeof failure->message,
		"tminus cannot write its ledger, the view " LEDGER_VIEW ": %s%s", reason,
		text_equal(failure->code, "42501")
			? "; grant this role CREATE on the schema, and the view where it exists"
			: "");
	return -1;
}

/* What the boot that was outlived began at somebody's request: no start begins it anew and so ends
 * it, and each leader would give way to it. */
static void end_outlived(struct coordination *all)
{
	static const char *const kinds[] = {WORK_BACKUP, WORK_RESTORE, WORK_GUARD};
	struct ledger *ledger = &all->inspection.ledger;
	for (size_t i = 0; i < ledger->count; i++) {
		struct ledger_entry *entry = &ledger->entries[i];
		bool asked = false;
		for (size_t kind = 0; kind < sizeof kinds / sizeof kinds[0]; kind++)
			asked = asked || text_equal(entry->kind, kinds[kind]);
		if (asked && ledger_is(entry, LEDGER_BEGUN) && text_equal(entry->boot, all->spared))
			ledger_set(&entry->state, LEDGER_FAILED);
	}
}

/* Writes down that work begins, or that there is nothing to do: then reason (TEXT_SIZE) says why.
 */
static int begin(
	struct coordination *all, const struct work *work, char *reason, struct failure *failure)
{
	if (need_session(all, failure) != 0)
		return -1;
	int passed = precondition_ask(
		work, *all->session, all->job->config->database_schema, reason, TEXT_SIZE, failure);
	if (passed < 0)
		return -1;
	if (passed == 0 && reason[0] != '\0')
		tell_progress(all, 0, reason);
	if (passed == 0)
		reason[0] = '\0';
	end_outlived(all);
	ledger_set(&all->from, revision(all));
	all->unversioned = all->inspection.finding.kind == FINDING_UNVERSIONED;
	struct ledger_entry *entry =
		add_entry(all, work, passed > 0 ? LEDGER_PASSED : LEDGER_BEGUN);
	ledger_set(&entry->from, all->from);
	if (passed > 0)
		ledger_set(&entry->to, all->from);
	int result = write_ledger(all, failure);
	/* The schema of the search path is not there yet: the upgrade may well be what makes it. */
	return result != 0 && text_equal(failure->code, NO_SCHEMA) ? 0 : result;
}

int coordinate_begun(struct coordination *all, const struct message *question)
{
	char reason[TEXT_SIZE];
	struct failure failure = {0};
	const struct work *work = &all->job->works[question->work];
	int result;
	do {
		if (hold(all) != 0)
			return -1;
		result = begin(all, work, reason, &failure);
		if (result != 0 && survive(all, &failure) != 0)
			return -1;
	} while (result != 0);
	all->locked_since = CLOCK_NEVER;
	close_session(all); /* the command may need its place */
	if (reason[0] != '\0')
		return message_send(all->channel, MESSAGE_PASSED, 0, reason) ? 0 : -1;
	if (!text_equal(work->kind, WORK_BACKUP) && !text_equal(work->kind, WORK_RESTORE))
		watch_begin(&all->watch, all->job, work, all->channel);
	return message_send(all->channel, MESSAGE_WRITTEN, 0, "") ? 0 : -1;
}

static int create_extension(struct coordination *all, const char *name, struct failure *failure)
{
	char text[TEXT_SIZE];
	const struct work work = {.kind = WORK_EXTENSION, .name = name};
	int result = extension_create(*all->session, all->job->wait.database, name, failure);
	if (result != 0 && failure->verdict == VERDICT_RETRY)
		return result;
	struct ledger_entry *entry =
		add_entry(all, &work, result == 0 ? LEDGER_FINISHED : LEDGER_FAILED);
	ledger_set(&entry->from, revision(all));
	ledger_set(&entry->to, revision(all));
	(void)snprintf(text, sizeof text, "%s was created", name);
	if (result == 0)
		tell_progress(all, 0, text);
	return result;
}

/* In the order of the setting: one may need another. */
static int create_extensions(struct coordination *all, struct failure *failure)
{
	struct failure other;
	struct list *missing = &all->inspection.missing;
	if (need_session(all, failure) != 0 ||
		extensions_missing(*all->session, &all->job->config->database_extensions, missing,
			failure) != 0)
		return -1;
	int result = 0;
	for (size_t i = 0; result == 0 && i < missing->count; i++)
		result = create_extension(all, missing->items[i], failure);
	if (result == 0)
		return write_ledger(all, failure);
	if (failure->verdict != VERDICT_RETRY)
		(void)write_ledger(all, &other);
	return result;
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
		result = create_extensions(all, &failure);
		if (result != 0 && failure.verdict != VERDICT_RETRY)
			break;
		if (result != 0 && survive(all, &failure) != 0)
			return -1;
	} while (result != 0);
	return message_send(all->channel, MESSAGE_WRITTEN, failure.status, failure.message) ? 0
											    : -1;
}

/* Does it leave the migrations as they are? */
static bool leaves_alone(const struct work *work)
{
	static const char *const kinds[] = {WORK_BACKUP, WORK_SEED, WORK_STEP, WORK_JOB};
	bool found = false;
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		found = found || text_equal(work->kind, kinds[i]);
	return found;
}

/* Behind work. The state refuses: that is for the next start to say, what was read is read. */
static int inspect_again(struct coordination *all, const struct work *work, struct failure *failure)
{
	if (!leaves_alone(work))
		(void)ask_where_needed(all, true);
	if (need_session(all, failure) != 0)
		return -1;
	int result = inspect(all->job, *all->session, true, &all->inspection, failure);
	return result != 0 && failure->status == STATUS_MIGRATION_STATE ? 0 : result;
}

/* Work that others have begun since ours: the lock was somebody else's for a while. */
static bool is_ours(const struct coordination *all, const struct work *work)
{
	const struct ledger_entry *entry =
		ledger_find(&all->inspection.ledger, work->kind, work->name);
	return entry == NULL || text_equal(entry->boot, all->job->boot_id);
}

static bool is_own(
	const struct coordination *all, const struct ledger_entry *entry, const struct work *work)
{
	return text_equal(entry->kind, work->kind) && text_equal(entry->name, work->name) &&
	       text_equal(entry->boot, all->job->boot_id) && ledger_is(entry, LEDGER_BEGUN);
}

/* Work that is begun in the ledger was begun by boots that are long gone. In a ledger that came
 * back with a restore our own entry is missing, and the last backup is the one that it came from.
 */
static void end_strangers(struct coordination *all, const struct work *work)
{
	struct ledger *ledger = &all->inspection.ledger;
	const struct ledger_entry *backup = ledger_find(ledger, WORK_BACKUP, "");
	for (size_t i = 0; i < ledger->count; i++)
		if (is_own(all, &ledger->entries[i], work))
			backup = NULL;
	for (size_t i = 0; i < ledger->count; i++) {
		struct ledger_entry *entry = &ledger->entries[i];
		if (!ledger_is(entry, LEDGER_BEGUN) || is_own(all, entry, work))
			continue;
		ledger_set(&entry->state, entry == backup ? LEDGER_FINISHED : LEDGER_FAILED);
		if (entry == backup)
			ledger_set(&entry->to, entry->from);
	}
}

static void add_ending(struct coordination *all, const struct work *work, bool well)
{
	autofree char *from = memory_copy(all->from != NULL ? all->from : "");
	if (all->went_back || text_equal(work->kind, WORK_RESTORE))
		end_strangers(all, work);
	struct ledger_entry *entry = add_entry(all, work, well ? LEDGER_FINISHED : LEDGER_FAILED);
	ledger_set(&entry->from, from);
	ledger_set(&entry->to, revision(all));
	if (!well || !text_equal(work->kind, WORK_UPGRADE) ||
		all->inspection.finding.kind != FINDING_AT_HEAD || all->inspection.trusted ||
		text_equal(from, revision(all)))
		return;
	const struct work trust = {.kind = INSPECT_TRUST, .name = ""};
	ledger_set(&add_entry(all, &trust, LEDGER_FINISHED)->digest, all->inspection.trust);
}

static int end(
	struct coordination *all, const struct work *work, bool well, struct failure *failure)
{
	if (inspect_again(all, work, failure) != 0)
		return -1;
	bool older = all->went_back || text_equal(work->kind, WORK_RESTORE);
	if (!older && !is_ours(all, work)) {
		*failure = (struct failure){.verdict = VERDICT_REFUSE, .status = STATUS_LOCK};
		(void)snprintf(failure->message, sizeof failure->message,
			"the lock was lost, and another replica has begun the %s meanwhile",
			work->kind);
		return -1;
	}
	all->refuted = well && text_equal(work->kind, WORK_UPGRADE) &&
		       all->inspection.finding.kind == FINDING_PENDING;
	add_ending(all, work, well && !all->refuted);
	return write_ledger(all, failure);
}

/* The command has said that all went well, and the database does not look like it; or it failed
 * where the tables are older than the version table, or where DDL cannot be rolled back. */
static void describe_doubt(
	const struct coordination *all, const struct work *work, bool well, char *room, size_t size)
{
	char state[TEXT_SIZE / 2];
	const struct finding *finding = &all->inspection.finding;
	room[0] = '\0';
	if (!text_equal(work->kind, WORK_UPGRADE))
		return;
	if (!well && finding->kind == FINDING_UNVERSIONED && finding->advice != NULL)
		(void)snprintf(room, size, "%s: %s",
			inspection_text(&all->inspection, state, sizeof state), finding->advice);
	else if (!well && all->job->wait.database->kind != DATABASE_POSTGRES)
		(void)snprintf(room, size,
			"this database keeps what a revision did before it failed, and is %s; the "
			"command's own output above names the statement: compare the tables with "
			"that revision, then take back by hand what it did, or complete it and "
			"mark "
			"it as applied (stamp)",
			inspection_text(&all->inspection, state, sizeof state));
	if (well && finding->kind != FINDING_AT_HEAD && finding->kind != FINDING_UNKNOWN)
		(void)snprintf(room, size,
			"the upgrade said that it succeeded, but the database is %s; does the tool "
			"work on another database, or another schema (database.schema)? %s its "
			"word is enough",
			inspection_text(&all->inspection, state, sizeof state),
			inspect_reads(all->job->config) ? "With upgrade.trust = tool"
							: "Without upgrade.check");
}

/* --- the way back ---------------------------------------------------------------------------- */

/* What the failed command left in the server must have ended. 0, or -1 with room filled. */
static int outlive_own(struct coordination *all, char *room, size_t size)
{
	char who[TEXT_SIZE / 2];
	struct failure failure = {0};
	int64_t deadline = clock_now() + SURVIVORS_LEAVE_WITHIN;
	int found = 0;
	while (all->lock != NULL &&
		(found = find_survivor(all, all->job->boot_id, who, sizeof who, &failure)) > 0 &&
		clock_now() < deadline)
		if (pause_for(all->channel, SURVIVOR_INTERVAL) != 0)
			break;
	if (found != 0)
		(void)snprintf(room, size, "%s%.300s",
			found > 0 ? "the upgrade's own session is still there: " : "",
			found > 0 ? who : failure.message);
	return found == 0 ? 0 : -1;
}

static bool is_rollable(const struct coordination *all, char *room, size_t size)
{
	const char *from = all->from != NULL ? all->from : "";
	bool moved = !text_equal(from, revision(all));
	bool single = strchr(from, ' ') == NULL;
	if (!moved)
		(void)snprintf(room, size, "the database is at %.300s, as it was before",
			from[0] != '\0' ? from : "no revision");
	else if (!single)
		(void)snprintf(room, size, "it was at more than one revision: %.300s", from);
	else if (all->unversioned)
		(void)snprintf(room, size, "there were tables without a version, which would go");
	return moved && single && !all->unversioned;
}

/* The lock lives meanwhile. */
static bool tell_left(void *context, const char *who)
{
	char text[TEXT_SIZE];
	struct coordination *all = context;
	struct failure lost = {0};
	(void)snprintf(text, sizeof text, ACTIVITY_LEFT, who);
	tell_progress(all, 0, text);
	return (all->lock == NULL || lock_beat(all->lock, &lost) == 0) &&
	       pause_for(all->channel, 0) == 0;
}

static int ask_others(struct coordination *all, char *room, size_t size)
{
	char name[WORK_SESSION_SIZE];
	char who[TEXT_SIZE / 2];
	struct failure failure = {0};
	const struct activity_ear ear = {tell_left, all};
	(void)work_session_name(all->job->boot_id, name);
	int found = activity_others(*all->session, name, &ear, who, sizeof who, &failure);
	if (found != 0)
		(void)snprintf(room, size, "%s%.300s", found > 0 ? "others are connected: " : "",
			found > 0 ? who : failure.message);
	return found;
}

/* 1 when the way back is free, 0 with the reason in room. */
static int is_free(struct coordination *all, const struct work *work, char *room, size_t size)
{
	struct failure failure = {0};
	if (outlive_own(all, room, size) != 0)
		return 0;
	if (inspect_again(all, work, &failure) != 0) {
		(void)snprintf(room, size, "%.300s", failure.message);
		return 0;
	}
	if (!is_ours(all, work)) {
		(void)snprintf(room, size, "another replica has upgraded meanwhile");
		return 0;
	}
	if (all->job->config->upgrade_on_failure == UPGRADE_ROLLS_BACK &&
		!is_rollable(all, room, size))
		return 0;
	return ask_others(all, room, size) == 0;
}

int coordinate_back(struct coordination *all, const struct message *question)
{
	char reason[TEXT_SIZE] = "the lock was lost, and cannot be had now";
	watch_end(&all->watch); /* its session would be somebody else */
	int held = beat(all);
	if (held < 0)
		return -1;
	int way = held == 0 ? is_free(all, &all->job->works[question->work], reason, sizeof reason)
			    : 0;
	const char *from = all->from != NULL ? all->from : "";
	close_session(all); /* who goes back needs its place, and to be alone */
	all->went_back = way > 0;
	return message_send(all->channel, way > 0 ? MESSAGE_GO_BACK : MESSAGE_STAY, 0,
		       way > 0 ? from : reason)
		       ? 0
		       : -1;
}

/* What went wrong must not wait for a database that is gone; what went well is written at last. */
int coordinate_finished(struct coordination *all, const struct message *question)
{
	char text[TEXT_SIZE];
	struct failure failure = {0};
	const struct work *work = &all->job->works[question->work];
	bool well = question->status == 0;
	watch_end(&all->watch);
	for (;;) {
		if (well && hold(all) != 0)
			return -1;
		if (end(all, work, well, &failure) == 0 || !well)
			break;
		if (survive(all, &failure) != 0)
			return -1;
	}
	text[0] = '\0';
	if (!all->went_back)
		describe_doubt(all, work, well, text, sizeof text);
	int status = well && all->refuted ? STATUS_VERIFY : 0;
	return message_send(all->channel, MESSAGE_WRITTEN, status, text) ? 0 : -1;
}
