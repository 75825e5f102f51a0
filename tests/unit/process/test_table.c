/* The table of processes, with real children. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "process/signals.h"
#include "process/table.h"

#define OVERALL_LIMIT 10000

static char *no_environment[] = {NULL};

struct observed {
	int started;
	int ended;
	int messages;
	struct error error;
};

static void observe(void *context, struct process *process, enum process_change change,
	const struct error *error)
{
	struct observed *seen = context;
	seen->started += change == PROCESS_HAS_STARTED;
	seen->ended += change == PROCESS_HAS_ENDED;
	seen->messages += change == PROCESS_HAS_A_MESSAGE;
	if (error != NULL)
		seen->error = *error;
	(void)process;
}

/* One turn of a loop like PID 1's. */
static void turn(struct process_table *table, int signals)
{
	struct pollfd ready[8] = {{.fd = signals, .events = POLLIN}};
	struct arrival arrival;
	size_t count = 1 + table_descriptors(table, ready + 1);
	(void)poll(
		ready, count, clock_left(clock_earlier(table_deadline(table), clock_now() + 1000)));
	table_read(table);
	while (signals_pending(signals) && signals_take(signals, &arrival, 1) > 0) {
	}
	table_expire(table);
	table_reap(table);
}

struct bench {
	struct process row;
	struct process_table table;
	struct observed seen;
	int signals;
};

static void prepare(struct bench *bench, char *const *argv)
{
	memset(bench, 0, sizeof *bench);
	signals_block();
	bench->signals = signals_open();
	assert_true(bench->signals >= 0);
	bench->row.kind.name = "a child";
	bench->row.kind.command =
		(struct command){.argv = argv, .environment = no_environment, .terminal = -1};
	bench->row.descriptor = -1;
	bench->table = (struct process_table){.rows = &bench->row,
		.count = 1,
		.observer = observe,
		.context = &bench->seen,
		.terminal = -1};
}

static void run_until(struct bench *bench, enum process_state state)
{
	int64_t limit = clock_now() + OVERALL_LIMIT;
	while (bench->row.state != state) {
		assert_true(clock_now() < limit);
		turn(&bench->table, bench->signals);
	}
}

static void finish(struct bench *bench)
{
	(void)close(bench->signals);
	signals_unblock();
}

static void a_command_starts_and_its_status_is_kept(void **state)
{
	struct bench bench;
	char *argv[] = {"/bin/sh", "-c", "exit 42", NULL};
	(void)state;
	prepare(&bench, argv);
	process_start(&bench.table, &bench.row);
	assert_int_equal(bench.row.state, PROCESS_STARTING);
	run_until(&bench, PROCESS_ENDED);
	assert_int_equal(bench.seen.started, 1);
	assert_int_equal(bench.seen.ended, 1);
	assert_true(WIFEXITED(bench.row.status));
	assert_int_equal(WEXITSTATUS(bench.row.status), 42);
	assert_false(bench.row.failed);
	assert_true(bench.table.all_gone);
	finish(&bench);
}

static void a_command_that_is_not_there_ends_without_having_started(void **state)
{
	struct bench bench;
	char *argv[] = {"/nonexistent/command", NULL};
	(void)state;
	prepare(&bench, argv);
	process_start(&bench.table, &bench.row);
	run_until(&bench, PROCESS_ENDED);
	assert_int_equal(bench.seen.started, 0);
	assert_int_equal(bench.seen.ended, 1);
	assert_true(bench.row.failed);
	assert_int_equal(bench.seen.error.status, STATUS_NOT_FOUND);
	assert_non_null(strstr(bench.seen.error.message, "/nonexistent/command"));
	finish(&bench);
}

static void a_time_limit_ends_a_command_and_is_remembered(void **state)
{
	struct bench bench;
	char *argv[] = {"/bin/sleep", "1000", NULL};
	(void)state;
	prepare(&bench, argv);
	bench.row.kind.time_limit = 20;
	bench.row.kind.to_group = true;
	process_start(&bench.table, &bench.row);
	run_until(&bench, PROCESS_ENDED);
	assert_true(bench.row.timed_out);
	assert_true(WIFSIGNALED(bench.row.status));
	assert_int_equal(WTERMSIG(bench.row.status), SIGTERM);
	finish(&bench);
}

static void a_command_that_ignores_term_is_killed_after_the_grace(void **state)
{
	struct bench bench;
	int trapped[2];
	char byte;
	char *argv[] = {
		"/bin/sh", "-c", "trap '' TERM; echo >&9; while :; do sleep 1000; done", NULL};
	(void)state;
	assert_int_equal(pipe(trapped), 0);
	assert_int_equal(dup2(trapped[1], 9), 9);
	prepare(&bench, argv);
	bench.row.kind.grace = 20;
	bench.row.kind.to_group = true;
	process_start(&bench.table, &bench.row);
	run_until(&bench, PROCESS_RUNNING);
	assert_int_equal(read(trapped[0], &byte, 1), 1);
	process_stop(&bench.table, &bench.row, SIGTERM);
	assert_int_equal(bench.row.state, PROCESS_STOPPING);
	run_until(&bench, PROCESS_ENDED);
	assert_true(WIFSIGNALED(bench.row.status));
	assert_int_equal(WTERMSIG(bench.row.status), SIGKILL);
	(void)close(trapped[0]);
	(void)close(trapped[1]);
	(void)close(9);
	finish(&bench);
}

static void a_stopped_process_is_continued_so_that_it_can_end(void **state)
{
	struct bench bench;
	char *argv[] = {"/bin/sh", "-c", "kill -STOP $$; sleep 1000", NULL};
	(void)state;
	prepare(&bench, argv);
	process_start(&bench.table, &bench.row);
	run_until(&bench, PROCESS_RUNNING);
	siginfo_t info = {0};
	assert_int_equal(waitid(P_PID, (id_t)bench.row.pid, &info, WSTOPPED | WNOWAIT), 0);
	process_stop(&bench.table, &bench.row, SIGTERM);
	run_until(&bench, PROCESS_ENDED);
	assert_int_equal(WTERMSIG(bench.row.status), SIGTERM);
	finish(&bench);
}

static void what_may_finish_is_not_signalled_before_its_grace_is_over(void **state)
{
	struct bench bench;
	int gate[2];
	char *argv[] = {"/bin/sh", "-c", "read line; exit 5", NULL};
	(void)state;
	assert_int_equal(pipe(gate), 0);
	int saved = dup(STDIN_FILENO);
	assert_int_equal(dup2(gate[0], STDIN_FILENO), STDIN_FILENO);
	prepare(&bench, argv);
	bench.row.kind.finish = true;
	bench.row.kind.grace = OVERALL_LIMIT;
	process_start(&bench.table, &bench.row);
	run_until(&bench, PROCESS_RUNNING);
	process_stop(&bench.table, &bench.row, SIGTERM);
	assert_int_equal(write(gate[1], "go\n", 3), 3);
	run_until(&bench, PROCESS_ENDED);
	assert_true(WIFEXITED(bench.row.status));
	assert_int_equal(WEXITSTATUS(bench.row.status), 5);
	(void)dup2(saved, STDIN_FILENO);
	(void)close(saved);
	(void)close(gate[0]);
	(void)close(gate[1]);
	finish(&bench);
}

static int say_hello(void *context, int channel)
{
	char end;
	(void)context;
	if (write(channel, "hello", 5) != 5)
		return 1;
	return read(channel, &end, 1) == 0 ? 7 : 1;
}

static void a_function_has_a_channel_and_leaves_when_it_is_dismissed(void **state)
{
	struct bench bench;
	char text[8] = "";
	(void)state;
	prepare(&bench, NULL);
	bench.row.kind.entry = say_hello;
	process_start(&bench.table, &bench.row);
	assert_int_equal(bench.row.state, PROCESS_RUNNING);
	assert_int_equal(bench.seen.started, 1);
	struct pollfd channel = {.fd = bench.row.descriptor, .events = POLLIN};
	assert_int_equal(poll(&channel, 1, OVERALL_LIMIT), 1);
	assert_int_equal(read(bench.row.descriptor, text, sizeof text), 5);
	process_dismiss(&bench.row, OVERALL_LIMIT);
	run_until(&bench, PROCESS_ENDED);
	assert_int_equal(WEXITSTATUS(bench.row.status), 7);
	finish(&bench);
}

static void an_ended_row_can_start_again(void **state)
{
	struct bench bench;
	char *argv[] = {"/bin/true", NULL};
	(void)state;
	prepare(&bench, argv);
	for (int i = 1; i <= 3; i++) {
		process_start(&bench.table, &bench.row);
		run_until(&bench, PROCESS_ENDED);
		assert_int_equal(bench.seen.ended, i);
	}
	finish(&bench);
}

static void events_that_a_state_does_not_know_change_nothing(void **state)
{
	struct bench bench;
	char *argv[] = {"/bin/true", NULL};
	(void)state;
	prepare(&bench, argv);
	process_stop(&bench.table, &bench.row, SIGTERM);
	assert_int_equal(bench.row.state, PROCESS_IDLE);
	process_start(&bench.table, &bench.row);
	pid_t pid = bench.row.pid;
	process_start(&bench.table, &bench.row);
	assert_int_equal(bench.row.pid, pid);
	run_until(&bench, PROCESS_ENDED);
	process_stop(&bench.table, &bench.row, SIGTERM);
	assert_int_equal(bench.row.state, PROCESS_ENDED);
	assert_int_equal(bench.seen.ended, 1);
	finish(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_starts_and_its_status_is_kept),
		cmocka_unit_test(a_command_that_is_not_there_ends_without_having_started),
		cmocka_unit_test(a_time_limit_ends_a_command_and_is_remembered),
		cmocka_unit_test(a_command_that_ignores_term_is_killed_after_the_grace),
		cmocka_unit_test(a_stopped_process_is_continued_so_that_it_can_end),
		cmocka_unit_test(what_may_finish_is_not_signalled_before_its_grace_is_over),
		cmocka_unit_test(a_function_has_a_channel_and_leaves_when_it_is_dismissed),
		cmocka_unit_test(an_ended_row_can_start_again),
		cmocka_unit_test(events_that_a_state_does_not_know_change_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
