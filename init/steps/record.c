#include "steps/record.h"

#include <stdio.h>

#include "base/memory.h"
#include "base/text.h"
#include "steps/look.h"
#include "steps/precondition.h"

#define REASON_SIZE 360

struct ledger_entry *record_add(
	struct coordination *all, const struct work *work, const char *state)
{
	struct ledger_entry *entry = ledger_add(
		&all->inspection.ledger, work->kind, work->name, state, all->job->boot_id);
	ledger_set(&entry->digest, work->digest);
	ledger_set(&entry->host, all->host);
	return entry;
}

const char *record_revision(const struct coordination *all)
{
	return all->inspection.revision != NULL ? all->inspection.revision : "";
}

int record_write(struct coordination *all, struct failure *failure)
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
	struct ledger *ledger = &all->inspection.ledger;
	for (size_t i = 0; i < ledger->count; i++) {
		struct ledger_entry *entry = &ledger->entries[i];
		if (work_is_asked_for(entry->kind) && ledger_is(entry, LEDGER_BEGUN) &&
			text_equal(entry->boot, all->spared))
			ledger_set(&entry->state, LEDGER_FAILED);
	}
}

int record_begin(
	struct coordination *all, const struct work *work, char *reason, struct failure *failure)
{
	if (coordination_connect(all, failure) != 0)
		return -1;
	int passed = precondition_ask(work, *all->session, all->job->config->database_schema,
		reason, COORDINATION_TEXT, failure);
	if (passed < 0)
		return -1;
	if (passed == 0 && reason[0] != '\0')
		coordination_tell(all, 0, reason);
	if (passed == 0)
		reason[0] = '\0';
	end_outlived(all);
	ledger_set(&all->from, record_revision(all));
	all->unversioned = all->inspection.finding.kind == FINDING_UNVERSIONED;
	struct ledger_entry *entry =
		record_add(all, work, passed > 0 ? LEDGER_PASSED : LEDGER_BEGUN);
	ledger_set(&entry->from, all->from);
	if (passed > 0)
		ledger_set(&entry->to, all->from);
	int result = record_write(all, failure);
	/* The schema of the search path is not there yet: the upgrade may well be what makes it. */
	return result != 0 && text_equal(failure->code, NO_SCHEMA) ? 0 : result;
}

bool record_is_ours(const struct coordination *all, const struct work *work)
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
	struct ledger_entry *entry = record_add(all, work, well ? LEDGER_FINISHED : LEDGER_FAILED);
	ledger_set(&entry->from, from);
	ledger_set(&entry->to, record_revision(all));
	if (!well || !text_equal(work->kind, WORK_UPGRADE) ||
		all->inspection.finding.kind != FINDING_AT_HEAD || all->inspection.trusted ||
		text_equal(from, record_revision(all)))
		return;
	const struct work trust = {.kind = INSPECT_TRUST, .name = ""};
	ledger_set(&record_add(all, &trust, LEDGER_FINISHED)->digest, all->inspection.trust);
}

int record_end(
	struct coordination *all, const struct work *work, bool well, struct failure *failure)
{
	if (look_again(all, work, failure) != 0)
		return -1;
	bool older = all->went_back || text_equal(work->kind, WORK_RESTORE);
	if (!older && !record_is_ours(all, work)) {
		*failure = (struct failure){.verdict = VERDICT_REFUSE, .status = STATUS_LOCK};
		(void)snprintf(failure->message, sizeof failure->message,
			"the lock was lost, and another replica has begun the %s meanwhile",
			work->kind);
		return -1;
	}
	all->refuted = well && text_equal(work->kind, WORK_UPGRADE) &&
		       all->inspection.finding.kind == FINDING_PENDING;
	add_ending(all, work, well && !all->refuted);
	return record_write(all, failure);
}

void record_doubt(
	const struct coordination *all, const struct work *work, bool well, char *room, size_t size)
{
	char state[COORDINATION_TEXT / 2];
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
			project_reader(all->job->config) != NULL ? "With upgrade.trust = tool"
								 : "Without upgrade.check");
}
