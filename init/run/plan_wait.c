#include "run/plan_draft.h"

#include <limits.h>
#include <unistd.h>

#include "base/memory.h"
#include "config/value.h"
#include "steps/keeper.h"

static void add_keeper(struct draft *draft, const struct wait_job *job, char *label)
{
	struct plan *plan = draft->plan;
	*plan->keeper_job = (struct keeper_job){
		.wait = *job,
		.config = draft->config,
		.works = plan->works,
		.boot_id = plan->boot_id,
	};
	plan->keeper = &plan->table.rows[plan->table.count];
	draft_wait_row(draft, keeper_child, plan->keeper_job, label);
}

static char *label_of(const struct database_url *url)
{
	struct text label = {0};
	autofree char *display = database_url_display(url);
	text_add_format(&label, "%s (%s)", display, url->origin);
	return text_take(&label);
}

/* app.workdir, so that it can be entered more than once; NULL for none. */
static const char *absolute_folder(struct draft *draft)
{
	const char *folder = draft->config->app_workdir;
	char here[PATH_MAX];
	if (folder == NULL || folder[0] == '/' || getcwd(here, sizeof here) == NULL)
		return folder;
	struct text path = {0};
	text_add_format(&path, "%s/%s", here, folder);
	char *absolute = text_take(&path);
	list_append_owned(&draft->plan->texts, absolute);
	return absolute;
}

static void add_login_row(struct draft *draft, struct wait_job job)
{
	struct plan *plan = draft->plan;
	struct wait_job *kept = &plan->jobs[draft->config->wait_targets.count + plan->wait_count];
	*kept = job;
	draft_wait_row(draft, wait_child, kept, label_of(job.database));
}

/* Where the upgrade has a role of its own, the app's must be able to log in as well. */
static void add_app_login(struct draft *draft, struct wait_job job)
{
	const struct config *config = draft->config;
	job.database = config->database;
	job.level = config->database_level;
	add_login_row(draft, job);
}

/* Without a driver there is nothing to keep: a wait child says what is missing. */
static void add_database_row(struct draft *draft, const struct wait_job *job)
{
	if (HAS_DRIVERS)
		add_keeper(draft, job, label_of(job->database));
	else
		add_login_row(draft, *job);
}

static void note_waits(const struct draft *draft, const struct plan_step *step)
{
	char room[VALUE_TEXT_SIZE];
	int64_t limit = draft->config->wait_timeout;
	for (size_t i = 0; i < step->count; i++)
		draft_note(draft, true, "wait", step->waits[i].label, "until it can be used%s%s",
			limit > 0 ? ", for at most " : "",
			limit > 0 ? value_duration_text(limit, room, sizeof room) : "");
}

void draft_wait(struct draft *draft)
{
	const struct config *config = draft->config;
	if (config->database == NULL && config->wait_targets.count == 0) {
		draft_note(draft, false, "wait", NULL,
			"there is no database (DATABASE_URL) and no wait.targets");
		return;
	}
	struct plan_step *step = draft_step(draft->plan, PLAN_STEP_WAIT, "wait");
	struct wait_job job = {
		.grace = config->wait_grace,
		.stable = config->wait_stable,
		.folder = absolute_folder(draft),
		.instance = config->preset == PRESET_FLASK,
	};
	const struct database_url *work = config_work_database(config);
	if (work != NULL) {
		job.database = work;
		job.level = config_wait_level(config, work);
		job.writable = config->writable;
		job.create = config->database_create;
		add_database_row(draft, &job);
	}
	job.writable = false;
	job.create = false;
	if (config->upgrade_database != NULL && config->database != NULL)
		add_app_login(draft, job);
	for (size_t i = 0; i < config->wait_targets.count; i++) {
		const struct database_url *url = config->targets[i];
		job.target = config->wait_targets.items[i];
		job.database = url;
		job.level = url == NULL ? WAIT_TCP : config_wait_level(config, url);
		draft->plan->jobs[i] = job;
		draft_wait_row(draft, wait_child, &draft->plan->jobs[i],
			url != NULL ? label_of(url) : url_masked(job.target));
	}
	step->waits = draft->plan->waits;
	step->count = draft->plan->wait_count;
	step->failure_status = STATUS_UNAVAILABLE;
	note_waits(draft, step);
}

/* The app waits until the service can be used, as boot waits for targets. */
void draft_ready(struct draft *draft, const char *target)
{
	struct plan *plan = draft->plan;
	struct plan_step *step = draft_step(plan, PLAN_STEP_WAIT, "wait");
	struct wait_job *job = &plan->jobs[plan->wait_count];
	*job = (struct wait_job){
		.target = target, .level = WAIT_TCP, .grace = draft->config->wait_grace};
	step->waits = &plan->waits[plan->wait_count];
	step->count = 1;
	step->failure_status = STATUS_UNAVAILABLE;
	draft_wait_row(draft, wait_child, job, url_masked(target));
}
