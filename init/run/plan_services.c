#include "run/plan_draft.h"

#include <limits.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"

struct supervised *draft_supervise(struct plan *plan, struct process *process)
{
	struct supervised *one = &plan->services.all[plan->services.count++];
	*one = (struct supervised){.process = process};
	return one;
}

void draft_restart(struct supervised *one, int policy, const struct config *config)
{
	one->restart = (enum restart)policy;
	one->limit = config->app_restart_limit;
	one->process->kind.sweeps = one->restart != RESTART_NEVER;
}

void draft_service(struct draft *draft, size_t index)
{
	struct plan *plan = draft->plan;
	const struct service_settings *settings = &draft->config->services[index];
	if (settings->command.count == 0 ||
		draft_leaves_out(draft, NAMED_SERVICE, settings->name, settings->origin,
			&settings->roles, settings->condition))
		return;
	struct plan_step *step =
		draft_named(draft, NAMED_SERVICE, index, settings->name, &settings->command);
	step->first->kind.command.terminal = -1;
	draft_place(draft, step, settings->workdir, settings->user);
	draft_note_named(draft, NAMED_SERVICE, index, "command", settings->condition,
		settings->after == AFTER_APP ? "when the app is up" : "before the app");
	struct supervised *one = draft_supervise(plan, step->first);
	draft_restart(one, settings->restart, draft->config);
	one->essential = settings->essential;
	one->with_app = settings->after == AFTER_APP;
	step->kind = PLAN_STEP_SERVICE;
	if (one->with_app)
		plan->step_count--; /* a row, and no step */
	else if (settings->ready != NULL)
		draft_ready(draft, settings->ready);
}

/* argv is its own, or that of tminus, which then runs it. */
struct plan_step *draft_job_command(struct draft *draft, size_t index, const struct list *argv)
{
	const struct job_settings *job = &draft->config->jobs[index];
	struct plan_step *step = draft_named(draft, NAMED_JOB, index, job->name, argv);
	if (argv == &job->command)
		draft_place(draft, step, job->workdir, job->user);
	step->first->kind.time_limit = job->timeout;
	return step;
}

/* The path of this very program; where there is no /proc, its name. */
static char *own_program(void)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof path);
	return length > 0 ? memory_copy_bytes(path, (size_t)length) : memory_copy("tminus");
}

/* tminus as it was called itself, with a subcommand in the place of the app. */
static void call_tminus(const struct draft *draft, struct list *argv)
{
	const struct config_request *call = draft->request->call;
	list_append_owned(argv, own_program());
	if (call->file != NULL) {
		list_append(argv, "--config");
		list_append(argv, call->file);
	}
	for (size_t i = 0; i < call->set.count; i++) {
		list_append(argv, "--set");
		list_append(argv, call->set.items[i]);
	}
}

/* The command of a job's runs. One that replicas share is a work of a tminus of its own, which asks
 * the ledger whether another has done it. */
static const struct list *job_argv(
	const struct draft *draft, const struct job_settings *settings, struct job *job)
{
	const struct list *command = &settings->command;
	bool own = job_is_own(settings);
	bool locks = job_locks(settings);
	bool single = settings->single == SINGLE_YES || (settings->single == SINGLE_AUTO && locks);
	if (!own && !single)
		return command;
	if (own && !locks && single) {
		log_warn("job %s: of tminus's own commands only backup and guard can be single",
			settings->name);
		single = false;
	}
	struct list *argv = memory_zeroed(1, sizeof *argv);
	call_tminus(draft, argv);
	if (locks || !own)
		list_append(argv, locks ? command->items[1] : "guard");
	if (single) {
		job->run = memory_zeroed(1, JOB_RUN_SIZE);
		list_append_owned(argv, job->run);
	}
	for (size_t i = locks ? 2 : 1; own && i < command->count; i++)
		list_append(argv, command->items[i]);
	return argv;
}

void draft_job(struct draft *draft, size_t index)
{
	struct plan *plan = draft->plan;
	const struct job_settings *settings = &draft->config->jobs[index];
	struct job *job = &plan->timed[plan->timed_count];
	if (settings->command.count == 0 ||
		draft_leaves_out(draft, NAMED_JOB, settings->name, settings->origin,
			&settings->roles, settings->condition))
		return;
	const struct list *argv = job_argv(draft, settings, job);
	const struct plan_step *step = draft_job_command(draft, index, argv);
	struct command *command = &step->first->kind.command;
	draft_note_named(draft, NAMED_JOB, index, "command", settings->condition,
		job->run != NULL ? "at its times, by one replica" : "at its times");
	plan->step_count--; /* a row, and no step */
	command->terminal = -1;
	if (argv != &settings->command) {
		command->environment = draft->request->call->environment;
		command->identity = NULL;
		command->workdir = NULL;
	}
	job->process = step->first;
	job->settings = settings;
	plan->timed_count++;
	(void)draft_supervise(plan, step->first);
}
