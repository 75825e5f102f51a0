#include "run/plan_draft.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/show.h"
#include "config/words.h"
#include "steps/backup.h"

bool plan_misses_backup(const struct config *config)
{
	return config->backup_directory != NULL && config->backup_when != BACKUP_NEVER &&
	       config->upgrade_command.count > 0 && config->upgrade_mode == UPGRADE_RUN &&
	       !config_coordinates(config) && !config->unmatched;
}

/* A function of ours in a child, as a step of work. */
static void add_child(struct draft *draft, const char *name, spawn_function *entry,
	struct backup_job job, int work, int failure_status)
{
	struct plan *plan = draft->plan;
	struct plan_step *step = draft_step(plan, PLAN_STEP_CHILD, name);
	struct backup_job *kept = &plan->backups[plan->backup_count++];
	struct process_kind kind = {
		.name = name,
		.entry = entry,
		.context = kept,
		.time_limit = draft->config->backup_timeout,
		.grace = draft->config->boot_grace,
		.to_group = true,
	};
	*kept = job;
	kept->config = draft->config;
	kept->wait = &plan->keeper_job->wait;
	kept->boot_id = plan->boot_id;
	(void)draft_row(plan, &kind);
	step->count = 1;
	step->failure_status = failure_status;
	draft_join(draft, plan->step_count - 1, work);
}

/* A work that is a run of a job is done when the ledger knows of it: replicas come one by one. */
static int add_own_work(struct draft *draft, const char *kind, enum work_when when)
{
	const char *run = draft->request->job;
	const struct job_settings *job = jobs_of_run(draft->config, run);
	if (job == NULL)
		return draft_work(draft, kind, "", when);
	int work = draft_work(draft, WORK_JOB, job->name, WORK_LATER);
	if (work != NO_WORK)
		(void)snprintf(draft->plan->works[work].digest, SHA256_TEXT, "%s",
			run + strlen(job->name) + 1);
	return work;
}

void draft_backup(struct draft *draft, enum work_when when, const char *reason)
{
	int work = add_own_work(draft, WORK_BACKUP, when);
	if (HAS_DRIVERS && work != NO_WORK)
		add_child(draft, WORK_BACKUP, backup_child, (struct backup_job){.reason = reason},
			work, STATUS_BACKUP);
}

/* A backup is made where a directory is named for it. */
static void add_backup_of_boot(struct draft *draft)
{
	const struct config *config = draft->config;
	bool always = config->backup_when == BACKUP_ALWAYS;
	if (config->backup_directory != NULL && config->backup_when != BACKUP_NEVER)
		draft_backup(
			draft, always ? WORK_ALWAYS : WORK_CHANGES, always ? "boot" : WORK_UPGRADE);
}

void draft_restore(struct draft *draft)
{
	struct backup_job job = draft->request->restore;
	int work = draft_work(draft, WORK_RESTORE, "", WORK_ALWAYS);
	job.reason = WORK_RESTORE;
	if (HAS_DRIVERS && work != NO_WORK)
		add_child(draft, WORK_RESTORE, restore_child, job, work, STATUS_RESTORE);
}

void draft_guarded(struct draft *draft)
{
	const struct config *config = draft->config;
	if (draft->request->backup)
		draft_backup(draft, WORK_ALWAYS, WORK_GUARD);
	int work = add_own_work(draft, WORK_GUARD, WORK_ALWAYS);
	size_t first = draft->plan->step_count;
	const struct job_settings *job = jobs_of_run(config, draft->request->job);
	if (job != NULL && draft->request->call->app_argv[0] == NULL)
		draft_job_command(draft, (size_t)(job - config->jobs), &job->command);
	else
		draft_command(draft, "guard", words_join(config->app.items), &config->app, 0,
			STATUS_STEP);
	draft->plan->steps[first].own_status = true;
	draft_join(draft, first, work);
}

/* MySQL and SQLite cannot roll DDL back: an upgrade that is cut short stays half applied. */
static bool upgrade_finishes(const struct config *config)
{
	if (config->upgrade_stop != UPGRADE_STOP_AUTO)
		return config->upgrade_stop == UPGRADE_STOP_FINISH;
	return config->database != NULL && config->database->kind != DATABASE_POSTGRES;
}

/* "flask db upgrade -d x head" becomes "flask db downgrade -d x" and the revision, which is known
 * when it is needed. */
static void make_downgrade(struct draft *draft, struct list *argv)
{
	const struct list *command = &draft->config->upgrade_command;
	for (size_t i = 0; i < command->count; i++) {
		const char *word = command->items[i];
		if (!text_equal(word, "head") && !text_equal(word, "heads"))
			list_append(argv, text_equal(word, "upgrade") ? "downgrade" : word);
	}
	list_append(argv, "REVISION");
}

/* Its last word lies in the variable's room: the loop, which learns it, allocates nothing. */
static void add_rollback(struct draft *draft)
{
	struct plan *plan = draft->plan;
	const struct config *config = draft->config;
	const struct list *argv = &config->upgrade_rollback;
	bool own = argv->count > 0;
	if (!own) {
		make_downgrade(draft, &plan->downgrade);
		argv = &plan->downgrade;
	}
	char *written =
		own ? config_command_text(config, "upgrade", "rollback") : words_join(argv->items);
	draft_command(draft, "rollback", written, argv, config->upgrade_timeout, STATUS_UPGRADE);
	if (own)
		return;
	free(plan->downgrade.items[argv->count - 1]);
	plan->downgrade.items[argv->count - 1] =
		plan->revision_variable + strlen(REVISION_VARIABLE);
}

/* What is done after a failed upgrade: a step that stands beside the others. */
static void add_way_back(struct draft *draft)
{
	struct plan *plan = draft->plan;
	const struct config *config = draft->config;
	struct backup_job job = {.reason = WORK_RESTORE};
	if (config->upgrade_on_failure == UPGRADE_STOPS)
		return;
	if (config->upgrade_on_failure == UPGRADE_ROLLS_BACK)
		add_rollback(draft);
	else if (HAS_DRIVERS)
		add_child(draft, WORK_RESTORE, restore_child, job, NO_WORK, STATUS_UPGRADE);
	plan->back = plan->steps[--plan->step_count];
	if (plan->back.kind == PLAN_STEP_COMMAND)
		draft_variables(&plan->back, plan->upgrade_variables);
	plan->back.first->kind.finish = true;
}

static void add_upgrade_commands(struct draft *draft)
{
	const struct config *config = draft->config;
	struct plan *plan = draft->plan;
	draft_command(draft, "upgrade", config_command_text(config, "upgrade", "command"),
		&config->upgrade_command, config->upgrade_timeout, STATUS_UPGRADE);
	plan->steps[plan->step_count - 1].first->kind.finish = upgrade_finishes(config);
	if (config->verify_command.count > 0)
		draft_command(draft, "verify", config_command_text(config, "verify", "command"),
			&config->verify_command, config->verify_timeout, STATUS_VERIFY);
}

void draft_upgrade(struct draft *draft)
{
	const struct config *config = draft->config;
	struct plan *plan = draft->plan;
	if (config->upgrade_mode == UPGRADE_OFF || config->upgrade_command.count == 0)
		return;
	if (config->upgrade_mode == UPGRADE_RUN)
		add_backup_of_boot(draft);
	int work = draft_work(draft, WORK_UPGRADE, "", WORK_PENDING);
	size_t first = plan->step_count;
	if (config->upgrade_mode == UPGRADE_WAIT)
		return;
	add_upgrade_commands(draft);
	draft_join(draft, first, work);
	for (size_t i = first; work != NO_WORK && i < plan->step_count; i++)
		draft_variables(&plan->steps[i], plan->upgrade_variables);
	if (work != NO_WORK)
		add_way_back(draft);
}
