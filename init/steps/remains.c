#include "steps/remains.h"

#include <stdio.h>

#include "backup/restore.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "database/lock.h"
#include "steps/pause.h"

/* Milliseconds. */
#define SURVIVOR_INTERVAL 200
#define SURVIVORS_LEAVE_WITHIN 10000

const struct ledger_entry *remains_begun(const struct coordination *all)
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
		result = coordination_connect(all, failure);
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

int remains_outlive(struct coordination *all, const struct ledger_entry *begun)
{
	char who[COORDINATION_TEXT / 2];
	char text[COORDINATION_TEXT];
	struct failure failure = {0};
	int found;
	while ((found = ask_survivor(all, begun, who, sizeof who, &failure)) > 0) {
		(void)snprintf(text, sizeof text,
			"what %s began (%s, at %s) is still at work in the database: %s",
			begun->host, begun->kind, begun->at, who);
		coordination_tell(all, STATUS_LOCK, text);
		if (coordination_be_patient(all, text) != 0 ||
			pause_for(all->channel, SURVIVOR_INTERVAL) != 0)
			return -1;
	}
	return found < 0 ? coordination_survive(all, &failure) : 1;
}

int remains_outlive_own(struct coordination *all, char *room, size_t size)
{
	char who[COORDINATION_TEXT / 2];
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

void remains_drop_scratch(struct coordination *all)
{
	struct failure ignored;
	if (coordination_connect(all, &ignored) != 0)
		return;
	autofree char *dropped = restore_drop_scratch(*all->session);
	if (dropped != NULL)
		coordination_tell(all, 0, dropped);
}

char *remains_wreck(const struct coordination *all)
{
	const struct keeper_job *job = all->job;
	autofree char *place = database_url_place(job->wait.database);
	for (size_t i = 0; i < job->work_count; i++)
		if (work_needs_whole(job->works[i].kind))
			return restore_unfinished(all->backups, place);
	return NULL;
}
