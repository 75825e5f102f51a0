#include "run/stop.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/signal_name.h"
#include "process/descendants.h"

/* Time after SIGKILL for processes that hang in the kernel, before they are left behind. */
#define KILL_TAKES_AT_MOST 5000

/* Time that services have to end where not the platform, with its own limit, stops us: when there
 * is no app.grace. */
#define STOP_OF_OUR_OWN 10000

#define DURATION_SIZE 32
#define NAMES_SIZE 1024 /* of those who had to be killed */

/* --- boot ------------------------------------------------------------------------------------ */

void stop_dismiss_keeper(struct run *run)
{
	struct process *keeper = run->plan->keeper;
	if (run->state == RUN_ABORTING && keeper != NULL && process_is_alive(keeper) &&
		keeper->descriptor >= 0 && !boot_needs_lock(&run->boot))
		process_dismiss(keeper, KEEPER_LEAVES_WITHIN);
}

enum run_state stop_boot(struct run *run, int status, int signal)
{
	struct process_table *table = &run->plan->table;
	run->status = status;
	run->deadline = CLOCK_NEVER;
	run->boot.stopping = true;
	run->state = RUN_ABORTING; /* what ends within process_stop ends for this reason */
	bool locked = boot_needs_lock(&run->boot);
	for (size_t i = 0; i < table->count; i++) {
		bool stays = locked && &table->rows[i] == run->plan->keeper;
		if (process_is_alive(&table->rows[i]) && !stays)
			process_stop(table, &table->rows[i], signal);
	}
	stop_dismiss_keeper(run);
	return run->state;
}

enum run_state stop_boot_asked(struct run *run)
{
	char room[SIGNAL_NAME_SIZE];
	char duration[DURATION_SIZE];
	const char *name = signal_name(run->signal, room, sizeof room);
	const struct plan_step *step = boot_current(&run->boot);
	const struct process *running = boot_running(&run->boot);
	if (step == NULL)
		log_info("SIG%s: stopped before the app was started", name);
	else if (running != NULL && running->kind.finish && running->state == PROCESS_RUNNING)
		log_info("SIG%s: %s may finish first (upgrade.stop), for boot.grace = %s at most%s",
			name, running->kind.name,
			text_duration(running->kind.grace, duration, sizeof duration),
			run->plan->app != NULL ? "; the app is not started" : "");
	else
		log_info("SIG%s: %s is stopped%s", name, step->name,
			run->plan->app != NULL ? ", the app is not started" : "");
	return stop_boot(run, STATUS_SIGNAL_BASE + run->signal, run->signal);
}

enum run_state stop_boot_again(struct run *run)
{
	return stop_boot(run, run->status, run->signal);
}

enum run_state stop_boot_failed(struct run *run)
{
	const struct plan_step *step = boot_current(&run->boot);
	if (step != NULL && boot_running(&run->boot) != NULL && !step->first->signalled)
		log_error("%s", run->error->message);
	return RUN_ABORTING;
}

/* --- the app, and what is beside it ---------------------------------------------------------- */

enum run_state stop_app_up(struct run *run)
{
	run->grace = run->config->app_grace;
	run->deadline = clock_deadline(run->config->app_grace);
	return RUN_STOPPING;
}

enum run_state stop_app_again(struct run *run)
{
	run->state = RUN_STOPPING;
	process_stop(&run->plan->table, run->plan->app, run->manner->becomes[run->signal]);
	services_stop(&run->plan->services, &run->plan->table, SIGTERM, run->plan->app);
	return run->state;
}

static enum run_state begin_stop(struct run *run, int64_t grace)
{
	run->grace = grace;
	run->deadline = clock_deadline(grace);
	jobs_end(&run->jobs);
	return stop_app_again(run);
}

/* Nobody but us wants it: then it has a limit in any case. */
static enum run_state stop_on_our_own(struct run *run)
{
	run->signal = SIGTERM;
	return begin_stop(
		run, run->config->app_grace > 0 ? run->config->app_grace : STOP_OF_OUR_OWN);
}

enum run_state stop_leave_if_over(struct run *run)
{
	if (services_alive(&run->plan->services) != NULL)
		return RUN_STOPPING;
	run->deadline = CLOCK_NEVER;
	return RUN_LEAVING;
}

/* What the shell runs would get TERM only behind the shell's death, and have the linger alone. */
static void warn_of_shell(const struct run *run)
{
	char room[DURATION_SIZE];
	char name[PROCESS_NAME_SIZE];
	const struct process *app = run->plan->app;
	pid_t child = app->kind.to_group ? 0
					 : descendants_behind_shell(
						   app->pid, run->manner->becomes[run->signal]);
	if (child > 0 && process_name(child, name))
		log_warn("%s is a shell that does not pass signals on: %s (pid %d) has only "
			 "app.linger = %s to end; write \"exec\" before its command, or "
			 "app.signal_to = group",
			app->kind.name, name, (int)child,
			text_duration(run->config->app_linger, room, sizeof room));
}

enum run_state stop_app(struct run *run)
{
	char room[SIGNAL_NAME_SIZE];
	log_debug("SIG%s: forwarded to %s, which is to stop",
		signal_name(run->signal, room, sizeof room), run->plan->app->kind.name);
	warn_of_shell(run);
	return begin_stop(run, run->config->app_grace);
}

/* --- what ends by itself --------------------------------------------------------------------- */

static int status_of(int wait_status)
{
	return WIFSIGNALED(wait_status) ? STATUS_SIGNAL_BASE + WTERMSIG(wait_status)
					: WEXITSTATUS(wait_status);
}

bool stop_is_loss(struct run *run)
{
	char how[DURATION_SIZE * 2];
	const struct process *process = run->gone->process;
	bool matters = run->gone->essential;
	const char *result = matters ? ": all is stopped" : "";
	if (jobs_find(&run->jobs, process) != NULL)
		return false;
	if (process->failed)
		log_error("%s cannot run: %s%s", process->kind.name, run->error->message, result);
	else
		log_warn("%s %s%s", process->kind.name, process_end(process, how, sizeof how),
			result);
	if (!matters)
		return false;
	run->status = process->failed ? run->error->status : status_of(process->status);
	run->decided = true;
	return true;
}

enum run_state stop_lose_service(struct run *run)
{
	return stop_is_loss(run) ? stop_on_our_own(run) : run->state;
}

/* It ends with the app: the kernel kills what is left in its namespace. */
static enum run_state follow_app(struct run *run)
{
	const struct process *app = run->plan->app;
	int term = run->manner->becomes[SIGTERM];
	if (app->failed) {
		log_error("%s", run->error->message);
		run->status = EXIT_FAILURE;
		return RUN_DONE;
	}
	run->status = status_of(app->status);
	if (run->manner->ends_group && run->group > 0 && term != 0)
		(void)kill(-run->group, term);
	manner_tell(run->manner, MANNER_ENDED, app->status, 0);
	return RUN_DONE;
}

static void keep_status(struct run *run, int status)
{
	if (!run->decided)
		run->status = status;
}

static void tell_app_gone(const struct run *run)
{
	char room[SIGNAL_NAME_SIZE];
	const struct process *app = run->plan->app;
	if (app->failed)
		log_error("cannot run the app: %s", run->error->message);
	else if (run->state == RUN_APP && WIFSIGNALED(app->status))
		log_warn("%s was killed by SIG%s%s", app->kind.name,
			signal_name(WTERMSIG(app->status), room, sizeof room),
			WTERMSIG(app->status) == SIGKILL ? " (out of memory?)" : "");
}

enum run_state stop_app_gone(struct run *run)
{
	const struct process *app = run->plan->app;
	if (run->manner->follows)
		return follow_app(run);
	tell_app_gone(run);
	keep_status(run, app->failed ? run->error->status : status_of(app->status));
	if (run->state != RUN_STOPPING && services_alive(&run->plan->services) != NULL)
		return stop_on_our_own(run);
	return stop_leave_if_over(run);
}

enum run_state stop_note_status(struct run *run)
{
	keep_status(run, status_of(run->plan->app->status));
	return run->state;
}

/* --- what they left -------------------------------------------------------------------------- */

enum run_state stop_linger(struct run *run)
{
	char room[DURATION_SIZE];
	const struct supervised *alive = services_alive(&run->plan->services);
	if (run->state == RUN_STOPPING && alive != NULL)
		log_warn("%s did not end within %s%s: TERM to all", alive->process->kind.name,
			run->config->app_grace > 0 ? "app.grace = " : "",
			text_duration(run->grace, room, sizeof room));
	run->deadline = clock_now() + run->config->app_linger;
	descendants_signal(SIGTERM);
	return RUN_LINGERING;
}

enum run_state stop_linger_if_over(struct run *run)
{
	return table_any_alive(&run->plan->table) ? RUN_ABORTING : stop_linger(run);
}

enum run_state stop_done_if_over(struct run *run)
{
	return table_any_alive(&run->plan->table) ? RUN_ABORTING : RUN_DONE;
}

enum run_state stop_kill(struct run *run)
{
	char room[DURATION_SIZE];
	char names[NAMES_SIZE];
	log_warn("still there %s after TERM, and killed: %s",
		text_duration(run->config->app_linger, room, sizeof room),
		descendants_names(names, sizeof names));
	run->deadline = clock_now() + KILL_TAKES_AT_MOST;
	descendants_signal(SIGKILL);
	return RUN_KILLING;
}

enum run_state stop_kill_again(struct run *run)
{
	(void)run;
	descendants_signal(SIGKILL);
	return RUN_KILLING;
}

enum run_state stop_give_up(struct run *run)
{
	(void)run;
	log_warn("processes survived SIGKILL, they hang in the kernel: left behind");
	return RUN_DONE;
}

enum run_state stop_done(struct run *run)
{
	(void)run;
	return RUN_DONE;
}
