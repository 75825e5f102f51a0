#include "run/plan_draft.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "config/variables.h"
#include "steps/files.h"

#define WHERE_DIFFERENT "at every start, where it is not so already"

static void add_dirs(struct draft *draft, struct files_job *job)
{
	const struct config *config = draft->config;
	job->dirs = memory_zeroed(config->dir_count, sizeof(struct dir_settings *));
	for (size_t i = 0; i < config->dir_count; i++) {
		const struct dir_settings *dir = &config->dirs[i];
		if (draft_leaves_out(
			    draft, NAMED_DIR, dir->name, dir->origin, &dir->roles, dir->condition))
			continue;
		draft_note_named(draft, NAMED_DIR, i, "owner", dir->condition, WHERE_DIFFERENT);
		job->dirs[job->dir_count++] = dir;
	}
}

static void add_templates(struct draft *draft, struct files_job *job)
{
	const struct config *config = draft->config;
	job->templates = memory_zeroed(config->template_count, sizeof(struct template_settings *));
	for (size_t i = 0; i < config->template_count; i++) {
		const struct template_settings *template = &config->templates[i];
		if (draft_leaves_out(draft, NAMED_TEMPLATE, template->name, template->origin,
			    &template->roles, template->condition))
			continue;
		draft_note_named(
			draft, NAMED_TEMPLATE, i, "from", template->condition, WHERE_DIFFERENT);
		job->templates[job->template_count++] = template;
	}
}

/* One that is set already is nothing of ours: its file is not looked at. */
static void add_key(const struct draft *draft, size_t index)
{
	struct plan *plan = draft->plan;
	const struct key_settings *settings = &draft->config->keys[index];
	if (variable_filled(plan->environment, settings->name) != NULL) {
		draft_note_no(
			draft, NAMED_KEY, settings->name, settings->origin, "it is set already");
		return;
	}
	draft_note_named(draft, NAMED_KEY, index, "file", NULL, "made once");
	struct files_key *key = &plan->keys[plan->key_count++];
	key->settings = settings;
	key->variable = memory_zeroed(1, FILES_KEY_SIZE);
	(void)snprintf(key->variable, FILES_KEY_SIZE, "%s=", settings->name);
}

/* Their values come later, into the room that all environments share. */
static void add_keys(const struct draft *draft, struct files_job *job)
{
	struct plan *plan = draft->plan;
	const struct config *config = draft->config;
	plan->keys = memory_zeroed(config->key_count, sizeof *plan->keys);
	for (size_t i = 0; i < config->key_count; i++)
		add_key(draft, i);
	autofree char **variables = memory_zeroed(plan->key_count + 1, sizeof *variables);
	for (size_t i = 0; i < plan->key_count; i++)
		variables[i] = plan->keys[i].variable;
	if (plan->key_count > 0)
		plan->environment = draft_environment(plan->environment, variables);
	job->keys = plan->keys;
	job->key_count = plan->key_count;
}

void draft_files(struct draft *draft)
{
	struct plan *plan = draft->plan;
	struct files_job *job = memory_zeroed(1, sizeof *job);
	job->config = draft->config;
	job->boot_id = plan->boot_id;
	bool guard = draft->request->scope == PLAN_GUARD;
	if (!guard)
		add_dirs(draft, job);
	add_keys(draft, job);
	job->environment = plan->environment;
	if (!guard)
		add_templates(draft, job);
	if (job->dir_count + job->key_count + job->template_count == 0) {
		free(job);
		return;
	}
	(void)draft_child(draft, "files", files_child, job, STATUS_STEP);
	plan->files = job;
}

/* It has what a command has: an identity and a folder. */
struct plan_step *draft_remove(struct draft *draft, const struct step_settings *settings)
{
	struct remove_job *job = memory_zeroed(1, sizeof *job);
	struct plan_step *step = draft_child(draft, draft_name(draft, NAMED_STEP, settings->name),
		remove_child, job, STATUS_STEP);
	struct command *command = &step->first->kind.command;
	command->identity = draft->plan->identity;
	command->workdir = draft->config->app_workdir;
	job->files = &settings->remove;
	job->place = command;
	return step;
}
