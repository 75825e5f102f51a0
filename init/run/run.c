#include "run/run.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
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
#include "run/life.h"
#include "run/notify.h"
#include "run/services.h"
#include "run/status.h"
#include "run/stop.h"

/* Real-time signals queue up: a flood of them must not keep the loop from reaping. */
#define SIGNALS_AT_ONCE 8

/* From the app's start until boot's memory is given back: not while a short app runs. */
#define TRIM_AFTER 100

/* The document follows what has changed within this time: what changes at once is one write, and
 * neither the app's start nor its stop waits for a file. */
#define NOTE_AFTER 20

#define DURATION_SIZE 32

static void feed(struct run *run, enum run_event event);

static enum run_state boot_failed(struct run *run)
{
	if (run->error->message[0] != '\0')
		log_error("%s", run->error->message);
	return stop_boot(run, run->error->status, SIGTERM);
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
	if ((becomes || plan->app == NULL) && table_any_alive(&plan->table))
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
	manner_tell(run->manner, MANNER_STARTED, run->group, 0);
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

/* One of after = boot. Without an app nothing has gone well, whatever its status. Boot goes on
 * without one that does not matter, also where it stood at it. */
static enum run_state lose_service_early(struct run *run)
{
	const struct plan_step *step = boot_current(&run->boot);
	if (stop_is_loss(run))
		return stop_boot(run, run->status != 0 ? run->status : STATUS_STEP, SIGTERM);
	bool current = step != NULL && step->kind == PLAN_STEP_SERVICE &&
		       step->first == run->gone->process;
	return current && step->first->failed ? next_step(run) : run->state;
}

/* clang-format off */
static run_action *const actions[RUN_STATES][RUN_EVENTS] = {
	[RUN_BOOT] = {
		[RUN_STOP] = stop_boot_asked, [RUN_INTERRUPT] = stop_boot_asked, [RUN_STEP_OK] = next_step,
		[RUN_STEP_FAILED] = boot_failed, [RUN_SERVICE_GONE] = lose_service_early,
		[RUN_DEADLINE] = boot_too_long},
	[RUN_ABORTING] = {
		[RUN_STOP] = stop_boot_again, [RUN_INTERRUPT] = stop_boot_again, [RUN_APP_UP] = stop_app_up,
		[RUN_STEP_FAILED] = stop_boot_failed,
		[RUN_EMPTY] = stop_done_if_over, [RUN_LEFT] = stop_linger_if_over},
	[RUN_STARTING] = {
		[RUN_STOP] = stop_boot_asked, [RUN_INTERRUPT] = stop_boot_asked, [RUN_APP_UP] = app_up,
		[RUN_APP_GONE] = stop_app_gone, [RUN_SERVICE_GONE] = lose_service_early,
		[RUN_DEADLINE] = boot_too_long},
	[RUN_APP] = {
		[RUN_STOP] = stop_app, [RUN_APP_GONE] = stop_app_gone, [RUN_SERVICE_GONE] = stop_lose_service},
	[RUN_STOPPING] = {
		[RUN_STOP] = stop_app_again, [RUN_APP_GONE] = stop_app_gone,
		[RUN_SERVICE_GONE] = stop_leave_if_over, [RUN_DEADLINE] = stop_linger},
	[RUN_LEAVING] = {
		[RUN_EMPTY] = stop_done, [RUN_LEFT] = stop_linger},
	[RUN_LINGERING] = {
		[RUN_APP_GONE] = stop_note_status, [RUN_DEADLINE] = stop_kill, [RUN_EMPTY] = stop_done},
	[RUN_KILLING] = {
		[RUN_APP_GONE] = stop_note_status, [RUN_DEADLINE] = stop_give_up, [RUN_EMPTY] = stop_done,
		[RUN_LEFT] = stop_kill_again},
};
/* clang-format on */

static void feed(struct run *run, enum run_event event)
{
	run_action *chosen = actions[run->state][event];
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
		manner_tell(run->manner, MANNER_REWRITTEN, number, becomes);
	if (becomes != 0)
		process_forward(run->plan->app, becomes);
	manner_tell(run->manner, becomes != 0 ? MANNER_FORWARDED : MANNER_DROPPED, becomes, 0);
	if ((run->manner->suspends & SIGNAL_BIT(number)) == 0)
		return;
	manner_tell(run->manner, MANNER_SUSPENDED, number, 0);
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
	manner_tell(run->manner, MANNER_RECEIVED, arrival->number, 0);
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
	bool perhaps_more = count == SIGNALS_AT_ONCE;
	for (size_t i = 0; i < count; i++) {
		if (perhaps_more || arrivals[i].number == SIGCHLD)
			run->plan->table.more = true;
		on_signal(run, &arrivals[i]);
	}
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
		stop_dismiss_keeper(run);
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
	const struct run *run = context;
	manner_tell(run->manner, MANNER_REAPED, pid, status);
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
		run->plan->table.more = true;
	}
	/* Not behind a signal that is only forwarded: PID 1 is in the app's way until it sleeps. */
	if (run->plan->table.more)
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
