#include "run/boot.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/signal_name.h"
#include "steps/message.h"

#define DURATION_SIZE 32

void boot_begin(struct boot *boot, const struct config *config, struct plan *plan)
{
	*boot = (struct boot){.config = config, .plan = plan, .deadline = CLOCK_NEVER};
}

const struct plan_step *boot_current(const struct boot *boot)
{
	if (!boot->begun || boot->step >= boot->plan->step_count)
		return NULL;
	return &boot->plan->steps[boot->step];
}

bool boot_is_over(const struct boot *boot)
{
	return boot->begun && boot->step >= boot->plan->step_count;
}

static void start_wait(struct boot *boot, const struct plan_step *step)
{
	boot->deadline = clock_deadline(boot->config->wait_timeout);
	for (size_t i = 0; i < step->count; i++) {
		process_start(&boot->plan->table, &step->first[i]);
		if (step->first[i].state == PROCESS_ENDED)
			return; /* it never ran, and boot is being stopped */
	}
}

static void start_command(struct boot *boot, const struct plan_step *step)
{
	log_info("%s: %s", step->name, step->written);
	process_start(&boot->plan->table, step->first);
}

bool boot_next(struct boot *boot)
{
	if (boot->begun && boot->step < boot->plan->step_count)
		boot->step++;
	boot->begun = true;
	boot->deadline = CLOCK_NEVER;
	const struct plan_step *step = boot_current(boot);
	if (step == NULL)
		return false;
	boot->started_at = clock_now();
	if (step->kind == PLAN_STEP_WAIT)
		start_wait(boot, step);
	else
		start_command(boot, step);
	return true;
}

static struct wait_state *wait_of(const struct boot *boot, const struct process *process)
{
	for (size_t i = 0; i < boot->plan->step_count; i++) {
		const struct plan_step *step = &boot->plan->steps[i];
		if (step->kind == PLAN_STEP_WAIT && process >= step->first &&
			process < step->first + step->count)
			return &boot->plan->waits[process - step->first];
	}
	return NULL;
}

static bool all_ready(const struct boot *boot)
{
	for (size_t i = 0; i < boot->plan->wait_count; i++)
		if (!boot->plan->waits[i].ready)
			return false;
	return true;
}

static enum boot_result on_message(const struct boot *boot, struct wait_state *wait,
	const struct message *message, struct error *error)
{
	char room[DURATION_SIZE];
	const char *elapsed = text_duration(clock_now() - boot->started_at, room, sizeof room);
	switch ((enum message_kind)message->kind) {
	case MESSAGE_PROGRESS:
		wait->status = message->status;
		(void)snprintf(wait->reason, sizeof wait->reason, "%s", message->text);
		log_info("waiting for %s, %s so far: %s", wait->label, elapsed, message->text);
		return BOOT_WORKING;
	case MESSAGE_READY:
		wait->ready = true;
		log_info("%s is ready after %s%s%s", wait->label, elapsed,
			message->text[0] != '\0' ? ": " : "", message->text);
		return all_ready(boot) ? BOOT_STEP_OK : BOOT_WORKING;
	case MESSAGE_REFUSED:
		(void)error_set(error, message->status, "%s cannot be used, after %s: %s",
			wait->label, elapsed, message->text);
		return BOOT_STEP_FAILED;
	case MESSAGE_WAIT:
	case MESSAGE_KINDS:
		break;
	}
	return BOOT_WORKING;
}

/* Every message that is there. The end of the channel is told by the exit of its process. */
static enum boot_result read_messages(const struct boot *boot, struct process *process,
	struct wait_state *wait, struct error *error)
{
	struct message message;
	enum boot_result result = BOOT_WORKING;
	while (result == BOOT_WORKING &&
		message_take(process->descriptor, &message) == MESSAGE_TAKEN)
		result = on_message(boot, wait, &message, error);
	return result;
}

static enum boot_result wait_ended(const struct process *process, const struct wait_state *wait,
	const struct error *why, struct error *error)
{
	char room[SIGNAL_NAME_SIZE];
	if (wait->ready)
		return BOOT_WORKING;
	if (process->failed)
		(void)error_set(error, why->status, "%s", why->message);
	else if (WIFSIGNALED(process->status))
		(void)error_set(error, STATUS_INTERNAL,
			"the process that waits for %s was killed by SIG%s", wait->label,
			signal_name(WTERMSIG(process->status), room, sizeof room));
	else
		(void)error_set(error, STATUS_INTERNAL,
			"the process that waits for %s ended with status %d before it had an "
			"answer",
			wait->label, WEXITSTATUS(process->status));
	return BOOT_STEP_FAILED;
}

/* Ctrl-C and Ctrl-\ on a terminal reach the step and not us. */
static int terminal_signal(const struct boot *boot, const struct process *process)
{
	int number = WIFSIGNALED(process->status)
			     ? WTERMSIG(process->status)
			     : WEXITSTATUS(process->status) - STATUS_SIGNAL_BASE;
	if (boot->plan->table.terminal < 0 && !WIFSIGNALED(process->status))
		return 0;
	return number == SIGINT || number == SIGQUIT ? number : 0;
}

/* "ended with status 1", "was killed by SIGSEGV": how a command ended badly. */
static const char *describe(const struct process *process, char *room, size_t size)
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

static void describe_failure(
	const struct plan_step *step, const struct error *why, int interrupted, struct error *error)
{
	char how[96];
	char room[DURATION_SIZE];
	const struct process *process = step->first;
	const char *elapsed =
		text_duration(process->ended_at - process->started_at, room, sizeof room);
	if (process->failed)
		(void)error_set(
			error, step->failure_status, "%s failed: %s", step->name, why->message);
	else if (interrupted != 0)
		(void)error_set(error, STATUS_SIGNAL_BASE + interrupted,
			"%s was interrupted from the terminal after %s; the app is not started",
			step->name, elapsed);
	else
		(void)error_set(error, step->failure_status, "%s failed: \"%s\" %s, after %s",
			step->name, step->written, describe(process, how, sizeof how), elapsed);
}

static enum boot_result command_failed(const struct boot *boot, const struct plan_step *step,
	const struct error *why, struct error *error)
{
	int interrupted = step->first->failed ? 0 : terminal_signal(boot, step->first);
	describe_failure(step, why, interrupted, error);
	if (!step->continues || boot->stopping || interrupted != 0)
		return BOOT_STEP_FAILED;
	log_warn("%s; on_failure = continue, so boot goes on", error->message);
	return BOOT_STEP_OK;
}

static enum boot_result command_ended(const struct boot *boot, const struct plan_step *step,
	const struct error *why, struct error *error)
{
	char room[DURATION_SIZE];
	const struct process *process = step->first;
	bool well = !process->failed && !process->timed_out && WIFEXITED(process->status) &&
		    WEXITSTATUS(process->status) == 0;
	if (!well)
		return command_failed(boot, step, why, error);
	log_info("%s finished after %s", step->name,
		text_duration(process->ended_at - process->started_at, room, sizeof room));
	return BOOT_STEP_OK;
}

enum boot_result boot_observe(struct boot *boot, struct process *process,
	enum process_change change, const struct error *why, struct error *error)
{
	struct wait_state *wait = wait_of(boot, process);
	const struct plan_step *step = boot_current(boot);
	if (process == boot->plan->keeper && change == PROCESS_HAS_STARTED)
		(void)message_send(process->descriptor, MESSAGE_WAIT, 0, "");
	if (wait != NULL && change == PROCESS_HAS_A_MESSAGE)
		return read_messages(boot, process, wait, error);
	if (wait != NULL && change == PROCESS_HAS_ENDED)
		return wait_ended(process, wait, why, error);
	if (step == NULL || process != step->first || change != PROCESS_HAS_ENDED)
		return BOOT_WORKING;
	return command_ended(boot, step, why, error);
}

bool boot_expire(struct boot *boot, struct error *error)
{
	char room[DURATION_SIZE];
	if (boot->deadline > clock_now())
		return false;
	boot->deadline = CLOCK_NEVER;
	for (size_t i = 0; i < boot->plan->wait_count; i++) {
		const struct wait_state *wait = &boot->plan->waits[i];
		if (wait->ready)
			continue;
		if (error->message[0] != '\0')
			log_error("%s", error->message);
		(void)error_set(error, wait->status != 0 ? wait->status : STATUS_UNAVAILABLE,
			"%s was not usable within wait.timeout = %s: %s", wait->label,
			text_duration(boot->config->wait_timeout, room, sizeof room),
			wait->reason[0] != '\0' ? wait->reason : "no answer of any kind yet");
	}
	return true;
}
