#include "run/plan.h"

#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "config/condition.h"
#include "config/order.h"
#include "config/show.h"
#include "steps/keeper.h"

/* The grace of wait children: they hold nothing that needs care. */
#define WAIT_CHILD_GRACE 1000

#define WRITTEN_SIZE 300 /* of a command in messages */

/* A plan while it is being made. */
struct draft {
	const struct config *config;
	struct plan *plan;
	int terminal;
};

static struct process *add_row(struct plan *plan, const struct process_kind *kind)
{
	struct process *row = &plan->table.rows[plan->table.count++];
	*row = (struct process){.kind = *kind, .descriptor = -1};
	return row;
}

static struct plan_step *add_step(struct plan *plan, enum plan_kind kind, const char *name)
{
	struct plan_step *step = &plan->steps[plan->step_count++];
	*step = (struct plan_step){
		.kind = kind, .name = name, .first = &plan->table.rows[plan->table.count]};
	return step;
}

static void add_wait_row(
	struct draft *draft, const struct wait_job *job, spawn_function *entry, char *label)
{
	struct plan *plan = draft->plan;
	plan->jobs[plan->wait_count] = *job;
	plan->waits[plan->wait_count] = (struct wait_state){.label = label};
	struct process_kind kind = {
		.name = label,
		.entry = entry,
		.context = &plan->jobs[plan->wait_count++],
		.grace = WAIT_CHILD_GRACE,
	};
	(void)add_row(plan, &kind);
}

static char *label_of(const struct database_url *url)
{
	struct text label = {0};
	autofree char *display = database_url_display(url);
	text_add_format(&label, "%s (%s)", display, url->origin);
	return text_take(&label);
}

static void add_wait(struct draft *draft)
{
	const struct config *config = draft->config;
	if (config->database == NULL && config->wait_targets.count == 0)
		return;
	struct plan_step *step = add_step(draft->plan, PLAN_STEP_WAIT, "wait");
	struct wait_job job = {
		.grace = config->wait_grace,
		.stable = config->wait_stable,
		.folder = config->app_workdir,
		.instance = config->preset == PRESET_FLASK,
	};
	if (config->database != NULL) {
		job.database = config->database;
		job.level = config->database_level;
		job.writable = config->writable;
		draft->plan->keeper = step->first;
		add_wait_row(draft, &job, keeper_child, label_of(config->database));
	}
	job.writable = false;
	for (size_t i = 0; i < config->wait_targets.count; i++) {
		const struct database_url *url = config->targets[i];
		job.target = config->wait_targets.items[i];
		job.database = url;
		job.level = url == NULL ? WAIT_TCP : config_wait_level(config, url);
		add_wait_row(draft, &job, wait_child,
			url != NULL ? label_of(url) : url_masked(job.target));
	}
	step->count = draft->plan->wait_count;
	step->failure_status = STATUS_UNAVAILABLE;
}

/* Keeps text, cut so that a message has room for what is said of it. */
static const char *keep(struct plan *plan, char *text)
{
	if (strlen(text) > WRITTEN_SIZE)
		memcpy(text + WRITTEN_SIZE - 3, "...", 4);
	list_append_owned(&plan->texts, text);
	return text;
}

/* One command as a step: what differs is given, the rest is the same for all. written is kept. */
static void add_command(struct draft *draft, const char *name, char *written,
	const struct list *argv, int64_t time_limit, int failure_status)
{
	const struct config *config = draft->config;
	struct plan_step *step = add_step(draft->plan, PLAN_STEP_COMMAND, name);
	struct process_kind kind = {
		.name = name,
		.command = {.argv = argv->items,
			.environment = config->environment.items,
			.workdir = config->app_workdir,
			.terminal = draft->terminal},
		.time_limit = time_limit,
		.grace = config->boot_grace,
		.linger = config->app_linger,
		.to_group = true,
	};
	(void)add_row(draft->plan, &kind);
	step->count = 1;
	step->written = keep(draft->plan, written);
	step->failure_status = failure_status;
}

/* MySQL and SQLite cannot roll DDL back: an upgrade that is cut short stays half applied. */
static bool upgrade_finishes(const struct config *config)
{
	if (config->upgrade_stop != UPGRADE_STOP_AUTO)
		return config->upgrade_stop == UPGRADE_STOP_FINISH;
	return config->database != NULL && config->database->kind != DATABASE_POSTGRES;
}

static void add_upgrade(struct draft *draft)
{
	const struct config *config = draft->config;
	if (config->upgrade_mode == UPGRADE_OFF || config->upgrade_command.count == 0)
		return;
	add_command(draft, "upgrade", config_command_text(config, "upgrade", "command"),
		&config->upgrade_command, config->upgrade_timeout, STATUS_UPGRADE);
	draft->plan->table.rows[draft->plan->table.count - 1].kind.finish =
		upgrade_finishes(config);
}

static void add_seeds(struct draft *draft)
{
	const struct config *config = draft->config;
	if (config->seed_when == SEED_NEVER)
		return;
	if (config->seed_undo.count > 0)
		add_command(draft, "seed undo", config_command_text(config, "seed", "undo"),
			&config->seed_undo, config->seed_timeout, STATUS_STEP);
	else if (config->production && config->preset == PRESET_FLASK)
		log_info("seed undo is left out: the environment is %s", config->environment_name);
	if (config->seed_all.count > 0)
		add_command(draft, "seed all", config_command_text(config, "seed", "all"),
			&config->seed_all, config->seed_timeout, STATUS_STEP);
}

static void add_user_step(struct draft *draft, size_t index)
{
	const struct step_settings *settings = &draft->config->steps[index];
	if (!condition_holds(settings->condition, draft->config->environment.items)) {
		log_info("step %s is left out: if = %s does not hold", settings->name,
			settings->condition);
		return;
	}
	struct text name = {0};
	text_add_format(&name, "step %s", settings->name);
	add_command(draft, keep(draft->plan, text_take(&name)),
		config_step_command_text(draft->config, index), &settings->command,
		settings->timeout, STATUS_STEP);
	struct plan_step *step = &draft->plan->steps[draft->plan->step_count - 1];
	step->continues = settings->on_failure == FAILURE_CONTINUES;
	if (settings->workdir != NULL)
		step->first->kind.command.workdir = settings->workdir;
}

static void add_app(struct draft *draft)
{
	const struct config *config = draft->config;
	struct process_kind kind = {
		.name = config->app.items[0],
		.command = {.argv = config->app.items,
			.environment = config->environment.items,
			.workdir = config->app_workdir,
			.terminal = draft->terminal},
		.to_group = config->app_signal_to == SIGNAL_TO_GROUP,
	};
	draft->plan->app = add_row(draft->plan, &kind);
}

static void add_ordered(struct draft *draft, const struct ordered_step *step)
{
	switch (step->kind) {
	case ORDERED_WAIT:
		add_wait(draft);
		break;
	case ORDERED_UPGRADE:
		add_upgrade(draft);
		break;
	case ORDERED_SEED:
		add_seeds(draft);
		break;
	case ORDERED_STEP:
		add_user_step(draft, step->step);
		break;
	}
}

struct plan *plan_new(const struct config *config, enum plan_scope scope, int terminal)
{
	struct plan *plan = memory_zeroed(1, sizeof *plan);
	struct draft draft = {.config = config, .plan = plan, .terminal = terminal};
	size_t waits = config->wait_targets.count + 1;
	size_t most = waits + config->step_count + 4;
	plan->table.rows = memory_zeroed(most, sizeof *plan->table.rows);
	plan->table.terminal = terminal;
	plan->steps = memory_zeroed(most, sizeof *plan->steps);
	plan->jobs = memory_zeroed(waits, sizeof *plan->jobs);
	plan->waits = memory_zeroed(waits, sizeof *plan->waits);
	for (size_t i = 0; i < config->order_count; i++)
		if (scope != PLAN_WAIT || config->order[i].kind == ORDERED_WAIT)
			add_ordered(&draft, &config->order[i]);
	if (scope == PLAN_RUN)
		add_app(&draft);
	return plan;
}
