#include "run/plan_draft.h"

#include <stdlib.h>

#include "base/memory.h"
#include "steps/files.h"

/* A function of ours in a child, as a step. */
static struct plan_step *add_child(
	struct draft *draft, const char *name, spawn_function *entry, void *context)
{
	struct plan_step *step = draft_step(draft->plan, PLAN_STEP_CHILD, name);
	struct process_kind kind = {
		.name = name,
		.entry = entry,
		.context = context,
		.grace = draft->config->boot_grace,
		.to_group = true,
	};
	(void)draft_row(draft->plan, &kind);
	step->count = 1;
	step->failure_status = STATUS_STEP;
	return step;
}

static void add_dirs(const struct draft *draft, struct files_job *job)
{
	const struct config *config = draft->config;
	job->dirs = memory_zeroed(config->dir_count, sizeof *job->dirs);
	for (size_t i = 0; i < config->dir_count; i++)
		if (!draft_leaves_out(draft, NAMED_DIR, config->dirs[i].name,
			    config->dirs[i].condition))
			job->dirs[job->dir_count++] = &config->dirs[i];
}

void draft_files(struct draft *draft)
{
	struct plan *plan = draft->plan;
	struct files_job *job = memory_zeroed(1, sizeof *job);
	job->folder = draft->config->app_workdir;
	job->owner = draft->config->app_user;
	job->boot_id = plan->boot_id;
	job->environment = plan->environment;
	add_dirs(draft, job);
	if (job->dir_count + job->key_count + job->template_count > 0)
		(void)add_child(draft, "files", files_child, job);
	else
		free(job);
}
