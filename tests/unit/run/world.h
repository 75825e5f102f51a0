/*
 * Processes that are made up: PID 1's state machine, fed without a fork. run/run.c is included
 * before this, so that its table can be fed; the program is linked with --wrap for each function
 * here.
 */
#ifndef TMINUS_TESTS_RUN_WORLD_H
#define TMINUS_TESTS_RUN_WORLD_H

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define WORLD_ROWS 16
#define WORLD_PIDS 64
#define WORLD_FIRST_PID 0x40000000 /* beyond every kernel's */

static struct {
	struct run run;
	struct manner manner;
	struct process rows[WORLD_ROWS]; /* as the plan made them */
	struct wait_state waits[WORLD_ROWS];
	struct supervised supervised[WORLD_ROWS];
	int ends[WORLD_ROWS];	   /* the children's, by row; -1 when it has none */
	int signalled[WORLD_PIDS]; /* the last signal to each pid, CONT aside */
	int to_all;		   /* the last signal to everybody */
	size_t strangers;	   /* processes that live and are no rows */
	pid_t next;
	pid_t exited; /* what waitpid(2) tells next; 0: nobody has ended */
	int status;
	bool confirms; /* what exec's reports say */
	bool refuses;  /* fork does */
} world;

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker wants them */
int __wrap_spawn_command(const struct command *command, struct spawned *child, struct error *error);
int __wrap_spawn_child(
	spawn_function *entry, void *context, struct spawned *child, struct error *error);
enum spawn_report __wrap_spawn_report(int descriptor);
pid_t __wrap_waitpid(pid_t pid, int *status, int options);
int __wrap_kill(pid_t pid, int signal);
void __wrap_descendants_signal(int signal);
const char *__wrap_descendants_names(char *room, size_t size);
void __wrap_log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *__asan_default_options(void);

/* A plan lives as long as its process, and has no end that a leak could be told from. */
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

static int world_spawn(struct spawned *child, int *other, struct error *error)
{
	int ends[2];
	if (world.refuses) {
		errno = EPERM;
		return error_set(error, STATUS_INTERNAL, "fork is refused");
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends) != 0)
		abort();
	*child = (struct spawned){.pid = world.next++, .descriptor = ends[0]};
	*other = ends[1];
	return 0;
}

int __wrap_spawn_command(const struct command *command, struct spawned *child, struct error *error)
{
	int report;
	(void)command;
	return world_spawn(child, &report, error) == 0 ? close(report) : -1;
}

int __wrap_spawn_child(
	spawn_function *entry, void *context, struct spawned *child, struct error *error)
{
	(void)entry;
	for (size_t i = 0; i < world.run.plan->table.count; i++)
		if (world.run.plan->table.rows[i].kind.context == context)
			return world_spawn(child, &world.ends[i], error);
	return -1;
}

enum spawn_report __wrap_spawn_report(int descriptor)
{
	(void)descriptor;
	return world.confirms ? SPAWN_SUCCEEDED : SPAWN_PENDING;
}

static bool world_has_child(void)
{
	const struct process_table *table = &world.run.plan->table;
	for (size_t i = 0; i < table->count; i++)
		if (table->rows[i].pid > 0)
			return true;
	return world.strangers > 0;
}

pid_t __wrap_waitpid(pid_t pid, int *status, int options)
{
	(void)pid;
	(void)options;
	pid_t exited = world.exited;
	*status = world.status;
	world.exited = 0;
	if (exited > 0 || world_has_child())
		return exited;
	errno = ECHILD;
	return -1;
}

int __wrap_kill(pid_t pid, int signal)
{
	pid_t at = (pid < 0 ? -pid : pid) - WORLD_FIRST_PID;
	if (at >= 0 && at < WORLD_PIDS && signal != SIGCONT)
		world.signalled[at] = signal;
	return 0;
}

void __wrap_descendants_signal(int signal)
{
	world.to_all = signal;
}

const char *__wrap_descendants_names(char *room, size_t size)
{
	(void)snprintf(room, size, "nobody");
	return room;
}

/* Formatted, and not printed. */
void __wrap_log_error(const char *format, ...)
{
	char line[4096];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
}
/* NOLINTEND(bugprone-reserved-identifier) */

/* Keeps plan as it is, for every world_begin. */
static void world_keep(struct config *config, struct plan *plan)
{
	if (plan->table.count > WORLD_ROWS || plan->services.count > WORLD_ROWS)
		abort();
	world.run.config = config;
	world.run.plan = plan;
	memcpy(world.rows, plan->table.rows, plan->table.count * sizeof *world.rows);
	if (plan->wait_count > 0)
		memcpy(world.waits, plan->waits, plan->wait_count * sizeof *world.waits);
	memcpy(world.supervised, plan->services.all,
		plan->services.count * sizeof *world.supervised);
}

/* Once more from the first step on. */
static void world_begin(void)
{
	const struct config *config = world.run.config;
	struct plan *plan = world.run.plan;
	memcpy(plan->table.rows, world.rows, plan->table.count * sizeof *world.rows);
	if (plan->wait_count > 0)
		memcpy(plan->waits, world.waits, plan->wait_count * sizeof *world.waits);
	memcpy(plan->services.all, world.supervised,
		plan->services.count * sizeof *world.supervised);
	memset(world.ends, -1, sizeof world.ends);
	memset(world.signalled, 0, sizeof world.signalled);
	world.next = WORLD_FIRST_PID;
	world.strangers = 0;
	world.to_all = 0;
	world.confirms = world.refuses = false;
	signal_map_identity(world.manner.becomes);
	world.run = (struct run){.config = config,
		.plan = plan,
		.manner = &world.manner,
		.signals = -1,
		.deadline = CLOCK_NEVER,
		.trim_at = CLOCK_NEVER,
		.notify = {.descriptor = -1},
		.jobs = {.timer = -1}};
	plan->table.observer = observe;
	plan->table.context = &world.run;
	boot_begin(&world.run.boot, config, plan);
	world.run.state = next_step(&world.run);
}

static void world_end(void)
{
	const struct process_table *table = &world.run.plan->table;
	for (size_t i = 0; i < table->count; i++) {
		if (table->rows[i].descriptor >= 0)
			(void)close(table->rows[i].descriptor);
		if (world.ends[i] >= 0)
			(void)close(world.ends[i]);
	}
	jobs_end(&world.run.jobs);
}

/* What the loop does behind poll(2). */
static void world_turn(void)
{
	table_read(&world.run.plan->table);
	table_reap(&world.run.plan->table);
	conclude(&world.run);
	expire(&world.run);
	conclude(&world.run);
}

/* Time goes by, up to that deadline. */
static void world_hurry(int64_t *deadline)
{
	if (*deadline != CLOCK_NEVER)
		*deadline = 0;
}

#endif
