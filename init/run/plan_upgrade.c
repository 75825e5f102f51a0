#include "run/plan_draft.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "config/show.h"
#include "config/words.h"
#include "steps/backup.h"

bool plan_misses_backup(const struct config *config)
{
	return config->backup_directory != NULL && config->backup_when != BACKUP_NEVER &&
	       config->upgrade_command.count > 0 && config->upgrade_mode == UPGRADE_RUN &&
	       !config_coordinates(config) && !config->unmatched;
}

/* A child that backs up or restores, as a step of work. */
static void add_child(struct draft *draft, const char *name, spawn_function *entry,
	struct backup_job job, int work, int failure_status)
{
	struct plan *plan = draft->plan;
	struct backup_job *kept = &plan->backups[plan->backup_count++];
	*kept = job;
	kept->config = draft->config;
	kept->wait = &plan->keeper_job->wait;
	kept->boot_id = plan->boot_id;
	struct plan_step *step = draft_child(draft, name, entry, kept, failure_status);
	if (entry == backup_child)
		step->first->kind.time_limit = draft->config->backup_timeout;
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
	bool never = config->backup_when == BACKUP_NEVER;
	if (config->backup_directory == NULL || never) {
		draft_note(draft, false, WORK_BACKUP, NULL, "%s",
			never ? "backup.when = never" : "backup.directory is not set");
		return;
	}
	draft_backup(draft, always ? WORK_ALWAYS : WORK_CHANGES, always ? "boot" : WORK_UPGRADE);
	draft_note(draft, true, WORK_BACKUP, config->backup_directory, "backup.when = %s",
		always ? "always" : "pending, which is before an upgrade that changes something");
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

/* "flask db upgrade -d x head" becomes "flask db downgrade -d x REVISION", or "stamp". */
static void make_command(
	struct draft *draft, const char *verb, const char *revision, struct list *argv)
{
	const struct list *command = &draft->config->upgrade_command;
	for (size_t i = 0; i < command->count; i++) {
		const char *word = command->items[i];
		if (!text_equal(word, "head") && !text_equal(word, "heads"))
			list_append(argv, text_equal(word, "upgrade") ? verb : word);
	}
	list_append(argv, revision);
}

/* Its last word lies in the variable's room: the loop, which learns it, allocates nothing. */
static void add_rollback(struct draft *draft)
{
	struct plan *plan = draft->plan;
	const struct config *config = draft->config;
	const struct list *argv = &config->upgrade_rollback;
	bool own = argv->count > 0;
	if (!own) {
		make_command(draft, "downgrade", "REVISION", &plan->downgrade);
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
	if (config->verify_command.count == 0)
		return;
	draft_command(draft, "verify", config_command_text(config, "verify", "command"),
		&config->verify_command, config->verify_timeout, STATUS_VERIFY);
	draft_note_setting(draft, "verify", "verify", "command", "behind each upgrade");
}

/* Makes the steps from first on the commands of work, as the role that upgrades. */
static void join_upgrade(struct draft *draft, size_t first, int work)
{
	struct plan *plan = draft->plan;
	draft_join(draft, first, work);
	for (size_t i = first; work != NO_WORK && i < plan->step_count; i++)
		draft_variables(&plan->steps[i], plan->upgrade_variables);
}

/* What is missing of database.extensions; with mode = wait only that it is waited for. */
static void add_extensions(struct draft *draft)
{
	const struct config *config = draft->config;
	if (config->database_extensions.count == 0)
		return;
	int work = draft_work(draft, WORK_EXTENSION, "", WORK_MISSING);
	if (config->upgrade_mode == UPGRADE_WAIT || work == NO_WORK)
		return;
	draft_step(draft->plan, PLAN_STEP_KEEPER, WORK_EXTENSION)->work = work;
	autofree char *names = words_join(config->database_extensions.items);
	draft_note(draft, true, WORK_EXTENSION, names, "%s", draft_when(draft, work));
}

static void add_stamp(struct draft *draft)
{
	const struct config *config = draft->config;
	struct plan *plan = draft->plan;
	if (config->unversioned != UNVERSIONED_STAMPS)
		return;
	int work = draft_work(draft, WORK_STAMP, "", WORK_UNVERSIONED);
	size_t first = plan->step_count;
	if (work == NO_WORK)
		return;
	make_command(draft, "stamp", config->stamp, &plan->stamp);
	autofree char *written = words_join(plan->stamp.items);
	draft_command(draft, WORK_STAMP, memory_copy(written), &plan->stamp,
		config->upgrade_timeout, STATUS_UPGRADE);
	plan->steps[first].first->kind.finish = upgrade_finishes(config);
	draft_note(draft, true, WORK_STAMP, written, "%s", draft_when(draft, work));
	join_upgrade(draft, first, work);
}

/* Why there is no upgrade; NULL: there is one, here or in another container. */
static const char *upgrade_left_out(const struct config *config)
{
	if (config->upgrade_mode == UPGRADE_OFF)
		return "upgrade.mode = off";
	if (config->upgrade_command.count == 0)
		return "there is no upgrade.command";
	return NULL;
}

/* The keeper asks it, as whom and where the upgrade would run. */
static void add_check(struct draft *draft, char *const *variables)
{
	struct plan *plan = draft->plan;
	const struct config *config = draft->config;
	struct command *command = memory_zeroed(1, sizeof *command);
	if (config->upgrade_check.count == 0) {
		free(command);
		return;
	}
	*command = (struct command){.argv = config->upgrade_check.items,
		.environment = draft_environment(plan->environment, variables),
		.workdir = config->app_workdir,
		.identity = plan->identity,
		.terminal = -1};
	plan->keeper_job->check = command;
	draft_note_setting(draft, "check", "upgrade", "check", "asked whether anything is pending");
}

void draft_upgrade(struct draft *draft)
{
	const struct config *config = draft->config;
	struct plan *plan = draft->plan;
	const char *left_out = upgrade_left_out(config);
	if (left_out == NULL && config->upgrade_mode == UPGRADE_RUN)
		add_backup_of_boot(draft);
	if (config->upgrade_mode != UPGRADE_OFF)
		add_extensions(draft);
	if (left_out != NULL) {
		draft_note(draft, false, WORK_UPGRADE, NULL, "%s", left_out);
		return;
	}
	if (config->upgrade_mode == UPGRADE_RUN)
		add_stamp(draft);
	int work = draft_work(draft, WORK_UPGRADE, "", WORK_PENDING);
	size_t first = plan->step_count;
	bool runs = config->upgrade_mode == UPGRADE_RUN;
	if (work != NO_WORK)
		add_check(draft, runs ? plan->upgrade_variables : plan->work_variables);
	if (!runs) {
		draft_note(draft, false, WORK_UPGRADE, NULL,
			"%s: boot waits until another container has done it",
			config_has_role(config, &config->upgrade_roles)
				? "upgrade.mode = wait"
				: "upgrade.roles names others");
		return;
	}
	draft_note_setting(draft, WORK_UPGRADE, "upgrade", "command", draft_when(draft, work));
	add_upgrade_commands(draft);
	join_upgrade(draft, first, work);
	if (work != NO_WORK)
		add_way_back(draft);
}
