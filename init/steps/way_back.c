#include "steps/way_back.h"

#include <stdio.h>
#include <string.h>

#include "database/activity.h"
#include "database/lock.h"
#include "steps/look.h"
#include "steps/pause.h"
#include "steps/record.h"
#include "steps/remains.h"

static bool is_rollable(const struct coordination *all, char *room, size_t size)
{
	const char *from = all->from != NULL ? all->from : "";
	bool moved = !text_equal(from, record_revision(all));
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
	char text[COORDINATION_TEXT];
	struct coordination *all = context;
	struct failure lost = {0};
	(void)snprintf(text, sizeof text, ACTIVITY_LEFT, who);
	coordination_tell(all, 0, text);
	return (all->lock == NULL || lock_beat(all->lock, &lost) == 0) &&
	       pause_for(all->channel, 0) == 0;
}

static int ask_others(struct coordination *all, char *room, size_t size)
{
	char name[WORK_SESSION_SIZE];
	char who[COORDINATION_TEXT / 2];
	struct failure failure = {0};
	const struct activity_ear ear = {tell_left, all};
	(void)work_session_name(all->job->boot_id, name);
	int found = activity_others(*all->session, name, &ear, who, sizeof who, &failure);
	if (found != 0)
		(void)snprintf(room, size, "%s%.300s", found > 0 ? "others are connected: " : "",
			found > 0 ? who : failure.message);
	return found;
}

int way_back_is_free(struct coordination *all, const struct work *work, char *room, size_t size)
{
	struct failure failure = {0};
	if (remains_outlive_own(all, room, size) != 0)
		return 0;
	if (look_again(all, work, &failure) != 0) {
		(void)snprintf(room, size, "%.300s", failure.message);
		return 0;
	}
	if (!record_is_ours(all, work)) {
		(void)snprintf(room, size, "another replica has upgraded meanwhile");
		return 0;
	}
	if (all->job->config->upgrade_on_failure == UPGRADE_ROLLS_BACK &&
		!is_rollable(all, room, size))
		return 0;
	return ask_others(all, room, size) == 0;
}
