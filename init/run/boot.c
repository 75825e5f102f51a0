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
#define NAMES_SIZE 200

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
	boot->phase = BOOT_RUNNING;
	if (step->written != NULL)
		log_info("%s: %s", step->name, step->written);
	boot->told.status = 0;
	process_start(&boot->plan->table, step->first);
}

static void tell_keeper(const struct boot *boot, enum message_kind kind, int work, int status)
{
	const struct message message = {
		.kind = (int32_t)kind, .work = (uint32_t)work, .status = status};
	const struct process *keeper = boot->plan->keeper;
	if (keeper != NULL)
		(void)message_write(keeper->descriptor, &message);
}

static void start_step(struct boot *boot, const struct plan_step *step)
{
	switch (step->kind) {
	case PLAN_STEP_WAIT:
		start_wait(boot, step);
		break;
	case PLAN_STEP_COORDINATE:
		tell_keeper(boot, MESSAGE_COORDINATE, 0, 0);
		break;
	case PLAN_STEP_COMMAND:
	case PLAN_STEP_CHILD:
		if (step->begins) {
			boot->phase = BOOT_WRITING_BEGUN;
			tell_keeper(boot, MESSAGE_BEGUN, step->work, 0);
		} else {
			start_command(boot, step);
		}
		break;
	case PLAN_STEP_KEEPER:
		boot->ended = (struct error){0};
		boot->phase = BOOT_WRITING_FINISHED;
		tell_keeper(boot, MESSAGE_EXTENSIONS, step->work, 0);
		break;
	case PLAN_STEP_SERVICE:
		log_info("%s: %s", step->name, step->written);
		process_start(&boot->plan->table, step->first);
		break;
	case PLAN_STEP_RELEASE:
		tell_keeper(boot, MESSAGE_RELEASE, 0, 0);
		break;
	}
}

/* Nothing of it is to be waited for: a work that is not due, the release. */
static bool is_passed(const struct boot *boot, const struct plan_step *step)
{
	return step->kind == PLAN_STEP_RELEASE ||
	       (step->work != NO_WORK && (boot->due & work_bit((size_t)step->work)) == 0);
}

bool boot_next(struct boot *boot)
{
	if (boot->begun && boot->step < boot->plan->step_count)
		boot->step++;
	boot->begun = true;
	boot->deadline = CLOCK_NEVER;
	boot->phase = BOOT_IDLE;
	if (boot->plan->keeper != NULL)
		boot->plan->waits[0].reason[0] = '\0'; /* of the step before */
	const struct plan_step *step = boot_current(boot);
	for (; step != NULL && is_passed(boot, step); step = boot_current(boot)) {
		if (step->kind == PLAN_STEP_RELEASE)
			start_step(boot, step);
		boot->step++;
	}
	if (step == NULL)
		return false;
	boot->started_at = clock_now();
	start_step(boot, step);
	return true;
}

struct process *boot_running(const struct boot *boot)
{
	const struct plan_step *step = boot_current(boot);
	bool runs =
		step != NULL && (step->kind == PLAN_STEP_COMMAND || step->kind == PLAN_STEP_CHILD);
	if (!runs)
		return NULL;
	return boot->phase == BOOT_GOING_BACK ? boot->plan->back.first : step->first;
}

bool boot_needs_lock(const struct boot *boot)
{
	const struct process *process = boot_running(boot);
	return process != NULL && boot_current(boot)->work != NO_WORK && process_is_alive(process);
}

static struct wait_state *wait_of(const struct boot *boot, const struct process *process)
{
	for (size_t i = 0; i < boot->plan->step_count; i++) {
		const struct plan_step *step = &boot->plan->steps[i];
		if (step->kind == PLAN_STEP_WAIT && process >= step->first &&
			process < step->first + step->count)
			return &step->waits[process - step->first];
	}
	return NULL;
}

const struct wait_state *boot_waits_for(const struct boot *boot)
{
	const struct plan_step *step = boot_current(boot);
	const struct plan *plan = boot->plan;
	if (step == NULL || step->kind != PLAN_STEP_WAIT)
		return step != NULL && plan->keeper != NULL ? &plan->waits[0] : NULL;
	for (size_t i = 0; i < step->count; i++)
		if (!step->waits[i].ready)
			return &step->waits[i];
	return NULL;
}

static bool all_ready(const struct plan_step *step)
{
	for (size_t i = 0; i < step->count; i++)
		if (!step->waits[i].ready)
			return false;
	return true;
}

/* "seed: ", and nothing for the steps that nobody has configured. */
static const char *prefix_of(const struct plan_step *step, char *room, size_t size)
{
	room[0] = '\0';
	if (step->kind != PLAN_STEP_COORDINATE)
		(void)snprintf(room, size, "%s: ", step->name);
	return room;
}

/* The ledger has it. */
static enum boot_result on_written(
	struct boot *boot, const struct message *message, struct error *error)
{
	if (message->status != 0 && boot->ended.status == 0)
		(void)error_set(&boot->ended, message->status, "%s", message->text);
	else if (message->text[0] != '\0')
		log_warn("%s", message->text);
	if (boot->stopping)
		return BOOT_WORKING;
	if (boot->phase != BOOT_WRITING_FINISHED) {
		if (boot->phase == BOOT_WRITING_BEGUN)
			start_command(boot, boot_current(boot));
		return BOOT_WORKING;
	}
	boot->phase = BOOT_IDLE;
	*error = boot->ended;
	return boot->ended.status == 0 ? BOOT_STEP_OK : BOOT_STEP_FAILED;
}

static enum boot_result on_progress(
	const struct boot *boot, struct wait_state *wait, const struct message *message)
{
	char room[DURATION_SIZE];
	char prefix[NAMES_SIZE];
	const struct plan_step *step = boot_current(boot);
	const char *elapsed = text_duration(clock_now() - boot->started_at, room, sizeof room);
	(void)snprintf(wait->reason, sizeof wait->reason, "%s", message->text);
	if (message->status == 0 && step != NULL) {
		log_info("%s%s", prefix_of(step, prefix, sizeof prefix), message->text);
		return BOOT_WORKING;
	}
	wait->status = message->status;
	if (step == NULL || step->kind == PLAN_STEP_WAIT)
		log_info("waiting for %s, %s so far: %s", wait->label, elapsed, message->text);
	else
		log_info("%swaiting, %s so far: %s", prefix_of(step, prefix, sizeof prefix),
			elapsed, message->text);
	return BOOT_WORKING;
}

static enum boot_result on_ready(
	const struct boot *boot, struct wait_state *wait, const struct message *message)
{
	char room[DURATION_SIZE];
	wait->ready = true;
	log_info("%s is ready after %s%s%s", wait->label,
		text_duration(clock_now() - boot->started_at, room, sizeof room),
		message->text[0] != '\0' ? ": " : "", message->text);
	return all_ready(boot_current(boot)) ? BOOT_STEP_OK : BOOT_WORKING;
}

static enum boot_result on_refused(const struct boot *boot, const struct wait_state *wait,
	const struct message *message, struct error *error)
{
	char room[DURATION_SIZE];
	char prefix[NAMES_SIZE];
	const struct plan_step *step = boot_current(boot);
	const char *elapsed = text_duration(clock_now() - boot->started_at, room, sizeof room);
	if (step == NULL || step->kind == PLAN_STEP_WAIT)
		(void)error_set(error, message->status, "%s cannot be used, after %s: %s",
			wait->label, elapsed, message->text);
	else if (message->status == STATUS_MIGRATION_STATE)
		(void)error_set(error, message->status, "%s", message->text);
	else
		(void)error_set(error, message->status, "%s%s",
			prefix_of(step, prefix, sizeof prefix), message->text);
	return BOOT_STEP_FAILED;
}

static enum boot_result on_settled(struct boot *boot, const struct message *message)
{
	char room[DURATION_SIZE];
	const char *elapsed = text_duration(clock_now() - boot->started_at, room, sizeof room);
	boot->due = 0;
	if (message->status != 0)
		log_warn("migrations: %s; nothing is upgraded or seeded", message->text);
	else
		log_info("migrations: %s; nothing is due, seen in %s", message->text, elapsed);
	return BOOT_STEP_OK;
}

static enum boot_result on_due(struct boot *boot, const struct message *message)
{
	char names[NAMES_SIZE];
	boot->due = message->due;
	log_info("due: %s; migrations: %s",
		work_names(
			boot->plan->works, boot->plan->work_count, boot->due, names, sizeof names),
		message->text);
	return BOOT_STEP_OK;
}

/* There is nothing to do: the rest of the work's commands is left out. */
static enum boot_result on_passed(struct boot *boot, const struct message *message)
{
	const struct plan_step *step = boot_current(boot);
	if (boot->stopping || boot->phase != BOOT_WRITING_BEGUN)
		return BOOT_WORKING;
	log_info("%s: %s", boot->plan->works[step->work].kind, message->text);
	boot->due &= ~work_bit((size_t)step->work);
	boot->phase = BOOT_IDLE;
	return BOOT_STEP_OK;
}

/* --- the way back ---------------------------------------------------------------------------- */

static void write_finished(struct boot *boot, int status)
{
	boot->phase = BOOT_WRITING_FINISHED;
	tell_keeper(boot, MESSAGE_FINISHED, boot_current(boot)->work, status);
}

static bool is_upgrade(const struct boot *boot, const struct plan_step *step)
{
	return step->work != NO_WORK &&
	       text_equal(boot->plan->works[step->work].kind, WORK_UPGRADE);
}

/* Is there one for this failure? An interrupted command, or one that never ran, has none. */
static bool has_way_back(const struct boot *boot, const struct plan_step *step)
{
	const struct process *process = step->first;
	return boot->plan->back.first != NULL && is_upgrade(boot, step) && !process->failed &&
	       boot->ended.status < STATUS_SIGNAL_BASE;
}

static enum boot_result go_back(struct boot *boot, const struct message *message)
{
	struct plan *plan = boot->plan;
	if (boot->stopping || boot->phase != BOOT_ASKING_BACK)
		return BOOT_WORKING;
	const char *revision = message->text[0] != '\0' ? message->text : "base";
	(void)snprintf(plan->revision_variable, sizeof plan->revision_variable,
		REVISION_VARIABLE "%s", revision);
	log_warn("%s: back to %s%s%s", plan->back.name, revision,
		plan->back.written != NULL ? ": " : "",
		plan->back.written != NULL ? plan->back.written : "");
	boot->phase = BOOT_GOING_BACK;
	boot->told.status = 0;
	process_start(&plan->table, plan->back.first);
	return BOOT_WORKING;
}

static void tell_backup(const struct boot *boot)
{
	if (boot->backup[0] != '\0')
		log_info("the backup from before it: tminus restore %s", boot->backup);
}

static enum boot_result stay(struct boot *boot, const struct message *message)
{
	if (boot->stopping || boot->phase != BOOT_ASKING_BACK)
		return BOOT_WORKING;
	(void)error_set(&boot->ended, boot->ended.status,
		"the upgrade failed, as said above; %s: nothing is done: %s", boot->plan->back.name,
		message->text);
	tell_backup(boot);
	write_finished(boot, 1);
	return BOOT_WORKING;
}

/* Is somebody waiting for that, from this child? A second "ready", behind the wait, is nobody's. */
static bool is_expected(
	const struct boot *boot, const struct wait_state *wait, enum message_kind kind)
{
	const struct plan_step *step = boot_current(boot);
	if (kind == MESSAGE_READY)
		return step != NULL && step->kind == PLAN_STEP_WAIT && wait >= step->waits &&
		       wait < step->waits + step->count;
	if (kind == MESSAGE_SETTLED || kind == MESSAGE_DUE)
		return step != NULL && step->kind == PLAN_STEP_COORDINATE &&
		       wait == &boot->plan->waits[0];
	return true;
}

static enum boot_result on_message(struct boot *boot, struct wait_state *wait,
	const struct message *message, struct error *error)
{
	if (!is_expected(boot, wait, (enum message_kind)message->kind))
		return BOOT_WORKING;
	switch ((enum message_kind)message->kind) {
	case MESSAGE_PROGRESS:
		return on_progress(boot, wait, message);
	case MESSAGE_READY:
		return on_ready(boot, wait, message);
	case MESSAGE_SETTLED:
		return on_settled(boot, message);
	case MESSAGE_DUE:
		return on_due(boot, message);
	case MESSAGE_WRITTEN:
		return on_written(boot, message, error);
	case MESSAGE_PASSED:
		return on_passed(boot, message);
	case MESSAGE_GO_BACK:
		return go_back(boot, message);
	case MESSAGE_STAY:
		return stay(boot, message);
	case MESSAGE_REFUSED:
		return on_refused(boot, wait, message, error);
	case MESSAGE_WAIT:
	case MESSAGE_COORDINATE:
	case MESSAGE_BEGUN:
	case MESSAGE_FINISHED:
	case MESSAGE_EXTENSIONS:
	case MESSAGE_BACK:
	case MESSAGE_RELEASE:
	case MESSAGE_KEY:
	case MESSAGE_KINDS:
		break;
	}
	return BOOT_WORKING;
}

/* Every message that is there. The end of the channel is told by the exit of its process. */
static enum boot_result read_messages(
	struct boot *boot, struct process *process, struct wait_state *wait, struct error *error)
{
	struct message message;
	enum boot_result result = BOOT_WORKING;
	while (result == BOOT_WORKING &&
		message_take(process->descriptor, &message) == MESSAGE_TAKEN)
		result = on_message(boot, wait, &message, error);
	return result;
}

/* "/backups/shop-20261121.dump, 8.1 kB, in 73 ms": the file's name is for who has to go back. */
static void keep_backup(struct boot *boot, const char *text)
{
	size_t length = strcspn(text, ",");
	if (length < sizeof boot->backup)
		(void)snprintf(boot->backup, sizeof boot->backup, "%.*s", (int)length, text);
}

/* It stands in every environment, as "NAME=" so far. */
static void keep_key(const struct boot *boot, const struct message *message)
{
	if (message->work < boot->plan->key_count)
		(void)snprintf(boot->plan->keys[message->work].variable, FILES_KEY_SIZE, "%s",
			message->text);
}

/* What a backup or a restore says of itself. */
static void read_child(struct boot *boot, const struct process *process)
{
	struct message message;
	while (message_take(process->descriptor, &message) == MESSAGE_TAKEN)
		if (message.kind == MESSAGE_REFUSED) {
			if (boot->told.status != 0)
				log_error("%s", boot->told.message);
			(void)error_set(&boot->told, message.status, "%s", message.text);
		} else if (message.kind == MESSAGE_KEY) {
			keep_key(boot, &message);
		} else if (message.kind == MESSAGE_PROGRESS && message.status != 0) {
			log_warn("%s", message.text);
		} else if (message.kind == MESSAGE_PROGRESS || message.kind == MESSAGE_READY) {
			log_info("%s: %s", process->kind.name, message.text);
			if (message.kind == MESSAGE_READY &&
				text_equal(process->kind.name, WORK_BACKUP))
				keep_backup(boot, message.text);
		}
}

/* Is it the keeper, and does boot still need it? */
static bool is_needed(
	const struct boot *boot, const struct process *process, const struct wait_state *wait)
{
	const struct plan_step *step = boot_current(boot);
	if (boot->stopping)
		return false;
	if (!wait->ready)
		return true;
	return process == boot->plan->keeper && step != NULL &&
	       (step->kind == PLAN_STEP_COORDINATE || step->work != NO_WORK);
}

/* Ctrl-C and Ctrl-\ on a terminal reach the step and not us, and what waits before it has left our
 * group as well as us. */
static int terminal_signal(const struct boot *boot, const struct process *process)
{
	int number = WIFSIGNALED(process->status)
			     ? WTERMSIG(process->status)
			     : WEXITSTATUS(process->status) - STATUS_SIGNAL_BASE;
	if (boot->plan->table.terminal < 0 && !WIFSIGNALED(process->status))
		return 0;
	return number == SIGINT || number == SIGQUIT ? number : 0;
}

static enum boot_result wait_ended(const struct boot *boot, const struct process *process,
	const struct wait_state *wait, const struct error *why, struct error *error)
{
	char room[SIGNAL_NAME_SIZE];
	const char *task = wait->ready ? "holds the lock in" : "waits for";
	int key = terminal_signal(boot, process);
	if (!is_needed(boot, process, wait))
		return BOOT_WORKING;
	if (process->failed)
		(void)error_set(error, why->status, "%s", why->message);
	else if (WIFSIGNALED(process->status))
		(void)error_set(error, key != 0 ? STATUS_SIGNAL_BASE + key : STATUS_INTERNAL,
			"the process that %s %s was killed by SIG%s", task, wait->label,
			signal_name(WTERMSIG(process->status), room, sizeof room));
	else
		(void)error_set(error, STATUS_INTERNAL,
			"the process that %s %s ended with status %d before it had an answer", task,
			wait->label, WEXITSTATUS(process->status));
	return BOOT_STEP_FAILED;
}

static void describe_failure(const struct boot *boot, const struct plan_step *step,
	const struct error *why, int interrupted, struct error *error)
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
	else if (boot->told.status == STATUS_CONFIG)
		*error = boot->told;
	else if (boot->told.status != 0)
		(void)error_set(
			error, boot->told.status, "%s failed: %s", step->name, boot->told.message);
	else if (step->written == NULL)
		(void)error_set(error, step->failure_status, "%s failed: it %s, after %s",
			step->name, process_end(process, how, sizeof how), elapsed);
	else
		(void)error_set(error, step->failure_status, "%s failed: \"%s\" %s, after %s",
			step->name, step->written, process_end(process, how, sizeof how), elapsed);
}

/* What a command's end means for boot. */
static enum boot_result judge(const struct boot *boot, const struct plan_step *step,
	const struct error *why, struct error *error)
{
	char room[DURATION_SIZE];
	const struct process *process = step->first;
	if (process_went_well(process)) {
		const char *elapsed =
			text_duration(process->ended_at - process->started_at, room, sizeof room);
		if (process->status == 0)
			log_info("%s finished after %s", step->name, elapsed);
		else
			log_info("%s finished after %s with status %d, which counts as done "
				 "(ok_exit)",
				step->name, elapsed, WEXITSTATUS(process->status));
		return BOOT_STEP_OK;
	}
	int interrupted = process->failed ? 0 : terminal_signal(boot, process);
	describe_failure(boot, step, why, interrupted, error);
	if (step->own_status && !process->failed && !process->timed_out && interrupted == 0)
		error->status = WIFSIGNALED(process->status)
					? STATUS_SIGNAL_BASE + WTERMSIG(process->status)
					: WEXITSTATUS(process->status);
	if (!step->continues || boot->stopping || interrupted != 0)
		return BOOT_STEP_FAILED;
	log_warn("%s; on_failure = continue, so boot goes on", error->message);
	error->status = 0;
	return BOOT_STEP_OK;
}

/* What the ledger has to know is written down before boot goes on, or ends. */
static enum boot_result command_ended(struct boot *boot, const struct plan_step *step,
	const struct error *why, struct error *error)
{
	bool well = process_went_well(step->first);
	enum boot_result result = judge(boot, step, why, error);
	boot->phase = BOOT_IDLE;
	if (step->work == NO_WORK || boot->stopping || (well && !step->ends) ||
		!process_is_alive(boot->plan->keeper))
		return result;
	boot->ended = *error;
	boot->ended.status = result == BOOT_STEP_OK ? 0 : error->status;
	if (result == BOOT_STEP_FAILED && has_way_back(boot, step)) {
		log_error("%s", error->message);
		boot->phase = BOOT_ASKING_BACK;
		tell_keeper(boot, MESSAGE_BACK, step->work, 0);
	} else {
		if (result == BOOT_STEP_FAILED && is_upgrade(boot, step))
			tell_backup(boot);
		write_finished(boot, well ? 0 : 1);
	}
	return BOOT_WORKING;
}

/* The upgrade has failed either way; what is in the database now is what counts. */
static enum boot_result back_ended(struct boot *boot, const struct error *why)
{
	struct error error = {0};
	const struct plan_step *back = &boot->plan->back;
	if (boot->stopping)
		return BOOT_WORKING;
	if (process_went_well(back->first)) {
		(void)error_set(&boot->ended, boot->ended.status,
			"the upgrade failed, as said above; the database is again as it was "
			"before (%s)",
			back->name);
	} else {
		describe_failure(boot, back, why, 0, &error);
		(void)error_set(&boot->ended, boot->ended.status,
			"the upgrade failed, as said above, and so did the way back: %s",
			error.message);
	}
	write_finished(boot, 1);
	return BOOT_WORKING;
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
		return wait_ended(boot, process, wait, why, error);
	const struct process *running = boot_running(boot);
	if (running == NULL || process != running)
		return BOOT_WORKING;
	if (running->kind.entry != NULL && change == PROCESS_HAS_A_MESSAGE)
		read_child(boot, process);
	if (change != PROCESS_HAS_ENDED)
		return BOOT_WORKING;
	if (boot->phase == BOOT_GOING_BACK)
		return back_ended(boot, why);
	return command_ended(boot, step, why, error);
}

bool boot_expire(struct boot *boot, struct error *error)
{
	char room[DURATION_SIZE];
	if (boot->deadline > clock_now())
		return false;
	boot->deadline = CLOCK_NEVER;
	const struct plan_step *step = boot_current(boot);
	for (size_t i = 0; i < step->count; i++) {
		const struct wait_state *wait = &step->waits[i];
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
