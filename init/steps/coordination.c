#include "steps/coordination.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/restore.h"
#include "base/clock.h"
#include "base/text.h"
#include "steps/message.h"
#include "steps/wait.h"

/* Milliseconds. */
#define INTERVAL_FIRST 100
#define INTERVAL_LAST 2000
#define TELL_AGAIN 10000
#define LOCKED_FILE_LIMIT 60000 /* unless lock.timeout says otherwise */

void coordination_tell(struct coordination *all, int status, const char *text)
{
	int64_t now = clock_now();
	if (text_equal(all->told, text) && now - all->told_at < TELL_AGAIN)
		return;
	(void)snprintf(all->told, sizeof all->told, "%s", text);
	all->told_at = now;
	(void)message_send(all->channel, MESSAGE_PROGRESS, status, text);
}

int coordination_refuse(const struct coordination *all, int status, const char *text)
{
	(void)message_send(all->channel, MESSAGE_REFUSED, status, text);
	return -1;
}

void coordination_disconnect(struct coordination *all)
{
	session_close(*all->session);
	*all->session = NULL;
}

int coordination_connect(struct coordination *all, struct failure *failure)
{
	if (all->job->wait.database->kind == DATABASE_SQLITE)
		coordination_disconnect(all);
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
	int result =
		coordination_refuse(all, restores(all) ? STATUS_RESTORE : STATUS_LOCK, text.bytes);
	text_free(&text);
	text_free(&who);
	list_clear(&paths);
	return result;
}

int coordination_pause(struct coordination *all)
{
	return pause_grow(&all->pause, all->channel, INTERVAL_FIRST, INTERVAL_LAST);
}

void coordination_unlocked(struct coordination *all)
{
	all->locked_since = CLOCK_NEVER;
}

int coordination_survive(struct coordination *all, const struct failure *failure)
{
	coordination_disconnect(all);
	if (is_refused(failure))
		return coordination_refuse(all, STATUS_REFUSED, failure->message);
	if (failure->verdict != VERDICT_RETRY)
		return coordination_refuse(all, failure->status, failure->message);
	if (!is_locked(all, failure))
		coordination_unlocked(all);
	else if (stay_locked(all, failure) != 0)
		return -1;
	coordination_tell(all, failure->status, failure->message);
	return coordination_pause(all);
}

int coordination_be_patient(struct coordination *all, const char *who)
{
	char text[COORDINATION_TEXT];
	char room[32];
	int64_t limit = all->job->config->lock_timeout;
	if (all->blocked_since == CLOCK_NEVER)
		all->blocked_since = clock_now();
	if (limit <= 0 || clock_now() - all->blocked_since < limit)
		return 0;
	(void)snprintf(text, sizeof text, "lock.timeout = %s is over: %.300s",
		text_duration(limit, room, sizeof room), who);
	return coordination_refuse(all, STATUS_LOCK, text);
}

void coordination_unblocked(struct coordination *all)
{
	all->blocked_since = CLOCK_NEVER;
}
