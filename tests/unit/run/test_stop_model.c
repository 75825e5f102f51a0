/* The stop, against a model of it: an app, up to three beside it of every kind, and every order in
 * which they can end, be told to stop and be out of time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../init/run/run.c" /* NOLINT(bugprone-suspicious-include) */
#include "world.h"

#define MOST 4
#define STOPS 2

enum kind { APP, ESSENTIAL, OPTIONAL, WORKER, JOB, STRANGER, KINDS };

/* How a row is called, and what is set for it besides its command. */
static const struct {
	const char *section, *name, *set;
} settings[KINDS] = {
	[ESSENTIAL] = {"service", "essential", "essential=yes"},
	[OPTIONAL] = {"service", "optional", "essential=no"},
	[WORKER] = {"service", "worker", "restart=always"},
	[JOB] = {"job", "job", "schedule=@yearly"},
};

/* --- the model ------------------------------------------------------------------------------- */

struct model {
	enum kind kinds[MOST]; /* the first is the app */
	bool alive[MOST];
	bool resting[MOST]; /* it has ended and would come back */
	size_t count;
	enum run_state state;
	int status;
	bool decided, timed; /* the status is a service's; the state has an end */
	bool grace;	     /* there is an app.grace */
};

static bool any(const struct model *model, bool strangers)
{
	for (size_t i = 0; i < model->count; i++)
		if ((model->alive[i] || model->resting[i]) &&
			(strangers || model->kinds[i] != STRANGER))
			return true;
	return false;
}

/* The app and what is beside it are gone. */
static void model_leave(struct model *model)
{
	model->state = any(model, true) ? RUN_LINGERING : RUN_DONE;
	model->timed = true;
}

static void model_stop(struct model *model, bool own)
{
	if (model->state == RUN_APP) {
		model->timed = own || model->grace;
		memset(model->resting, 0, sizeof model->resting);
		model->state = RUN_STOPPING;
	}
	if (model->state == RUN_STOPPING && !any(model, false))
		model_leave(model);
}

static void model_exit(struct model *model, size_t i)
{
	enum kind kind = model->kinds[i];
	model->alive[i] = false;
	if (kind == APP && !model->decided)
		model->status = (int)i + 1;
	if (kind == ESSENTIAL && model->state == RUN_APP) {
		model->status = (int)i + 1;
		model->decided = true;
	}
	model->resting[i] = kind == WORKER && model->state == RUN_APP;
	if (model->state == RUN_APP && (kind == APP || kind == ESSENTIAL)) {
		bool others = any(model, false);
		model_stop(model, true);
		assert_true(others || model->state != RUN_STOPPING);
	}
	if (model->state == RUN_STOPPING && !any(model, false))
		model_leave(model);
	if (model->state >= RUN_LINGERING && !any(model, true))
		model->state = RUN_DONE;
}

static void model_deadline(struct model *model)
{
	if (!model->timed)
		return;
	model->state = model->state == RUN_STOPPING    ? RUN_LINGERING
		       : model->state == RUN_LINGERING ? RUN_KILLING
						       : RUN_DONE;
}

/* --- the real one ---------------------------------------------------------------------------- */

/* Everything that an event changes. */
struct snapshot {
	struct model model;
	struct process rows[WORLD_ROWS];
	struct supervised supervised[WORLD_ROWS];
	int signalled[WORLD_PIDS];
	int to_all;
	size_t strangers;
	struct run run;
};

static struct model model;
static struct process *rows[MOST]; /* NULL: a stranger */
static unsigned long long states_seen;

static void take(struct snapshot *kept)
{
	const struct plan *plan = world.run.plan;
	kept->model = model;
	kept->run = world.run;
	kept->strangers = world.strangers;
	kept->to_all = world.to_all;
	memcpy(kept->signalled, world.signalled, sizeof kept->signalled);
	memcpy(kept->rows, plan->table.rows, plan->table.count * sizeof *kept->rows);
	memcpy(kept->supervised, plan->services.all,
		plan->services.count * sizeof *kept->supervised);
}

static void put_back(const struct snapshot *kept)
{
	model = kept->model;
	world.run = kept->run;
	world.strangers = kept->strangers;
	world.to_all = kept->to_all;
	memcpy(world.signalled, kept->signalled, sizeof kept->signalled);
	const struct plan *plan = world.run.plan;
	memcpy(plan->table.rows, kept->rows, plan->table.count * sizeof *kept->rows);
	memcpy(plan->services.all, kept->supervised,
		plan->services.count * sizeof *kept->supervised);
}

static int signal_of(size_t i)
{
	return world.signalled[rows[i]->pid - WORLD_FIRST_PID];
}

static void compare(const char *event)
{
	states_seen++;
	if (world.run.state != model.state)
		fail_msg("%s: state %d instead of %d", event, world.run.state, model.state);
	if (model.state == RUN_DONE)
		assert_int_equal(world.run.status, model.status);
	for (size_t i = 0; i < model.count; i++)
		if (rows[i] != NULL && model.alive[i] && model.state == RUN_STOPPING)
			assert_int_equal(signal_of(i), SIGTERM);
	assert_int_equal(world.to_all, model.state == RUN_LINGERING  ? SIGTERM
				       : model.state == RUN_KILLING  ? SIGKILL
				       : model.state < RUN_LINGERING ? 0
								     : world.to_all);
}

static void explore(int stops);

static void after(const struct snapshot *before, int stops, const char *event)
{
	compare(event);
	if (model.state != RUN_DONE)
		explore(stops);
	put_back(before);
}

static void explore(int stops)
{
	struct snapshot before;
	take(&before);
	for (size_t i = 0; i < model.count; i++) {
		if (!model.alive[i])
			continue;
		model_exit(&model, i);
		world.strangers -= rows[i] == NULL;
		world.exited = rows[i] != NULL ? rows[i]->pid : 1;
		world.status = (int)(i + 1) << 8;
		world_turn();
		after(&before, stops, "an exit");
	}
	if (stops > 0) {
		model_stop(&model, false);
		on_signal(&world.run, &(struct arrival){.number = SIGTERM});
		world_turn();
		after(&before, stops - 1, "a stop");
	}
	if (model.state != RUN_APP && model.timed) {
		model_deadline(&model);
		world_hurry(&world.run.deadline);
		world_turn();
		after(&before, stops, "time over");
	}
	if (!model.timed)
		assert_true(world.run.deadline == CLOCK_NEVER);
}

static struct process *row_named(enum kind kind, size_t number)
{
	char name[32];
	const struct services *services = &world.run.plan->services;
	(void)snprintf(
		name, sizeof name, "%s %s%zu", settings[kind].section, settings[kind].name, number);
	for (size_t i = 0; i < services->count; i++)
		if (text_equal(services->all[i].process->kind.name, name))
			return services->all[i].process;
	fail_msg("no row %s", name);
	return NULL;
}

/* The app runs, and those beside it. */
static void start(const enum kind *kinds, size_t count)
{
	const struct services *services = &world.run.plan->services;
	world_begin();
	world.confirms = true;
	for (size_t i = 0; i < services->count; i++)
		services->all[i].with_app = false;
	model = (struct model){.state = RUN_APP,
		.count = count,
		.timed = false,
		.grace = world.run.config->app_grace > 0};
	for (size_t i = 0; i < count; i++) {
		model.kinds[i] = kinds[i];
		model.alive[i] = true;
		rows[i] = kinds[i] == APP	 ? world.run.plan->app
			  : kinds[i] == STRANGER ? NULL
						 : row_named(kinds[i], i);
		if (rows[i] == NULL)
			world.strangers++;
		else if (kinds[i] != APP)
			process_start(&world.run.plan->table, rows[i]);
		world_turn();
	}
	compare("the start");
}

/* Every choice of count kinds, in order: which of two alike is first makes no difference. */
static void choose(enum kind *kinds, size_t chosen, size_t count)
{
	if (chosen == count) {
		start(kinds, count);
		explore(STOPS);
		world_end();
		return;
	}
	enum kind first = chosen == 1 ? ESSENTIAL : kinds[chosen - 1];
	for (enum kind kind = first; kind < KINDS; kind++) {
		kinds[chosen] = kind;
		choose(kinds, chosen + 1, count);
	}
}

static void check_all(int64_t grace)
{
	enum kind kinds[MOST] = {APP};
	((struct config *)(uintptr_t)world.run.config)->app_grace = grace;
	states_seen = 0;
	for (size_t count = 1; count <= MOST; count++)
		choose(kinds, 1, count);
	assert_true(states_seen > 100000);
}

static void a_stop_with_a_grace_does_what_the_model_says(void **state)
{
	(void)state;
	check_all(5000);
}

static void a_stop_without_a_grace_does_what_the_model_says(void **state)
{
	(void)state;
	check_all(0);
}

static void set(struct list *list, enum kind kind, int number, const char *what)
{
	struct text line = {0};
	text_add_format(
		&line, "%s.%s%d.%s", settings[kind].section, settings[kind].name, number, what);
	list_append_owned(list, text_take(&line));
}

/* One plan serves all: of each kind as many rows as can take part. */
static int load(void **state)
{
	static char *argv[] = {"sleep", "1000", NULL};
	static char *environment[] = {"PATH=/bin:/usr/bin", NULL};
	static struct config_request request;
	struct faults faults = {0};
	struct config *config;
	(void)state;
	request = (struct config_request){.app_argv = argv, .environment = environment};
	for (enum kind kind = ESSENTIAL; kind < STRANGER; kind++)
		for (int number = 1; number < MOST; number++) {
			set(&request.set, kind, number, "command=true");
			set(&request.set, kind, number, settings[kind].set);
		}
	if (config_load(&request, &config, &faults) != 0)
		return -1;
	const struct plan_request wanted = {.scope = PLAN_RUN, .terminal = -1, .call = &request};
	world_keep(config, plan_new(config, &wanted));
	log_configure(LOG_ERROR, LOG_TEXT, LOG_COLOR_NEVER);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stop_with_a_grace_does_what_the_model_says),
		cmocka_unit_test(a_stop_without_a_grace_does_what_the_model_says),
	};
	return cmocka_run_group_tests(tests, load, NULL);
}
