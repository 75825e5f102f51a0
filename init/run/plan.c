#include "run/plan.h"

#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "config/given.h"
#include "config/order.h"
#include "config/show.h"
#include "process/terminal.h"
#include "run/plan_draft.h"

#define STEPS_MOST 15  /* of tminus's own, and the app */
#define WORKS_OWN 5    /* backup, extension, stamp, upgrade, seed */
#define BACKUPS_MOST 2 /* a backup, and a restore */

/* Behind the last command under the lock, so that the others need not wait for the rest. */
static void add_release(struct plan *plan)
{
	size_t last = plan->step_count;
	while (last > 0 && plan->steps[last - 1].work == NO_WORK)
		last--;
	if (last == 0)
		return;
	memmove(&plan->steps[last + 1], &plan->steps[last],
		(plan->step_count - last) * sizeof *plan->steps);
	plan->steps[last] = (struct plan_step){.kind = PLAN_STEP_RELEASE,
		.name = "unlock",
		.first = plan->steps[last - 1].first,
		.work = NO_WORK};
	plan->step_count++;
	plan->keeper_job->wait.writable = true; /* the ledger is written */
}

/* A production database is seeded once; elsewhere each start begins with fresh rows. */
static enum work_when seed_when(const struct config *config)
{
	switch ((enum seed_when)config->seed_when) {
	case SEED_AUTO:
		return config->production ? WORK_ONCE : WORK_ALWAYS;
	case SEED_ONCE:
		return WORK_ONCE;
	case SEED_CHANGED:
		return WORK_CHANGED;
	case SEED_ALWAYS:
	case SEED_NEVER:
		break;
	}
	return WORK_ALWAYS;
}

/* Why nothing is seeded; NULL: it is. */
static const char *seeds_left_out(const struct config *config)
{
	if (config->seed_undo.count + config->seed_all.count == 0)
		return "there is no seed.all";
	if (!config_has_role(config, &config->seed_roles))
		return "seed.roles names others";
	if (config->seed_when == SEED_NEVER)
		return "seed.when = never";
	if (config->upgrade_mode != UPGRADE_WAIT)
		return NULL;
	return config_has_role(config, &config->upgrade_roles)
		       ? "upgrade.mode = wait: who upgrades seeds"
		       : "upgrade.roles names others: who upgrades seeds";
}

/* A command of [seed], which there may be none of. */
static void add_seed(
	struct draft *draft, const char *name, const char *key, const struct list *argv, int work)
{
	const struct config *config = draft->config;
	if (argv->count == 0)
		return;
	draft_command(draft, name, config_command_text(config, "seed", key), argv,
		config->seed_timeout, STATUS_STEP);
	draft->plan->steps[draft->plan->step_count - 1].first->kind.done = &config->seed_ok_exit;
	struct text when = {0};
	text_add_format(&when, "%s%s%s", draft_when(draft, work),
		config->seed_if_empty.count > 0 ? "; where seed.if_empty finds no rows" : "",
		config->seed_unless_file != NULL ? "; unless seed.unless_file is there" : "");
	draft_note_setting(draft, name, "seed", key, when.bytes);
	text_free(&when);
}

static void note_no_undo(const struct draft *draft)
{
	const struct config *config = draft->config;
	if (config->seed_undo.count > 0 || !config->production || config->preset != PRESET_FLASK)
		return;
	draft_note(
		draft, false, "seed undo", NULL, "the environment is %s", config->environment_name);
	log_debug("seed undo is left out: the environment is %s", config->environment_name);
}

static const char *seed_origin(const struct config *config)
{
	return origins_plain(config->origins, "seed", "if")->origin;
}

/* Without a database to coordinate in there is no keeper to ask. */
static bool seed_file_is_there(const struct draft *draft)
{
	const struct config *config = draft->config;
	const char *file = config->seed_unless_file;
	const char *folder = config->app_workdir;
	struct text path = {0};
	if (file == NULL)
		return false;
	text_add_format(&path, "%s%s%s", folder != NULL && file[0] != '/' ? folder : "",
		folder != NULL && file[0] != '/' ? "/" : "", file);
	bool there = access(path.bytes, F_OK) == 0;
	text_free(&path);
	if (there) {
		draft_note(draft, false, WORK_SEED, NULL, "seed.unless_file: %s is there", file);
		log_info("seed: %s is there, nothing to seed", file);
	}
	return there;
}

static void add_seeds(struct draft *draft)
{
	const struct config *config = draft->config;
	const char *left_out = seeds_left_out(config);
	if (left_out != NULL) {
		draft_note(draft, false, WORK_SEED, NULL, "%s", left_out);
		return;
	}
	if (draft_omits(draft, WORK_SEED, seed_origin(config), config->seed_if))
		return;
	int work = draft_work(draft, WORK_SEED, "", seed_when(config));
	if (work == NO_WORK && seed_file_is_there(draft))
		return;
	size_t first = draft->plan->step_count;
	note_no_undo(draft);
	add_seed(draft, "seed undo", "undo", &config->seed_undo, work);
	add_seed(draft, "seed all", "all", &config->seed_all, work);
	draft_join(draft, first, work);
	if (work == NO_WORK)
		return;
	struct work *seed = &draft->plan->works[work];
	draft_digest(seed, &config->seed_all, &config->seed_watch);
	seed->if_empty = &config->seed_if_empty;
	seed->unless_file = config->seed_unless_file;
}

static void add_user_step(struct draft *draft, size_t index)
{
	const struct step_settings *settings = &draft->config->steps[index];
	if (draft_leaves_out(draft, NAMED_STEP, settings->name, settings->origin, &settings->roles,
		    settings->condition))
		return;
	static const enum work_when whens[] = {
		[STEP_ONCE] = WORK_ONCE, [STEP_CHANGED] = WORK_CHANGED};
	int work = settings->when == STEP_ALWAYS
			   ? NO_WORK
			   : draft_work(draft, WORK_STEP, settings->name, whens[settings->when]);
	size_t first = draft->plan->step_count;
	struct plan_step *step =
		settings->remove.count > 0
			? draft_remove(draft, settings)
			: draft_named(draft, NAMED_STEP, index, settings->name, &settings->command);
	draft_note_named(draft, NAMED_STEP, index,
		settings->remove.count > 0 ? "remove" : "command", settings->condition,
		draft_when(draft, work));
	step->first->kind.time_limit = settings->timeout;
	step->first->kind.done = &settings->ok_exit;
	step->continues = settings->on_failure == FAILURE_CONTINUES;
	draft_place(draft, step, settings->workdir, settings->user);
	draft_join(draft, first, work);
	if (work != NO_WORK)
		draft_digest(&draft->plan->works[work],
			settings->remove.count > 0 ? &settings->remove : &settings->command, NULL);
}

static void note_app(const struct draft *draft)
{
	const struct config *config = draft->config;
	if (draft->request->notes == NULL)
		return;
	autofree char *written = config_app_text(config);
	bool of_role = config->role != NULL && config->role->command.count > 0;
	const struct config_request *call = draft->request->call;
	bool given = of_role && call != NULL && call->app_argv != NULL;
	const char *passed_over = given ? call->app_argv[0] : NULL;
	draft_note(draft, true, "app", written, "%s; %s%s%s", config_app_origin(config),
		config->app_mode == APP_EXEC ? "tminus becomes it" : "tminus looks after it",
		passed_over != NULL ? "; in the place of the command line's " : "",
		passed_over != NULL ? passed_over : "");
}

static void add_app(struct draft *draft)
{
	const struct config *config = draft->config;
	struct plan *plan = draft->plan;
	struct process_kind kind = {
		.name = config->app.items[0],
		.command = {.argv = config->app.items,
			.environment = draft_app_environment(draft),
			.identity = plan->identity,
			.workdir = config->app_workdir,
			.terminal = draft->request->terminal},
		.to_group = config->app_signal_to == SIGNAL_TO_GROUP,
	};
	plan->app = draft_row(plan, &kind);
	note_app(draft);
	struct supervised *app = draft_supervise(plan, plan->app);
	draft_restart(app, config->app_restart, config);
}

static void add_ordered(struct draft *draft, const struct ordered_step *step)
{
	switch (step->kind) {
	case ORDERED_WAIT:
		draft_wait(draft);
		break;
	case ORDERED_UPGRADE:
		draft_upgrade(draft);
		break;
	case ORDERED_SEED:
		add_seeds(draft);
		break;
	case ORDERED_STEP:
		add_user_step(draft, step->step);
		break;
	}
}

static void add_boot(struct draft *draft)
{
	draft_files(draft);
	for (size_t i = 0; i < draft->config->order_count; i++)
		add_ordered(draft, &draft->config->order[i]);
	draft_note_switched_off(draft, NAMED_STEP);
}

static void add_run(struct draft *draft)
{
	if (draft->config->unmatched) {
		const char *app = draft->config->app.items[0];
		draft_note(draft, false, "boot", NULL, "no role matches %s", app);
		log_info("no role matches %s: it is run without boot, services and jobs", app);
		add_app(draft);
		return;
	}
	add_boot(draft);
	add_release(draft->plan);
	for (size_t i = 0; i < draft->config->service_count; i++)
		draft_service(draft, i);
	draft_note_switched_off(draft, NAMED_SERVICE);
	add_app(draft);
	for (size_t i = 0; i < draft->config->job_count; i++)
		draft_job(draft, i);
	draft_note_switched_off(draft, NAMED_JOB);
}

static void add_waiting_backup(struct draft *draft)
{
	draft_wait(draft);
	draft_backup(draft, WORK_ALWAYS, WORK_BACKUP);
}

static void add_waiting_restore(struct draft *draft)
{
	draft_wait(draft);
	draft_restore(draft);
}

static void add_waiting_guard(struct draft *draft)
{
	draft_files(draft);
	draft_wait(draft);
	draft_guarded(draft);
}

static void (*const scopes[])(struct draft *draft) = {
	[PLAN_RUN] = add_run,
	[PLAN_BOOT] = add_boot,
	[PLAN_WAIT] = draft_wait,
	[PLAN_BACKUP] = add_waiting_backup,
	[PLAN_RESTORE] = add_waiting_restore,
	[PLAN_GUARD] = add_waiting_guard,
};

/* Does nothing of ours run between the database's answer and the look at the migrations? */
static bool looks_at_once(const struct plan *plan)
{
	for (size_t i = 1; i < plan->step_count; i++)
		if (plan->steps[i].kind == PLAN_STEP_COORDINATE)
			return plan->steps[i - 1].kind == PLAN_STEP_WAIT;
	return false;
}

/* tminus's own children write no lines but through the log; who becomes PID 1 has no child. */
static void add_prefixes(const struct draft *draft)
{
	const struct config *config = draft->config;
	struct plan *plan = draft->plan;
	enum plan_scope scope = draft->request->scope;
	if (config->log_prefix == PREFIX_NONE || (scope != PLAN_RUN && scope != PLAN_BOOT))
		return;
	bool all = config->log_prefix == PREFIX_ALL && config->app_mode != APP_EXEC;
	plan->prefix.json = config->log_format == LOG_JSON;
	plan->prefix.pairs = memory_zeroed(plan->table.count, sizeof *plan->prefix.pairs);
	for (size_t i = 0; i < plan->table.count; i++) {
		struct process *row = &plan->table.rows[i];
		if (row->kind.entry == NULL && (row != plan->app || all))
			prefix_add(&plan->prefix, row, row != plan->app ? row->kind.name : "app");
	}
}

struct plan *plan_new(const struct config *config, const struct plan_request *request)
{
	struct plan *plan = memory_zeroed(1, sizeof *plan);
	struct draft draft = {.config = config, .plan = plan, .request = request};
	size_t beside = config->service_count + config->job_count;
	bool logs_in = config_work_database(config) != NULL;
	size_t waits = config->wait_targets.count + config->service_count +
		       (logs_in ? 2 : 0) /* the keeper, the app's login */;
	size_t most = waits + config->step_count + beside + STEPS_MOST;
	plan->table.rows = memory_zeroed(most, sizeof *plan->table.rows);
	plan->table.terminal = request->terminal;
	plan->table.in_front = terminal_is_ours(request->terminal);
	plan->steps = memory_zeroed(most, sizeof *plan->steps);
	plan->works = memory_zeroed(config->step_count + WORKS_OWN, sizeof *plan->works);
	plan->keeper_job = memory_zeroed(1, sizeof *plan->keeper_job);
	plan->backups = memory_zeroed(BACKUPS_MOST, sizeof *plan->backups);
	plan->services.all = memory_zeroed(beside + 1, sizeof *plan->services.all);
	plan->timed = memory_zeroed(config->job_count, sizeof *plan->timed);
	draft_name_boot(&draft);
	draft_identity(plan, config);
	plan->jobs = memory_zeroed(waits, sizeof *plan->jobs);
	plan->waits = memory_zeroed(waits, sizeof *plan->waits);
	scopes[request->scope](&draft);
	if (request->scope != PLAN_RUN)
		add_release(plan);
	plan->keeper_job->work_count = plan->work_count;
	plan->keeper_job->looks_at_once = looks_at_once(plan);
	add_prefixes(&draft);
	return plan;
}
