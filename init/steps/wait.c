#include "steps/wait.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "config/sqlite_path.h"
#include "database/create.h"
#include "steps/message.h"
#include "steps/pause.h"
#include "steps/probe.h"
#include "steps/project.h"

/* Milliseconds. A probe interval grows from the first to the last by half each time; a lost SYN
 * costs one connect limit; a refused login is not repeated often, because servers count them. */
#define INTERVAL_FIRST 10
#define INTERVAL_LAST 50
#define INTERVAL_STABLE 100
#define INTERVAL_REFUSED 500
#define CONNECT_LIMIT_FIRST 300
#define CONNECT_LIMIT_LAST 3000
#define HANDSHAKE_LIMIT 10000
#define GLANCE_LIMIT 1500
#define TELL_AGAIN 10000

struct wait {
	const struct wait_job *job;
	int channel;
	struct session *session;
	int64_t interval;
	int64_t connect_limit;
	int64_t usable_since;  /* CLOCK_NEVER while it is not */
	int64_t refused_since; /* CLOCK_NEVER while it is not */
	int64_t told_at;
	char told[512];
	bool hinted;		     /* what a silent server may be */
	struct pause pause;	     /* for its jitter */
	struct project_ahead *ahead; /* NULL: nothing is read */
};

static int64_t smaller(int64_t one, int64_t other)
{
	return one < other ? one : other;
}

/* A relative SQLite path may turn up in either place while we wait; as long as it is in neither,
 * the folder of the first is what counts. */
void wait_sqlite_paths(const struct wait_job *job, struct list *paths)
{
	const struct database_url *url = job->database;
	if (url->kind != DATABASE_SQLITE || url->name == NULL)
		return;
	char *found = sqlite_path(url->name, NULL, job->instance);
	if (found != NULL)
		list_append_owned(paths, found);
	else
		wait_lock_paths(job, paths);
}

/* The working folder's stands for all: instance/ may be made by the very tool that the lock guards.
 */
void wait_lock_paths(const struct wait_job *job, struct list *paths)
{
	const struct database_url *url = job->database;
	if (url->kind != DATABASE_SQLITE || url->name == NULL)
		return;
	list_append(paths, url->name);
	if (url->name[0] != '/' && job->instance && access("instance", F_OK) == 0) {
		struct text path = {0};
		text_add_format(&path, "instance/%s", url->name);
		list_append_owned(paths, text_take(&path));
	}
}

/* Relative paths of the URL, to SQLite's file and to certificates, begin where the app's do. A
 * server can be reached without the folder: a step may make it yet. */
static int enter_folder(const struct wait_job *job, struct failure *failure)
{
	if (job->folder == NULL || chdir(job->folder) == 0 ||
		job->database->kind != DATABASE_SQLITE)
		return 0;
	*failure = (struct failure){.verdict = VERDICT_RETRY, .status = STATUS_UNAVAILABLE};
	(void)snprintf(failure->message, sizeof failure->message,
		"the folder %s of app.workdir cannot be entered: %s", job->folder, strerror(errno));
	return -1;
}

static int open_session(const struct wait_job *job, const struct session_options *options,
	struct session **session, struct failure *failure)
{
	struct database_url url = *job->database;
	if (enter_folder(job, failure) != 0)
		return -1;
	struct list paths = {0};
	wait_sqlite_paths(job, &paths);
	if (paths.count > 0)
		url.name = paths.items[0];
	int result = session_open(&url, options, session, failure);
	list_clear(&paths);
	return result;
}

static int open_within(const struct wait_job *job, int64_t connect_limit, int64_t handshake_limit,
	struct session **session, struct failure *failure)
{
	const struct session_options options = {
		.level = job->level,
		.writable = job->writable,
		.connect_limit = connect_limit,
		.handshake_limit = handshake_limit,
		.application_name = "tminus",
	};
	return open_session(job, &options, session, failure);
}

int wait_open(const struct wait_job *job, struct session **session, struct failure *failure)
{
	return open_within(job, CONNECT_LIMIT_LAST, HANDSHAKE_LIMIT, session, failure);
}

int wait_glance(const struct wait_job *job, struct session **session, struct failure *failure)
{
	return open_within(job, GLANCE_LIMIT, GLANCE_LIMIT, session, failure);
}

/* Always -1: the next probe finds it, or says again that there is none. */
static int create(struct wait *wait, const struct session_options *options, struct failure *failure)
{
	struct failure refused = {0};
	autofree char *display = database_url_display(wait->job->database);
	if (database_create(wait->job->database, options, &refused) != 0) {
		(void)snprintf(failure->message, sizeof failure->message,
			"there is no such database, and database.create cannot make it: %.380s",
			refused.message);
		return -1;
	}
	(void)snprintf(failure->message, sizeof failure->message,
		"there was no database %s: it was created (database.create)", display);
	failure->verdict = VERDICT_RETRY;
	return -1;
}

static void tell_progress(struct wait *wait, const struct failure *failure)
{
	int64_t now = clock_now();
	bool same = strcmp(wait->told, failure->message) == 0;
	if (same && now - wait->told_at < TELL_AGAIN)
		return;
	(void)snprintf(wait->told, sizeof wait->told, "%s", failure->message);
	wait->told_at = now;
	(void)message_send(wait->channel, MESSAGE_PROGRESS, failure->status, failure->message);
}

/* Once: when its limit is over, that is told by the driver. */
static void tell_hint(void *context, const char *text)
{
	struct wait *wait = context;
	if (!wait->hinted)
		(void)message_send(wait->channel, MESSAGE_PROGRESS, STATUS_UNAVAILABLE, text);
	wait->hinted = true;
}

/* One probe, on the open session where there is one. */
static int probe(struct wait *wait, struct failure *failure)
{
	const struct wait_job *job = wait->job;
	if (job->database == NULL)
		return probe_target(job->target, wait->connect_limit, HANDSHAKE_LIMIT, failure);
	if (wait->session != NULL) {
		if (session_check(wait->session, job->writable, failure) == 0)
			return 0;
		session_close(wait->session);
		wait->session = NULL;
		return -1;
	}
	struct session_options options = {
		.level = job->level,
		.writable = job->writable,
		.connect_limit = wait->connect_limit,
		.handshake_limit = HANDSHAKE_LIMIT,
		.application_name = "tminus",
		.tell = tell_hint,
		.context = wait,
		.meanwhile = {wait->ahead != NULL ? project_read_ahead : NULL, wait->ahead},
	};
	if (open_session(job, &options, &wait->session, failure) == 0)
		return 0;
	if (HAS_DRIVERS && job->create && database_is_missing(failure))
		return create(wait, &options, failure);
	return -1;
}

/* True when it has been refused for longer than the grace, or cannot pass at all. */
static bool is_over(struct wait *wait, const struct failure *failure)
{
	if (failure->verdict == VERDICT_RETRY)
		wait->refused_since = CLOCK_NEVER;
	else if (wait->refused_since == CLOCK_NEVER)
		wait->refused_since = clock_now();
	if (failure->verdict == VERDICT_GRACE)
		return clock_now() - wait->refused_since >= wait->job->grace;
	return failure->verdict == VERDICT_REFUSE;
}

/* Milliseconds until the next probe after a failure. */
static int64_t next_interval(struct wait *wait, const struct failure *failure)
{
	int64_t last = failure->verdict == VERDICT_GRACE ? INTERVAL_REFUSED : INTERVAL_LAST;
	if (failure->starting)
		wait->interval = INTERVAL_FIRST;
	int64_t interval = pause_jitter(&wait->pause, wait->interval);
	wait->interval = smaller(wait->interval + wait->interval / 2, last);
	wait->connect_limit = smaller(wait->connect_limit * 3 / 2, CONNECT_LIMIT_LAST);
	if (failure->verdict == VERDICT_GRACE && wait->job->grace > 0) {
		int64_t left = wait->refused_since + wait->job->grace - clock_now();
		interval = smaller(interval, left > 1 ? left : 1);
	}
	return interval;
}

/* 1 when it is usable and has been for job->stable; 0 when it has to stay so for longer. */
static int is_settled(struct wait *wait)
{
	wait->refused_since = CLOCK_NEVER;
	if (wait->usable_since == CLOCK_NEVER) {
		wait->usable_since = clock_now();
		wait->interval = INTERVAL_FIRST;
		wait->connect_limit = CONNECT_LIMIT_FIRST;
	}
	return clock_now() - wait->usable_since >= wait->job->stable;
}

/* One round: 1 when ready, 0 to go on after *interval, -1 when refused. */
static int round_of(struct wait *wait, int64_t *interval)
{
	struct failure failure = {0};
	if (probe(wait, &failure) == 0) {
		*interval = INTERVAL_STABLE;
		return is_settled(wait);
	}
	wait->usable_since = CLOCK_NEVER;
	tell_progress(wait, &failure);
	if (is_over(wait, &failure)) {
		(void)message_send(wait->channel, MESSAGE_REFUSED, failure.status, failure.message);
		return -1;
	}
	*interval = next_interval(wait, &failure);
	return 0;
}

int wait_for(const struct wait_job *job, int channel, struct project_ahead *ahead,
	struct session **session)
{
	struct wait wait = {
		.job = job,
		.channel = channel,
		.interval = INTERVAL_FIRST,
		.connect_limit = CONNECT_LIMIT_FIRST,
		.usable_since = CLOCK_NEVER,
		.refused_since = CLOCK_NEVER,
		.ahead = ahead,
	};
	int64_t interval = 0;
	int result;
	while ((result = round_of(&wait, &interval)) == 0)
		if (pause_for(channel, interval) != 0) {
			result = -1;
			break;
		}
	if (result > 0) {
		const char *server = wait.session != NULL ? session_server(wait.session) : "";
		(void)message_send(channel, MESSAGE_READY, 0, server);
		*session = wait.session;
		return 0;
	}
	session_close(wait.session);
	*session = NULL;
	return -1;
}

int wait_child(void *context, int channel)
{
	struct session *session = NULL;
	if (wait_for(context, channel, NULL, &session) != 0)
		return STATUS_UNAVAILABLE;
	session_close(session);
	return 0;
}
