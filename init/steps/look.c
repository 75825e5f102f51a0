#include "steps/look.h"

#include <stdio.h>

#include "base/clock.h"
#include "database/lock.h"
#include "steps/ask.h"
#include "steps/wait.h"

#define ASK_AGAIN 2000 /* ms: an interpreter's start is not cheap */

static void beat_once(void *context)
{
	struct coordination *all = context;
	struct failure failure = {0};
	if (all->lock != NULL && lock_is_held(all->lock) && lock_beat(all->lock, &failure) != 0)
		coordination_tell(all, failure.status, failure.message);
}

/* What was killed, for taking longer than upgrade.timeout for one, or not found by its shell. */
static void tell_mute(struct coordination *all, int status)
{
	char text[COORDINATION_TEXT];
	(void)snprintf(text, sizeof text,
		"upgrade.check %s %d, and has said nothing: an upgrade is due, and its own word is "
		"believed",
		status > 128 ? "was ended by signal" : "ended with status",
		status > 128 ? status - 128 : status);
	coordination_tell(all, 0, text);
}

/* Asks the tool whether anything is pending. 0, or -1 when nobody wants to know any more. A command
 * that cannot be run says nothing: then the upgrade runs, and is believed. */
static int ask_tool(struct coordination *all)
{
	struct error error;
	const struct ask_meanwhile meanwhile = {beat_once, all, LOCK_BEAT};
	coordination_disconnect(all); /* the command may need its place */
	int status = ask(all->job->check, all->job->config->upgrade_timeout, all->channel,
		&meanwhile, &error);
	all->asked_at = clock_now();
	if (status < 0)
		return -1;
	if (error.status != 0)
		coordination_tell(all, error.status, error.message);
	else if (status >= STATUS_CANNOT_RUN)
		tell_mute(all, status);
	bool mute = error.status != 0 || status >= STATUS_CANNOT_RUN;
	all->inspection.answer = status == 0 ? TOOL_SAYS_SETTLED
				 : mute	     ? TOOL_SAYS_NOTHING
					     : TOOL_SAYS_PENDING;
	return 0;
}

/* The answer of a moment ago is good enough, unless somebody else has been at work since. */
static int ask_where_needed(struct coordination *all, bool anew)
{
	if (all->job->check == NULL || project_reader(all->job->config) != NULL)
		return 0;
	bool fresh = all->asked_at != 0 && clock_now() - all->asked_at < ASK_AGAIN;
	return fresh && !anew ? 0 : ask_tool(all);
}

int look(struct coordination *all, bool alone)
{
	struct failure failure = {0};
	bool held = all->lock != NULL && lock_is_held(all->lock);
	if (ask_where_needed(all, held && all->blocked_since != CLOCK_NEVER) != 0)
		return -1;
	if (*all->session == NULL && wait_open(&all->job->wait, all->session, &failure) != 0)
		return coordination_survive(all, &failure);
	if (inspect(all->job, *all->session, alone, &all->inspection, &failure) != 0)
		return coordination_survive(all, &failure);
	coordination_unlocked(all);
	return 1;
}

int look_again(struct coordination *all, const struct work *work, struct failure *failure)
{
	if (!work_leaves_migrations(work->kind))
		(void)ask_where_needed(all, true);
	if (coordination_connect(all, failure) != 0)
		return -1;
	int result = inspect(all->job, *all->session, true, &all->inspection, failure);
	return result != 0 && failure->status == STATUS_MIGRATION_STATE ? 0 : result;
}
