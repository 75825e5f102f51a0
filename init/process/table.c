#include "process/table.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/signal_name.h"
#include "base/text.h"
#include "process/terminal.h"

/* fork(2) refused with EAGAIN or ENOMEM is tried again: after 50, 100, 200 ... ms, 13 s in all. */
#define FORK_FIRST_DELAY 50
#define FORK_LAST_REFUSAL 8

#define REAPED_AT_ONCE 1000

#define DURATION_SIZE 32

/* What an action needs besides the row. */
struct occasion {
	struct process_table *table;
	int status; /* of waitpid(2) */
	int signal; /* to stop with */
};

/* An action returns the state that follows. */
typedef enum process_state action(struct process *process, const struct occasion *occasion);

static void tell(struct process_table *table, struct process *process, enum process_change change,
	const struct error *error)
{
	table->observer(table->context, process, change, error);
}

static void close_descriptor(struct process *process)
{
	if (process->descriptor >= 0)
		(void)close(process->descriptor);
	process->descriptor = -1;
}

/* To the group, which does not exist yet for a moment after fork, else to the process. */
static void send_signal(const struct process *process, int signal)
{
	if (process->pid <= 0)
		return;
	if (!process->kind.to_group || kill(-process->pid, signal) != 0)
		(void)kill(process->pid, signal);
}

static enum process_state never_ran(
	struct process_table *table, struct process *process, const struct error *error)
{
	process->failed = true;
	process->ended_at = clock_now();
	process->deadline = CLOCK_NEVER;
	process->state = PROCESS_ENDED;
	tell(table, process, PROCESS_HAS_ENDED, error);
	return process->state;
}

static enum process_state fork_refused(
	struct process_table *table, struct process *process, const struct error *error)
{
	bool passing = errno == EAGAIN || errno == ENOMEM;
	if (!passing || process->refusals >= FORK_LAST_REFUSAL)
		return never_ran(table, process, error);
	if (process->refusals == 0)
		log_warn("%s (ulimit -u or the container's pids limit?); trying again",
			error->message);
	process->deadline = clock_now() + ((int64_t)FORK_FIRST_DELAY << process->refusals);
	process->refusals++;
	return PROCESS_DELAYED;
}

/* Forgets an earlier life of the row. */
static void reset(struct process *process)
{
	process->confirmed = false;
	process->failed = false;
	process->timed_out = false;
	process->signalled = false;
	process->stop_signal = SIGTERM;
	process->status = 0;
}

static enum process_state start(struct process *process, const struct occasion *occasion)
{
	struct error error = {0};
	struct spawned child = {0};
	bool is_function = process->kind.entry != NULL;
	reset(process);
	process->started_at = clock_now();
	int result = is_function ? spawn_child(process->kind.entry, process->kind.context, &child,
					   &error)
				 : spawn_command(&process->kind.command, &child, &error);
	if (result != 0)
		return fork_refused(occasion->table, process, &error);
	process->refusals = 0;
	process->pid = child.pid;
	process->descriptor = child.descriptor;
	process->deadline = clock_deadline(process->kind.time_limit);
	if (!is_function)
		return PROCESS_STARTING;
	process->confirmed = true;
	process->state = PROCESS_RUNNING;
	tell(occasion->table, process, PROCESS_HAS_STARTED, NULL);
	return process->state;
}

static enum process_state confirm(struct process *process, const struct occasion *occasion)
{
	close_descriptor(process);
	process->confirmed = true;
	if (process->state == PROCESS_STARTING)
		process->state = PROCESS_RUNNING;
	tell(occasion->table, process, PROCESS_HAS_STARTED, NULL);
	return process->state;
}

/* The report of a command that has ended before it was read: what it says, said now. True when exec
 * had failed, with error filled. */
static bool take_report(struct process_table *table, struct process *process, struct error *error)
{
	if (process->confirmed || process->descriptor < 0)
		return false;
	if (spawn_report(process->descriptor) == SPAWN_FAILED) {
		spawn_error(process->descriptor, error);
		return true;
	}
	process->state = confirm(process, &(struct occasion){.table = table});
	return false;
}

static enum process_state ended(struct process *process, const struct occasion *occasion)
{
	struct error error = {0};
	bool failed = take_report(occasion->table, process, &error);
	pid_t group = process->pid;
	process->pid = 0; /* from here on it is nobody's */
	if (process->kind.entry != NULL && process->descriptor >= 0)
		tell(occasion->table, process, PROCESS_HAS_A_MESSAGE, NULL);
	close_descriptor(process);
	/* What its group holds was told to stop with it, and the stop is over. */
	if (process->kind.to_group && process->timed_out)
		(void)kill(-group, SIGKILL);
	if (process->kind.sweeps)
		(void)kill(-group, SIGTERM);
	process->deadline = CLOCK_NEVER;
	if (process->kind.entry == NULL && occasion->table->in_front)
		terminal_give(process->kind.command.terminal, getpgrp());
	if (failed)
		return never_ran(occasion->table, process, &error);
	process->ended_at = clock_now();
	process->status = occasion->status;
	process->state = PROCESS_ENDED;
	tell(occasion->table, process, PROCESS_HAS_ENDED, NULL);
	return process->state;
}

/* It is not started again: its last end was the end. */
static enum process_state stay_ended(struct process *process, const struct occasion *occasion)
{
	process->deadline = CLOCK_NEVER;
	process->state = PROCESS_ENDED;
	tell(occasion->table, process, PROCESS_HAS_ENDED, NULL);
	return process->state;
}

static enum process_state signal_and_wait(struct process *process, int signal, int64_t limit)
{
	process->stop_signal = signal;
	process->signalled = true;
	process->deadline = clock_deadline(limit);
	send_signal(process, signal);
	send_signal(process, SIGCONT);
	return PROCESS_STOPPING;
}

static enum process_state stop(struct process *process, const struct occasion *occasion)
{
	if (!process->kind.finish)
		return signal_and_wait(process, occasion->signal, process->kind.grace);
	process->deadline = clock_deadline(process->kind.grace);
	return PROCESS_STOPPING;
}

static enum process_state stop_again(struct process *process, const struct occasion *occasion)
{
	if (!process->signalled)
		return PROCESS_STOPPING;
	send_signal(process, occasion->signal);
	send_signal(process, SIGCONT);
	return PROCESS_STOPPING;
}

static enum process_state time_out(struct process *process, const struct occasion *occasion)
{
	(void)occasion;
	process->timed_out = true;
	return signal_and_wait(process, SIGTERM, process->kind.grace);
}

static enum process_state escalate(struct process *process, const struct occasion *occasion)
{
	(void)occasion;
	if (!process->signalled) {
		enum process_state next = signal_and_wait(process, SIGTERM, 0);
		process->deadline = clock_now() + process->kind.linger;
		return next;
	}
	log_warn("%s did not end in time after its stop signal: it is killed", process->kind.name);
	process->deadline = CLOCK_NEVER;
	send_signal(process, SIGKILL);
	return PROCESS_KILLING;
}

static enum process_state cancel(struct process *process, const struct occasion *occasion)
{
	struct error error;
	(void)error_set(&error, STATUS_INTERNAL, "%s was stopped before it could start",
		process->kind.name);
	return never_ran(occasion->table, process, &error);
}

/* clang-format off */
static action *const actions[PROCESS_STATES][PROCESS_EVENTS] = {
	[PROCESS_IDLE]     = {[PROCESS_START] = start},
	[PROCESS_DELAYED]  = {[PROCESS_DEADLINE] = start, [PROCESS_STOP] = cancel},
	[PROCESS_STARTING] = {[PROCESS_STARTED] = confirm, [PROCESS_EXIT] = ended,
			      [PROCESS_DEADLINE] = time_out, [PROCESS_STOP] = stop},
	[PROCESS_RUNNING]  = {[PROCESS_EXIT] = ended, [PROCESS_DEADLINE] = time_out,
			      [PROCESS_STOP] = stop},
	[PROCESS_STOPPING] = {[PROCESS_STARTED] = confirm, [PROCESS_EXIT] = ended,
			      [PROCESS_DEADLINE] = escalate, [PROCESS_STOP] = stop_again},
	[PROCESS_KILLING]  = {[PROCESS_STARTED] = confirm, [PROCESS_EXIT] = ended},
	[PROCESS_ENDED]    = {[PROCESS_START] = start},
	[PROCESS_RESTING]  = {[PROCESS_DEADLINE] = start, [PROCESS_STOP] = stay_ended},
};
/* clang-format on */

static void handle(
	struct process *process, enum process_event event, const struct occasion *occasion)
{
	action *chosen = actions[process->state][event];
	if (chosen != NULL)
		process->state = chosen(process, occasion);
}

void process_start(struct process_table *table, struct process *process)
{
	handle(process, PROCESS_START, &(struct occasion){.table = table});
}

void process_stop(struct process_table *table, struct process *process, int signal)
{
	handle(process, PROCESS_STOP, &(struct occasion){.table = table, .signal = signal});
}

void process_rest(struct process *process, int64_t delay)
{
	if (process->state != PROCESS_ENDED)
		return;
	process->deadline = clock_now() + delay;
	process->state = PROCESS_RESTING;
}

void process_forward(const struct process *process, int signal)
{
	send_signal(process, signal);
}

void process_dismiss(struct process *process, int64_t limit)
{
	close_descriptor(process);
	process->deadline = clock_deadline(limit);
}

bool process_is_alive(const struct process *process)
{
	return process->state != PROCESS_IDLE && process->state != PROCESS_ENDED;
}

bool table_any_alive(const struct process_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		if (process_is_alive(&table->rows[i]))
			return true;
	return false;
}

bool process_went_well(const struct process *process)
{
	static const struct exits zero;
	const struct exits *done = process->kind.done != NULL ? process->kind.done : &zero;
	return !process->failed && !process->timed_out && WIFEXITED(process->status) &&
	       exits_has(done, WEXITSTATUS(process->status));
}

const char *process_end(const struct process *process, char *room, size_t size)
{
	char name[SIGNAL_NAME_SIZE];
	char limit[DURATION_SIZE];
	if (process->timed_out)
		(void)snprintf(room, size, "took longer than its time limit of %s",
			text_duration(process->kind.time_limit, limit, sizeof limit));
	else if (WIFSIGNALED(process->status))
		(void)snprintf(room, size, "was killed by SIG%s",
			signal_name(WTERMSIG(process->status), name, sizeof name));
	else
		(void)snprintf(room, size, "ended with status %d", WEXITSTATUS(process->status));
	return room;
}

size_t table_descriptors(const struct process_table *table, struct pollfd *ready)
{
	size_t count = 0;
	for (size_t i = 0; i < table->count; i++)
		if (table->rows[i].descriptor >= 0)
			ready[count++] =
				(struct pollfd){.fd = table->rows[i].descriptor, .events = POLLIN};
	return count;
}

static void read_row(struct process_table *table, struct process *process)
{
	if (process->kind.entry != NULL) {
		tell(table, process, PROCESS_HAS_A_MESSAGE, NULL);
		return;
	}
	/* A failure is left on the report until the child has ended, which it does at once. */
	if (spawn_report(process->descriptor) == SPAWN_SUCCEEDED)
		handle(process, PROCESS_STARTED, &(struct occasion){.table = table});
}

void table_read(struct process_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->rows[i].descriptor >= 0)
			read_row(table, &table->rows[i]);
}

static struct process *row_of(const struct process_table *table, pid_t pid)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->rows[i].pid == pid)
			return &table->rows[i];
	return NULL;
}

static void tell_stopped(struct process_table *table, struct process *process, int signal)
{
	if (process == NULL)
		return;
	process->stopped_by = signal;
	tell(table, process, PROCESS_HAS_STOPPED, NULL);
}

void table_reap(struct process_table *table)
{
	int status;
	pid_t pid = 1;
	int left = REAPED_AT_ONCE;
	int options = table->terminal >= 0 ? WNOHANG | WUNTRACED : WNOHANG;
	while (left-- > 0 && (pid = waitpid(-1, &status, options)) > 0) {
		struct process *process = row_of(table, pid);
		if (WIFSTOPPED(status)) {
			tell_stopped(table, process, WSTOPSIG(status));
			continue;
		}
		if (table->reaped != NULL)
			table->reaped(table->context, pid, status);
		if (process != NULL)
			handle(process, PROCESS_EXIT,
				&(struct occasion){.table = table, .status = status});
	}
	table->more = pid > 0;
	table->all_gone = pid < 0 && errno == ECHILD;
}

int64_t table_deadline(const struct process_table *table)
{
	int64_t earliest = CLOCK_NEVER;
	for (size_t i = 0; i < table->count; i++)
		if (process_is_alive(&table->rows[i]))
			earliest = clock_earlier(earliest, table->rows[i].deadline);
	return earliest;
}

void table_expire(struct process_table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		struct process *process = &table->rows[i];
		if (process_is_alive(process) && clock_passed(process->deadline))
			handle(process, PROCESS_DEADLINE, &(struct occasion){.table = table});
	}
}
