/* PID 1 and children that say anything at any time: a line is an event, and the messages of keeper,
 * wait targets and children of our own may be of every kind, with every field. Whatever comes, PID
 * 1 goes on, a boot that did not reach its end is a failure, and the app starts behind it alone.
 * The source is part of this program, so that its table can be fed; its processes are made up. */
#include <stdint.h>

#include "../../init/run/run.c" /* NOLINT(bugprone-suspicious-include) */
#include "../unit/run/world.h"
#include "steps/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Every kind of step and row. */
static void load(void)
{
	static char *argv[] = {"sleep", "1000", NULL};
	static char *environment[] = {"PATH=/bin:/usr/bin",
		"DATABASE_URL=postgres://app:secret@db/shop",
		"TMINUS_WAIT_TARGETS=tcp://a:1 tcp://b:2", "TMINUS_UPGRADE_COMMAND=up",
		"TMINUS_UPGRADE_ON_FAILURE=rollback", "TMINUS_UPGRADE_ROLLBACK=down",
		"TMINUS_VERIFY_COMMAND=verify", "TMINUS_SEED_ALL=seed",
		"TMINUS_BACKUP_DIRECTORY=/backups", NULL};
	static const char *const settings[] = {"key.TOKEN.file=/run/token",
		"step.collect.command=collect", "service.early.command=early",
		"service.early.after=boot", "service.early.ready=tcp://c:3",
		"service.late.command=late", "service.late.restart=always"};
	struct config_request request = {.app_argv = argv, .environment = environment};
	struct faults faults = {0};
	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
		list_append(&request.set, settings[i]);
	struct config *config;
	if (config_load(&request, &config, &faults) != 0)
		abort();
	list_clear(&request.set);
	static struct config_request call;
	const struct plan_request wanted = {.scope = PLAN_RUN, .terminal = -1, .call = &call};
	world_keep(config, plan_new(config, &wanted));
	log_configure(LOG_ERROR, LOG_TEXT, LOG_COLOR_NEVER);
}

static void check(void)
{
	const struct run *run = &world.run;
	size_t commands = 0;
	for (size_t i = 0; i < run->plan->step_count; i++) {
		const struct plan_step *step = &run->plan->steps[i];
		bool runs = step->kind == PLAN_STEP_COMMAND || step->kind == PLAN_STEP_CHILD;
		commands += runs && process_is_alive(step->first);
	}
	if (commands > 1 || run->state > RUN_STATES)
		abort();
	if (run->state == RUN_DONE && !run->plan->app->confirmed && !run->decided &&
		(run->status <= 0 || run->status > UINT8_MAX))
		abort();
	if (run->plan->app->pid > 0 && !boot_is_over(&run->boot))
		abort();
}

/* How much of a line is before the text of a message. */
#define HEAD 7

/* The row's child says: kind, status, due, work, and the rest of the line as text. */
static void say(size_t row, const char *line, size_t length)
{
	char room[sizeof(struct message)] = {0};
	struct message *message = (struct message *)(void *)room;
	if (world.ends[row] < 0 || length < HEAD)
		return;
	message->kind = line[2] - 'a';
	message->status = (line[3] - '0') * (line[4] == '-' ? -1 : 1) + (line[4] == '+' ? 256 : 0);
	message->due = (uint64_t)(line[5] - '0') * (line[5] == 'z' ? UINT64_MAX : 1);
	message->work = (uint32_t)(line[6] - '0');
	memcpy(message->text, line + HEAD,
		length - HEAD < sizeof message->text ? length - HEAD : sizeof message->text);
	size_t size = line[4] == '.' ? length : sizeof room;
	(void)send(world.ends[row], room, size < sizeof room ? size : sizeof room, MSG_NOSIGNAL);
}

/* m: a message; x: its exit, with a status; d: its deadline; s: a signal; c: exec is confirmed from
 * now on, or not; f: fork is refused, or not; w: the limit of a wait; r: the run's own. */
static void happen(const char *line, size_t length)
{
	struct process_table *table = &world.run.plan->table;
	size_t row = (size_t)(unsigned char)(line[1] - '0') % table->count;
	struct process *process = &table->rows[row];
	switch (line[0]) {
	case 'm':
		say(row, line, length);
		break;
	case 'x':
		world.exited = process->pid;
		world.status = length > 2 ? (line[2] & 0xf) << 8 : SIGKILL;
		break;
	case 'd':
		world_hurry(&process->deadline);
		break;
	case 's':
		on_signal(&world.run, &(struct arrival){.number = 1 + (line[1] & 0x3f)});
		break;
	case 'c':
		world.confirms = !world.confirms;
		break;
	case 'f':
		world.refuses = !world.refuses;
		break;
	case 'w':
		world_hurry(&world.run.boot.deadline);
		break;
	case 'r':
		world_hurry(&world.run.deadline);
		break;
	default:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const char *text = (const char *)bytes;
	const char *stop = text + size;
	if (world.run.plan == NULL)
		load();
	world_begin();
	while (text < stop && world.run.state != RUN_DONE) {
		const char *next = memchr(text, '\n', (size_t)(stop - text));
		size_t length = (size_t)((next != NULL ? next : stop) - text);
		if (length >= 2) {
			happen(text, length);
			world_turn();
			check();
		}
		text += length + 1;
	}
	world_end();
	return 0;
}
