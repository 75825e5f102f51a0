#include "run/run.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/signal_name.h"
#include "process/descendants.h"
#include "process/footprint.h"
#include "process/signals.h"
#include "process/terminal.h"
#include "run/boot.h"
#include "run/jobs.h"
#include "run/notify.h"
#include "run/services.h"
#include "run/status.h"

/* Time that the keeper has to close its session once boot needs it no longer. */
#define KEEPER_LEAVES_WITHIN 5000
/* Time after SIGKILL for processes that hang in the kernel, before they are left behind. */
#define KILL_TAKES_AT_MOST 5000

/* Real-time signals queue up: a flood of them must not keep the loop from reaping. */
#define SIGNALS_AT_ONCE 8

/* From the app's start until boot's memory is given back: not while a short app runs. */
#define TRIM_AFTER 100

/* The document follows what has changed within this time: what changes at once is one write, and
 * neither the app's start nor its stop waits for a file. */
#define NOTE_AFTER 20

/* Time that services have to end where not the platform, with its own limit, stops us: when there
 * is no app.grace. */
#define STOP_OF_OUR_OWN 10000

#define DURATION_SIZE 32
#define NAMES_SIZE 1024 /* of those who had to be killed */

enum run_state {
	RUN_BOOT,
	RUN_ABORTING,
	RUN_STARTING,
	RUN_APP,
	RUN_STOPPING,
	RUN_LEAVING,
	RUN_LINGERING,
	RUN_KILLING,
	RUN_DONE,
	RUN_STATES
};

enum run_event {
	RUN_STOP,
	RUN_INTERRUPT,
	RUN_STEP_OK,
	RUN_STEP_FAILED,
	RUN_APP_UP,
	RUN_APP_GONE,
	RUN_SERVICE_GONE,
	RUN_DEADLINE,
	RUN_EMPTY,
	RUN_LEFT,
	RUN_EVENTS
};

struct run {
	const struct config *config;
	struct plan *plan;
	struct manner *manner;
	int signals;
	enum run_state state;
	struct boot boot; /* the walk through the plan's steps */
	struct jobs jobs;
	int64_t deadline; /* of this state */
	int64_t started_at;
	pid_t group;		       /* the app's pid, for what outlives it in its group */
	int64_t trim_at;	       /* then the memory of boot is given back */
	int status;		       /* the exit status, once it is known */
	bool decided;		       /* it is a service's, whatever the app ends with */
	const struct supervised *gone; /* the one that has ended, during its event */
	int64_t grace;		       /* of the stop that is on */
	int signal;		       /* the one being handled */
	struct notify notify;
	struct status document;
	unsigned changes; /* that the document must hold, and that it holds */
	unsigned noted;
	int64_t note_at;	   /* then it is written */
	const struct error *error; /* why the step or the app failed, during its event */
};

/* An action returns the state that follows. */
typedef enum run_state action(struct run *run);

static void feed(struct run *run, enum run_event event);

static int status_of(int wait_status)
{
	return WIFSIGNALED(wait_status) ? STATUS_SIGNAL_BASE + WTERMSIG(wait_status)
					: WEXITSTATUS(wait_status);
}

static void tell(const struct run *run, enum manner_event event, int first, int second)
{
	if (run->manner->tell != NULL)
		run->manner->tell(event, first, second);
}

static bool any_row_alive(const struct plan *plan)
{
	for (size_t i = 0; i < plan->table.count; i++)
		if (process_is_alive(&plan->table.rows[i]))
			return true;
	return false;
}

/* The lock is held as long as what it protects is at work, and not a moment longer. */
static void dismiss_keeper(struct run *run)
{
	struct process *keeper = run->plan->keeper;
	if (run->state == RUN_ABORTING && keeper != NULL && process_is_alive(keeper) &&
		keeper->descriptor >= 0 && !boot_needs_lock(&run->boot))
		process_dismiss(keeper, KEEPER_LEAVES_WITHIN);
}

/* Boot is over before its end: everything of it stops, and the app is never started. */
static enum run_state stop_boot(struct run *run, int status, int signal)
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
	dismiss_keeper(run);
	return run->state;
}

static enum run_state abort_boot(struct run *run)
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

static enum run_state abort_again(struct run *run)
{
	return stop_boot(run, run->status, run->signal);
}

static enum run_state boot_failed(struct run *run)
{
	if (run->error->message[0] != '\0')
		log_error("%s", run->error->message);
	return stop_boot(run, run->error->status, SIGTERM);
}

/* A step that was let finish has failed: what it left half done must be said. */
static enum run_state failed_late(struct run *run)
{
	const struct plan_step *step = boot_current(&run->boot);
	if (step != NULL && boot_running(&run->boot) != NULL && !step->first->signalled)
		log_error("%s", run->error->message);
	return RUN_ABORTING;
}

static enum run_state boot_too_long(struct run *run)
{
	char room[DURATION_SIZE];
	const struct plan_step *step = boot_current(&run->boot);
	log_error("boot took longer than boot.timeout = %s; it was at: %s",
		text_duration(run->config->boot_timeout, room, sizeof room),
		step != NULL ? step->name : "the start of the app");
	int status = step != NULL ? step->failure_status : STATUS_UNAVAILABLE;
	return stop_boot(run, status, SIGTERM);
}

/* --- the status document --------------------------------------------------------------------- */

static void view_step(const struct run *run, struct status_view *view)
{
	const struct plan_step *step = boot_current(&run->boot);
	const struct process *command = boot_running(&run->boot);
	const struct wait_state *wait = boot_waits_for(&run->boot);
	if (step == NULL)
		return;
	view->step = step->name;
	view->step_since = run->boot.started_at;
	view->step_deadline = command != NULL && process_is_alive(command) ? command->deadline
									   : run->boot.deadline;
	if (wait == NULL || wait->reason[0] == '\0')
		return;
	view->target = wait->label;
	view->reason = wait->reason;
}

static void view_app(const struct run *run, struct status_view *view)
{
	const struct process *app = run->plan->app;
	bool became = run->config->app_mode == APP_EXEC && run->state == RUN_APP;
	bool runs = app != NULL && app->confirmed && app->pid > 0 && process_is_alive(app);
	if (!runs && !became)
		return;
	view->app_pid = became ? getpid() : app->pid;
	view->app_since = became ? clock_now() : app->started_at;
	view->ready = became ||
		      (run->state == RUN_APP && (!run->config->app_notify || run->notify.ready));
	view->says = run->notify.says[0] != '\0' ? run->notify.says : NULL;
}

static void write_down(struct run *run)
{
	static const char *const names[RUN_STATES] = {
		[RUN_BOOT] = "boot", [RUN_STARTING] = "starting", [RUN_APP] = "app"};
	struct status_view view = {
		.state = names[run->state] != NULL ? names[run->state] : "stopping",
		.step_since = CLOCK_NEVER,
		.step_deadline = CLOCK_NEVER,
		.boot_deadline = run->state <= RUN_STARTING ? run->deadline : CLOCK_NEVER,
		.app_pid = -1,
		.app_since = CLOCK_NEVER,
		.exit_status = -1,
	};
	run->noted = run->changes;
	run->note_at = CLOCK_NEVER;
	view_step(run, &view);
	view_app(run, &view);
	if (run->state == RUN_ABORTING || run->state >= RUN_LEAVING)
		view.exit_status = run->status;
	status_write(&run->document, &view);
}

/* Sees to it that what has changed since the last document is written down, once it is time. */
static void note(struct run *run)
{
	/* A plain init has its app first, and then says so. */
	bool early = run->state == RUN_STARTING && run->plan->step_count == 0;
	if (run->manner->follows || early || run->changes == run->noted)
		return;
	if (run->note_at == CLOCK_NEVER)
		run->note_at = clock_now() + NOTE_AFTER;
	else if (clock_passed(run->note_at))
		write_down(run);
}

/* PID 1 becomes the app. Returns only when that failed. */
static enum run_state become_app(struct run *run)
{
	struct error error = {0};
	run->state = RUN_APP;
	write_down(run);
	if (!run->config->app_notify)
		notify_send(&run->notify, "READY=1");
	prefix_close(&run->plan->prefix);
	descendants_disown();
	(void)spawn_become(&run->plan->app->kind.command, &error);
	(void)descendants_adopt();
	log_error("cannot run the app: %s", error.message);
	run->status = error.status;
	return RUN_LEAVING;
}

/* Signals that are pending now belong to boot: the app must not start behind a TERM. */
static bool stopped_by_now(struct run *run);

static enum run_state begin_app(struct run *run)
{
	struct plan *plan = run->plan;
	bool becomes = run->config->app_mode == APP_EXEC;
	if ((becomes || plan->app == NULL) && any_row_alive(plan))
		return RUN_BOOT;
	if (plan->app == NULL)
		return RUN_LEAVING;
	if (!run->manner->follows && stopped_by_now(run))
		return run->state;
	if (becomes)
		return become_app(run);
	run->state = RUN_STARTING;
	process_start(&plan->table, plan->app);
	return run->state;
}

/* Behind the last step it is called again when the keeper has left, for who waits for that. */
static enum run_state next_step(struct run *run)
{
	if (boot_next(&run->boot))
		return run->state;
	struct process_table *table = &run->plan->table;
	for (size_t i = 0; i < table->count; i++)
		if (table->rows[i].kind.entry != NULL && table->rows[i].state == PROCESS_RUNNING &&
			table->rows[i].descriptor >= 0)
			process_dismiss(&table->rows[i], KEEPER_LEAVES_WITHIN);
	return begin_app(run);
}

static enum run_state app_up(struct run *run)
{
	char room[DURATION_SIZE];
	run->deadline = CLOCK_NEVER;
	run->group = run->plan->app->pid;
	tell(run, MANNER_STARTED, run->group, 0);
	if (!run->config->app_notify)
		notify_send(&run->notify, "READY=1");
	run->trim_at = clock_now() + TRIM_AFTER;
	if (run->plan->step_count > 0)
		log_info("%s started as pid %d after %s of boot", run->plan->app->kind.name,
			(int)run->plan->app->pid,
			text_duration(clock_now() - run->started_at, room, sizeof room));
	run->state = RUN_APP;
	services_start(&run->plan->services, &run->plan->table);
	if (run->state == RUN_APP)
		jobs_begin(&run->jobs, run->plan->timed, run->plan->timed_count);
	return run->state;
}

/* The app's exec succeeded although boot is being stopped: from now on it is stopped as an app. */
static enum run_state app_up_late(struct run *run)
{
	run->grace = run->config->app_grace;
	run->deadline = clock_deadline(run->config->app_grace);
	return RUN_STOPPING;
}

/* The app and its services get the stop signal together. Where they are all gone within it, what
 * that means has the last word. */
static enum run_state stop_app_again(struct run *run)
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

static enum run_state leave_if_over(struct run *run)
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

static enum run_state stop_app(struct run *run)
{
	char room[SIGNAL_NAME_SIZE];
	log_debug("SIG%s: forwarded to %s, which is to stop",
		signal_name(run->signal, room, sizeof room), run->plan->app->kind.name);
	warn_of_shell(run);
	return begin_stop(run, run->config->app_grace);
}

/* A service has ended for good. Says so; does it matter? */
static bool is_loss(struct run *run)
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

static enum run_state lose_service(struct run *run)
{
	return is_loss(run) ? stop_on_our_own(run) : run->state;
}

/* One of after = boot. Boot goes on without one that does not matter, also where it stood at it. */
static enum run_state lose_service_early(struct run *run)
{
	const struct plan_step *step = boot_current(&run->boot);
	if (is_loss(run))
		return stop_boot(run, run->status, SIGTERM);
	bool current = step != NULL && step->kind == PLAN_STEP_SERVICE &&
		       step->first == run->gone->process;
	return current && step->first->failed ? next_step(run) : run->state;
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
	tell(run, MANNER_ENDED, app->status, 0);
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

static enum run_state app_gone(struct run *run)
{
	const struct process *app = run->plan->app;
	if (run->manner->follows)
		return follow_app(run);
	tell_app_gone(run);
	keep_status(run, app->failed ? run->error->status : status_of(app->status));
	if (run->state != RUN_STOPPING && services_alive(&run->plan->services) != NULL)
		return stop_on_our_own(run);
	return leave_if_over(run);
}

static enum run_state app_gone_late(struct run *run)
{
	keep_status(run, status_of(run->plan->app->status));
	return run->state;
}

static enum run_state linger(struct run *run)
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

static enum run_state linger_if_over(struct run *run)
{
	return any_row_alive(run->plan) ? RUN_ABORTING : linger(run);
}

static enum run_state done_if_over(struct run *run)
{
	return any_row_alive(run->plan) ? RUN_ABORTING : RUN_DONE;
}

static enum run_state kill_all(struct run *run)
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

static enum run_state kill_again(struct run *run)
{
	(void)run;
	descendants_signal(SIGKILL);
	return RUN_KILLING;
}

static enum run_state give_up(struct run *run)
{
	(void)run;
	log_warn("processes survived SIGKILL, they hang in the kernel: left behind");
	return RUN_DONE;
}

static enum run_state done(struct run *run)
{
	(void)run;
	return RUN_DONE;
}

/* clang-format off */
static action *const actions[RUN_STATES][RUN_EVENTS] = {
	[RUN_BOOT] = {
		[RUN_STOP] = abort_boot, [RUN_INTERRUPT] = abort_boot, [RUN_STEP_OK] = next_step,
		[RUN_STEP_FAILED] = boot_failed, [RUN_SERVICE_GONE] = lose_service_early,
		[RUN_DEADLINE] = boot_too_long},
	[RUN_ABORTING] = {
		[RUN_STOP] = abort_again, [RUN_INTERRUPT] = abort_again, [RUN_APP_UP] = app_up_late,
		[RUN_STEP_FAILED] = failed_late,
		[RUN_EMPTY] = done_if_over, [RUN_LEFT] = linger_if_over},
	[RUN_STARTING] = {
		[RUN_STOP] = abort_boot, [RUN_INTERRUPT] = abort_boot, [RUN_APP_UP] = app_up,
		[RUN_APP_GONE] = app_gone, [RUN_SERVICE_GONE] = lose_service_early,
		[RUN_DEADLINE] = boot_too_long},
	[RUN_APP] = {
		[RUN_STOP] = stop_app, [RUN_APP_GONE] = app_gone, [RUN_SERVICE_GONE] = lose_service},
	[RUN_STOPPING] = {
		[RUN_STOP] = stop_app_again, [RUN_APP_GONE] = app_gone,
		[RUN_SERVICE_GONE] = leave_if_over, [RUN_DEADLINE] = linger},
	[RUN_LEAVING] = {
		[RUN_EMPTY] = done, [RUN_LEFT] = linger},
	[RUN_LINGERING] = {
		[RUN_APP_GONE] = app_gone_late, [RUN_DEADLINE] = kill_all, [RUN_EMPTY] = done},
	[RUN_KILLING] = {
		[RUN_APP_GONE] = app_gone_late, [RUN_DEADLINE] = give_up, [RUN_EMPTY] = done,
		[RUN_LEFT] = kill_again},
};
/* clang-format on */

static void feed(struct run *run, enum run_event event)
{
	action *chosen = actions[run->state][event];
	if (chosen == NULL)
		return;
	enum run_state before = run->state;
	run->state = chosen(run);
	run->changes++;
	if (run->state > RUN_APP && before <= RUN_APP)
		notify_send(&run->notify, "STOPPING=1");
}

/* What a signal means. SIGCHLD only wakes the loop, and so does the SIGPIPE of our own writing. */
enum rule { RULE_NOTHING, RULE_STOP, RULE_INTERRUPT, RULE_FORWARD, RULE_DROP };

static enum rule rule_for(const struct run *run, const struct arrival *arrival)
{
	int number = arrival->number;
	if (number == SIGCHLD || (number == SIGPIPE && arrival->sender == getpid()))
		return RULE_NOTHING;
	bool up = run->state >= RUN_APP;
	if (run->manner->follows || (up && run->manner->becomes[number] == 0))
		return RULE_FORWARD;
	if (number == SIGTERM || number == run->config->app_stop_signal)
		return RULE_STOP;
	if (up)
		return RULE_FORWARD;
	if (number == SIGINT || number == SIGQUIT || number == SIGHUP)
		return RULE_INTERRUPT;
	return number == SIGCONT || number == SIGWINCH ? RULE_FORWARD : RULE_DROP;
}

/* What the app gets for a signal, 0 for nothing. */
static int rewritten(struct manner *manner, int number)
{
	uint64_t bit = SIGNAL_BIT(number);
	bool dropped = (manner->once & bit) != 0;
	manner->once &= ~bit;
	return dropped ? 0 : manner->becomes[number];
}

static void forward_to_app(const struct run *run, int number)
{
	int becomes = rewritten(run->manner, number);
	if (becomes != number)
		tell(run, MANNER_REWRITTEN, number, becomes);
	if (becomes != 0)
		process_forward(run->plan->app, becomes);
	tell(run, becomes != 0 ? MANNER_FORWARDED : MANNER_DROPPED, becomes, 0);
	if ((run->manner->suspends & SIGNAL_BIT(number)) == 0)
		return;
	tell(run, MANNER_SUSPENDED, number, 0);
	(void)kill(getpid(), SIGSTOP);
}

/* To the app, or during boot to the running step. */
static void forward(const struct run *run, int number)
{
	const struct process *process = boot_running(&run->boot);
	if (run->state >= RUN_STARTING && run->plan->app != NULL)
		forward_to_app(run, number);
	else if (process != NULL)
		process_forward(process, number);
}

static void on_signal(struct run *run, const struct arrival *arrival)
{
	char room[SIGNAL_NAME_SIZE];
	run->signal = arrival->number;
	tell(run, MANNER_RECEIVED, arrival->number, 0);
	switch (rule_for(run, arrival)) {
	case RULE_NOTHING:
		break;
	case RULE_STOP:
		feed(run, RUN_STOP);
		break;
	case RULE_INTERRUPT:
		feed(run, RUN_INTERRUPT);
		break;
	case RULE_FORWARD:
		forward(run, arrival->number);
		break;
	case RULE_DROP:
		log_info("SIG%s arrived during boot and is dropped: the app does not run yet",
			signal_name(arrival->number, room, sizeof room));
		break;
	}
}

static void take_signals(struct run *run)
{
	struct arrival arrivals[SIGNALS_AT_ONCE];
	size_t count = signals_take(run->signals, arrivals, SIGNALS_AT_ONCE);
	for (size_t i = 0; i < count; i++)
		on_signal(run, &arrivals[i]);
}

static bool stopped_by_now(struct run *run)
{
	enum run_state before = run->state;
	while (run->state == before && signals_pending(run->signals))
		take_signals(run);
	return run->state != before;
}

/* Ctrl-Z, or a read in the background: the job that we are stops with the command, and goes on with
 * it, so that the shell that started us stays in charge. A shell's fg brings a job that runs to the
 * front without a word: the command's first read tells. credentials(7), setpgid(2) */
static void follow_stop(struct run *run, const struct process *process)
{
	struct process_table *table = &run->plan->table;
	int number = process->stopped_by;
	bool reads = number == SIGTTIN || number == SIGTTOU;
	if (number != SIGTSTP && !reads)
		return;
	if (!reads || !terminal_is_ours(table->terminal))
		signals_suspend(number);
	table->in_front = terminal_is_ours(table->terminal);
	if (table->in_front)
		terminal_give(table->terminal, process->pid);
	else if (reads && !terminal_is_awaited())
		return; /* nobody would ever bring it to the front: it would stop again at once */
	(void)kill(-process->pid, SIGCONT);
}

/* Nothing is to stop: what has ended may come back. The app must have run. */
static bool may_revive(const struct run *run, const struct process *process)
{
	return run->state == RUN_APP ||
	       (process != run->plan->app &&
		       (run->state == RUN_BOOT || run->state == RUN_STARTING));
}

static void on_started(struct run *run, const struct process *process)
{
	const struct plan_step *step = boot_current(&run->boot);
	if (process == run->plan->app)
		feed(run, RUN_APP_UP);
	else if (step != NULL && step->kind == PLAN_STEP_SERVICE && step->first == process)
		feed(run, RUN_STEP_OK);
}

static void on_supervised(struct run *run, struct supervised *one, enum process_change change)
{
	const struct process *process = one->process;
	if (change == PROCESS_HAS_STARTED)
		on_started(run, process);
	if (change != PROCESS_HAS_ENDED)
		return;
	if (process == run->plan->app)
		run->notify.ready = false;
	if (jobs_find(&run->jobs, process) != NULL)
		jobs_tell_end(process, run->error);
	if (may_revive(run, process) && services_revive(one))
		return;
	run->gone = one;
	feed(run, process == run->plan->app ? RUN_APP_GONE : RUN_SERVICE_GONE);
}

static void on_boot(struct run *run, struct process *process, enum process_change change)
{
	struct error error = {0};
	const struct error *why = run->error;
	if (change == PROCESS_HAS_ENDED)
		dismiss_keeper(run);
	if (run->state == RUN_ABORTING && process->failed)
		return;
	run->error = &error; // cppcheck-suppress autoVariables ; it goes below, and with observe
	switch (boot_observe(&run->boot, process, change, why, &error)) {
	case BOOT_WORKING:
		if (change == PROCESS_HAS_ENDED && boot_is_over(&run->boot))
			feed(run, RUN_STEP_OK);
		break;
	case BOOT_STEP_OK:
		feed(run, RUN_STEP_OK);
		break;
	case BOOT_STEP_FAILED:
		feed(run, RUN_STEP_FAILED);
		break;
	}
	run->error = why;
}

/* A row that cannot be started says so within the event that was to start it: that event's own
 * error comes back behind it. */
static void observe(void *context, struct process *process, enum process_change change,
	const struct error *error)
{
	struct run *run = context;
	if (change == PROCESS_HAS_STOPPED) {
		if (process->kind.command.terminal >= 0)
			follow_stop(run, process);
		return;
	}
	const struct error *before = run->error;
	struct supervised *supervised = services_find(&run->plan->services, process);
	run->error = error;
	run->changes++;
	if (change == PROCESS_HAS_ENDED)
		prefix_ended(&run->plan->prefix, process);
	if (supervised != NULL)
		on_supervised(run, supervised, change);
	else
		on_boot(run, process, change);
	run->error = before;
}

static void on_reaped(void *context, pid_t pid, int status)
{
	tell(context, MANNER_REAPED, pid, status);
}

static void expire(struct run *run)
{
	struct error error = {0};
	table_expire(&run->plan->table);
	if (clock_passed(run->deadline)) {
		run->deadline = CLOCK_NEVER;
		feed(run, RUN_DEADLINE);
	}
	if (run->state != RUN_BOOT || !boot_expire(&run->boot, &error))
		return;
	run->error = &error;
	feed(run, RUN_STEP_FAILED);
	run->error = NULL;
}

static int64_t next_deadline(const struct run *run)
{
	int64_t deadline = clock_earlier(run->deadline, table_deadline(&run->plan->table));
	deadline = clock_earlier(deadline, clock_earlier(run->trim_at, run->note_at));
	return run->state == RUN_BOOT ? clock_earlier(deadline, run->boot.deadline) : deadline;
}

static void conclude(struct run *run)
{
	feed(run, run->plan->table.all_gone ? RUN_EMPTY : RUN_LEFT);
}

static void trim_once(struct run *run)
{
	if (!clock_passed(run->trim_at))
		return;
	run->trim_at = CLOCK_NEVER;
	footprint_trim();
}

/* Waits, and deals with what there is. With nothing but signals to wait for, reading them is the
 * wait. Exec's reports come before signals: a TERM that arrived behind them is the app's. */
static void turn(struct run *run, struct pollfd *ready)
{
	note(run);
	struct prefix *prefix = &run->plan->prefix;
	int64_t again = prefix_look(prefix);
	int64_t deadline = run->plan->table.more ? 0 : clock_earlier(again, next_deadline(run));
	ready[0] = (struct pollfd){.fd = run->signals, .events = POLLIN};
	size_t count = 1 + table_descriptors(&run->plan->table, ready + 1);
	if (run->notify.descriptor >= 0)
		ready[count++] = (struct pollfd){.fd = run->notify.descriptor, .events = POLLIN};
	if (run->jobs.timer >= 0)
		ready[count++] = (struct pollfd){.fd = run->jobs.timer, .events = POLLIN};
	if (prefix->count > 0 && prefix->life >= 0)
		ready[count++] = (struct pollfd){.fd = prefix->life, .events = POLLIN};
	if (count == 1 && deadline == CLOCK_NEVER) {
		take_signals(run);
	} else {
		(void)poll(ready, count, clock_left(deadline));
		table_read(&run->plan->table);
		if (run->notify.descriptor >= 0 && notify_take(&run->notify))
			run->changes++;
		jobs_expire(&run->jobs, &run->plan->table);
		/* Asked anew: what poll saw may have been taken on the way to the app's start. */
		if (signals_pending(run->signals))
			take_signals(run);
	}
	table_reap(&run->plan->table);
	conclude(run);
	expire(run);
	conclude(run);
	trim_once(run);
}

int run_plan(const struct config *config, struct plan *plan, struct manner *manner, int signals)
{
	struct pollfd ready[plan->table.count + 4]; /* the signals, the app's words, the timer,
							   the log child */
	struct run *run = memory_zeroed(1, sizeof *run);
	*run = (struct run){
		.config = config,
		.plan = plan,
		.manner = manner,
		.signals = signals,
		.started_at = clock_now(),
		.deadline = clock_deadline(config->boot_timeout),
		.trim_at = CLOCK_NEVER,
		.note_at = CLOCK_NEVER,
		.jobs = {.timer = -1},
	};
	plan->table.observer = observe;
	plan->table.reaped = manner->tell != NULL ? on_reaped : NULL;
	plan->table.context = run;
	boot_begin(&run->boot, config, plan);
	prefix_open(&plan->prefix);
	status_begin(&run->document, config, plan->boot_id);
	notify_begin(&run->notify, manner->follows ? NULL : getenv("NOTIFY_SOCKET"),
		plan->notify_address);
	run->changes = 1;
	if (manner->follows || !stopped_by_now(run))
		run->state = next_step(run);
	table_reap(&plan->table);
	conclude(run);
	while (run->state != RUN_DONE)
		turn(run, ready);
	prefix_close(&plan->prefix);
	status_end(&run->document);
	return run->status;
}
