/* check: what a start would do now. Reads everything, changes nothing. */
#include <stdio.h>
#include <unistd.h>

#include "backup/store.h"
#include "base/memory.h"
#include "base/text.h"
#include "commands/commands.h"
#include "config/json.h"
#include "database/create.h"
#include "process/exec.h"
#include "process/signals.h"
#include "run/plan.h"
#include "steps/inspect.h"

#define TEXT_SIZE 600
#define NAMES_SIZE 8192 /* of all works that there can be */

/* What is reported, in its order; a value of NULL is not known. */
struct fact {
	const char *name;
	char *value;
};

struct check {
	const struct config *config;
	const struct plan *plan;
	struct inspection inspection;
	struct fact facts[16];
	size_t fact_count;
	struct error store; /* why no backup can be made in backup.directory; its status is 0 where
			       one can */
	int status;	    /* what a start would end with before its app; 0: it would not */
};

static void add_fact(struct check *check, const char *name, const char *value)
{
	struct fact *fact = &check->facts[check->fact_count++];
	fact->name = name;
	fact->value = value != NULL ? memory_copy(value) : NULL;
}

static void add_words(struct check *check, const char *name, const struct list *words)
{
	struct text text = {0};
	for (size_t i = 0; i < words->count; i++)
		text_add_format(&text, "%s%s", i > 0 ? " " : "", words->items[i]);
	add_fact(check, name, text.bytes);
	text_free(&text);
}

/* What a start would find before its upgrade. */
static void check_backup(struct check *check)
{
	for (size_t i = 0; i < check->plan->work_count; i++)
		if (text_equal(check->plan->works[i].kind, WORK_BACKUP) &&
			(check->inspection.due & work_bit(i)) != 0 && check->store.status != 0) {
			add_fact(check, "refused", check->store.message);
			check->status = check->store.status;
		}
}

static void add_due(struct check *check)
{
	char names[NAMES_SIZE];
	struct text text = {0};
	text_add(&text, work_names(check->plan->works, check->plan->work_count,
				check->inspection.due, names, sizeof names));
	if (check->config->upgrade_mode == UPGRADE_WAIT &&
		work_kind_is_due(check->plan->works, check->plan->work_count, check->inspection.due,
			WORK_UPGRADE))
		text_add(&text, " (the upgrade by another container: upgrade.mode = wait)");
	add_fact(check, "due", text.length > 0 ? text.bytes : "nothing");
	text_free(&text);
}

static void add_state(struct check *check)
{
	char room[TEXT_SIZE];
	const struct inspection *inspection = &check->inspection;
	add_fact(check, "migrations", inspection_text(inspection, room, sizeof room));
	add_fact(check, "current", inspection->revision);
	const struct ledger_entry *last = ledger_find(&inspection->ledger, WORK_UPGRADE, "");
	if (last != NULL && !ledger_is(last, LEDGER_FINISHED)) {
		(void)snprintf(room, sizeof room, "upgrade %s at %s by %s (boot %s)", last->state,
			last->at, last->host, last->boot);
		add_fact(check, "last", room);
	}
	if (inspection->finding.heads.count > 0)
		add_words(check, "head", &inspection->finding.heads);
}

/* Migrations are looked for where the commands run. */
static int enter_folder(const struct wait_job *wait, struct failure *failure)
{
	if (wait->folder == NULL || chdir(wait->folder) == 0)
		return 0;
	(void)snprintf(failure->message, sizeof failure->message,
		"app.workdir = %s cannot be entered", wait->folder);
	failure->status = STATUS_CONFIG;
	return -1;
}

/* There is no database of this name: a start would make it, and do all of its work. */
static void add_creation(struct check *check)
{
	for (size_t i = 0; i < check->plan->work_count; i++)
		if (!text_equal(check->plan->works[i].kind, WORK_BACKUP))
			check->inspection.due |= work_bit(i);
	add_fact(check, "migrations",
		"there is no such database: it would be created (database.create)");
	add_due(check);
}

static void read_database(struct check *check)
{
	struct keeper_job *job = check->plan->keeper_job;
	struct failure failure = {0};
	struct session *session = NULL;
	struct text text = {0};
	job->wait.writable = false;
	int result = wait_open(&job->wait, &session, &failure);
	autofree char *display = database_url_display(job->wait.database);
	text_add_format(&text, "%s%s%s", display, session != NULL ? ", " : "",
		session != NULL ? session_server(session) : "");
	add_fact(check, "database", text.bytes);
	text_free(&text);
	if (session != NULL && result == 0)
		result = enter_folder(&job->wait, &failure);
	if (session != NULL && result == 0) {
		result = inspect(job, session, true, &check->inspection, &failure);
		if (result == 0 || failure.status == STATUS_MIGRATION_STATE)
			add_state(check);
		if (result == 0) {
			add_due(check);
			check_backup(check);
		}
	}
	if (result != 0 && job->wait.create && database_is_missing(&failure)) {
		add_creation(check);
	} else if (result != 0) {
		add_fact(check, "refused", failure.message);
		check->status = failure.status;
	}
	session_close(session);
}

static void look_for_app(struct check *check)
{
	struct error error = {0};
	const struct config *config = check->config;
	if (config->app.count == 0)
		return;
	bool found = config->step_count > 0 ||
		     exec_look(config->app.items[0], config->environment.items, &error) == 0;
	add_fact(check, "app", found ? config->app.items[0] : error.message);
	if (!found && check->status == 0)
		check->status = error.status;
}

/* A plan of the whole run, because the app and what is beside it have users of their own. */
static void try_identities(struct check *check, const struct config_request *call)
{
	const struct config *config = check->config;
	struct error error = {0};
	unsigned lacks = 0;
	const struct plan_request request = {.scope = config->app.count > 0 ? PLAN_RUN : PLAN_BOOT,
		.terminal = -1,
		.call = call};
	bool possible = plan_rehearse(plan_new(config, &request), &lacks, &error) == 0;
	struct text warning = {0};
	for (const char *lack; (lack = plan_next_lack(&lacks)) != NULL;)
		text_add_format(&warning, "%s%s", warning.length > 0 ? ". " : "", lack);
	if (warning.length > 0)
		add_fact(check, "warning", warning.bytes);
	text_free(&warning);
	if (possible || check->status != 0)
		return;
	add_fact(check, "refused", error.message);
	check->status = error.status;
}

/* --- showing --------------------------------------------------------------------------------- */

static const char *shown(const char *value, const char *otherwise)
{
	return value != NULL && value[0] != '\0' ? value : otherwise;
}

static void show_text(const struct check *check, bool history)
{
	const struct ledger *ledger = &check->inspection.ledger;
	for (size_t i = 0; i < check->fact_count; i++)
		(void)printf(
			"%-11s %s\n", check->facts[i].name, shown(check->facts[i].value, "none"));
	if (!history)
		return;
	(void)printf("\n%-21s %-8s %-12s %-9s %-14s %-14s %s\n", "AT", "WORK", "NAME", "STATE",
		"FROM", "TO", "BY");
	for (size_t i = 0; i < ledger->count; i++) {
		const struct ledger_entry *at = &ledger->entries[i];
		(void)printf("%-21s %-8s %-12s %-9s %-14s %-14s %s on %s\n", at->at, at->kind,
			shown(at->name, "-"), at->state, shown(at->from, "-"), shown(at->to, "-"),
			at->boot, at->host);
	}
}

static void show_entry(const struct ledger_entry *entry)
{
	const struct fact fields[] = {{"at", entry->at}, {"kind", entry->kind},
		{"name", entry->name}, {"state", entry->state}, {"from", entry->from},
		{"to", entry->to}, {"boot", entry->boot}, {"host", entry->host}};
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		(void)printf("%s\"%s\": ", i > 0 ? ", " : "{", fields[i].name);
		json_string(stdout, fields[i].value);
	}
	(void)fputs("}", stdout);
}

static void show_json(const struct check *check, bool history)
{
	const struct ledger *ledger = &check->inspection.ledger;
	(void)printf("{\n\"status\": %d", check->status);
	for (size_t i = 0; i < check->fact_count; i++) {
		(void)printf(",\n\"%s\": ", check->facts[i].name);
		json_string(stdout, check->facts[i].value);
	}
	if (history)
		(void)fputs(",\n\"history\": [", stdout);
	for (size_t i = 0; history && i < ledger->count; i++) {
		(void)fputs(i > 0 ? ",\n  " : "\n  ", stdout);
		show_entry(&ledger->entries[i]);
	}
	(void)fputs(history ? "\n]\n}\n" : "\n}\n", stdout);
}

int command_check(struct command_line *line)
{
	const struct plan_request request = {.scope = PLAN_BOOT, .terminal = -1};
	bool history = (line->options & OPTION_HISTORY) != 0;
	line->request.waits = true;
	signals_unblock();
	struct config *config = commands_load(line);
	if (config == NULL)
		return STATUS_CONFIG;
	struct check check = {.config = config, .plan = plan_new(config, &request)};
	add_fact(&check, "settings", config->file != NULL ? config->file : "no tminus.ini");
	add_fact(&check, "environment", config->environment_name);
	if (config->role_count > 0)
		add_fact(&check, "role",
			config->role != NULL ? config->role->name
			: config->unmatched  ? "none matches: the app runs without boot"
					     : NULL);
	/* Before the folder of the commands is entered: a relative path begins here. */
	(void)store_check(config->backup_directory, config->backup_ephemeral, &check.store);
	if (HAS_DRIVERS && check.plan->keeper != NULL)
		read_database(&check);
	else if (config->database == NULL)
		add_fact(&check, "database", NULL);
	if (check.status == 0 && plan_misses_backup(config)) {
		add_fact(&check, "refused", PLAN_MISSES_BACKUP);
		check.status = STATUS_CONFIG;
	}
	look_for_app(&check);
	try_identities(&check, &line->request);
	if ((line->options & OPTION_JSON) != 0)
		show_json(&check, history);
	else
		show_text(&check, history);
	int written = commands_flush();
	return written != 0 ? written : check.status;
}
