#include "steps/watch.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"
#include "steps/inspect.h"
#include "steps/message.h"
#include "steps/wait.h"

/* Milliseconds. */
#define SAY_AFTER 10000
#define TELL_AGAIN 10000

#define TEXT_SIZE 400
#define STATE_SIZE 300
#define DURATION_SIZE 32

void watch_begin(
	struct watch *watch, const struct keeper_job *job, const struct work *work, int channel)
{
	int64_t now = clock_now();
	*watch = (struct watch){.job = job,
		.work = work,
		.channel = channel,
		.since = now,
		.say_at = now + SAY_AFTER};
}

void watch_end(struct watch *watch)
{
	session_close(watch->session);
	*watch = (struct watch){0};
}

static void tell(const struct watch *watch, const char *text)
{
	(void)message_send(watch->channel, MESSAGE_PROGRESS, 0, text);
}

static void cancel(struct watch *watch)
{
	char text[TEXT_SIZE];
	char room[DURATION_SIZE];
	struct failure failure = {0};
	int64_t limit = watch->job->config->upgrade_lock_timeout;
	bool done = activity_cancel(watch->session, &watch->block, &failure) == 0;
	(void)snprintf(text, sizeof text,
		"%s a statement that waited for a lock for longer than upgrade.lock_timeout = "
		"%s%s%.200s",
		done ? "cancelled" : "cannot cancel", text_duration(limit, room, sizeof room),
		done ? "" : ": ", failure.message);
	tell(watch, text);
	watch->blocked_since = clock_now();
}

static void tell_blocked(struct watch *watch)
{
	char text[TEXT_SIZE];
	watch->told_at = clock_now();
	(void)snprintf(text, sizeof text, "waits for a lock; it is kept from it by %s",
		watch->block.reason);
	tell(watch, text);
}

/* 0, or -1 when it could not be asked. */
static int look_for_block(struct watch *watch)
{
	char name[WORK_SESSION_SIZE];
	struct failure ignored;
	struct activity_block block = {0};
	int64_t limit = watch->job->config->upgrade_lock_timeout;
	int64_t now = clock_now();
	int found = activity_blocked(
		watch->session, work_session_name(watch->job->boot_id, name), &block, &ignored);
	bool same = text_equal(block.since, watch->block.since) &&
		    text_equal(block.backend, watch->block.backend);
	if (!same)
		watch->blocked_since = now;
	watch->block = block;
	if (found <= 0)
		return found;
	if (!same || now - watch->told_at >= TELL_AGAIN)
		tell_blocked(watch);
	if (limit > 0 && now - watch->blocked_since >= limit)
		cancel(watch);
	return 0;
}

/* Twice as rare each time, with what the migrations are at by now. An SQLite file is left to the
 * command. */
static void tell_duration(struct watch *watch)
{
	char room[DURATION_SIZE];
	char state[STATE_SIZE] = "";
	char text[TEXT_SIZE];
	struct inspection seen = {0};
	struct failure ignored;
	int64_t elapsed = clock_now() - watch->since;
	watch->say_at = clock_now() + elapsed;
	bool reads = watch->session != NULL && text_equal(watch->work->kind, WORK_UPGRADE) &&
		     inspect(watch->job, watch->session, false, &seen, &ignored) == 0;
	(void)snprintf(text, sizeof text, "running for %s%s%s",
		text_duration(elapsed, room, sizeof room), reads ? "; migrations: " : "",
		reads ? inspection_text(&seen, state, sizeof state) : "");
	inspection_clear(&seen);
	tell(watch, text);
}

/* A restore wants to be alone, and on MySQL our session has no name by which it could tell it. */
static bool can_look(struct watch *watch)
{
	struct failure ignored;
	enum database_kind kind = watch->job->wait.database->kind;
	if (kind == DATABASE_SQLITE ||
		(kind == DATABASE_MYSQL && text_equal(watch->work->kind, WORK_RESTORE)))
		return false;
	return watch->session != NULL ||
	       wait_glance(&watch->job->wait, &watch->session, &ignored) == 0;
}

void watch_look(struct watch *watch)
{
	if (watch->work == NULL)
		return;
	if (can_look(watch) && look_for_block(watch) != 0) {
		session_close(watch->session);
		watch->session = NULL;
	}
	if (clock_now() >= watch->say_at)
		tell_duration(watch);
}
