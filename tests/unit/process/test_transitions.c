/* The table of processes is total: every event in every state of a row does what process/table.h
 * says, and nothing else. With real children; the states are set by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "process/signals.h"
#include "process/table.h"

#define SAME PROCESS_STATES

static const char *const states[PROCESS_STATES] = {
	[PROCESS_IDLE] = "IDLE",
	[PROCESS_DELAYED] = "DELAYED",
	[PROCESS_STARTING] = "STARTING",
	[PROCESS_RUNNING] = "RUNNING",
	[PROCESS_STOPPING] = "STOPPING",
	[PROCESS_KILLING] = "KILLING",
	[PROCESS_ENDED] = "ENDED",
	[PROCESS_RESTING] = "RESTING",
};

static const char *const events[PROCESS_EVENTS] = {
	[PROCESS_START] = "START",
	[PROCESS_STARTED] = "STARTED",
	[PROCESS_EXIT] = "EXIT",
	[PROCESS_DEADLINE] = "DEADLINE",
	[PROCESS_STOP] = "STOP",
};

/* clang-format off */
static const enum process_state follows[PROCESS_STATES][PROCESS_EVENTS] = {
	/*                      START             STARTED          EXIT           DEADLINE          STOP */
	[PROCESS_IDLE]     = {PROCESS_STARTING, SAME,            SAME,          SAME,             SAME},
	[PROCESS_DELAYED]  = {SAME,             SAME,            SAME,          PROCESS_STARTING, PROCESS_ENDED},
	[PROCESS_STARTING] = {SAME,             PROCESS_RUNNING, PROCESS_ENDED, PROCESS_STOPPING, PROCESS_STOPPING},
	[PROCESS_RUNNING]  = {SAME,             SAME,            PROCESS_ENDED, PROCESS_STOPPING, PROCESS_STOPPING},
	[PROCESS_STOPPING] = {SAME,             SAME,            PROCESS_ENDED, PROCESS_KILLING,  SAME},
	[PROCESS_KILLING]  = {SAME,             SAME,            PROCESS_ENDED, SAME,             SAME},
	[PROCESS_ENDED]    = {PROCESS_STARTING, SAME,            SAME,          SAME,             SAME},
	[PROCESS_RESTING]  = {SAME,             SAME,            SAME,          PROCESS_STARTING, PROCESS_ENDED},
};
/* clang-format on */

static bool has_child(enum process_state state)
{
	return state >= PROCESS_STARTING && state <= PROCESS_KILLING;
}

static void observe(void *context, struct process *process, enum process_change change,
	const struct error *error)
{
	int *changes = context;
	*changes += 1;
	(void)process;
	(void)change;
	(void)error;
}

/* A child that sleeps, as spawn_command would have made it; its report is at its end already. */
static void give_child(struct process *row)
{
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	row->pid = fork();
	if (row->pid == 0) {
		(void)close(ends[1]);
		signals_unblock();
		for (;;)
			(void)pause();
	}
	(void)close(ends[1]);
	struct pollfd report = {.fd = ends[0], .events = POLLIN};
	assert_int_equal(poll(&report, 1, 10000), 1);
	row->descriptor = ends[0];
}

static void feed(struct process_table *table, enum process_event event)
{
	struct process *row = &table->rows[0];
	siginfo_t info;
	switch (event) {
	case PROCESS_START:
		process_start(table, row);
		break;
	case PROCESS_STARTED:
		table_read(table);
		break;
	case PROCESS_EXIT:
		if (row->pid > 0) {
			(void)kill(row->pid, SIGKILL);
			(void)waitid(P_PID, (id_t)row->pid, &info, WEXITED | WNOWAIT);
		}
		table_reap(table);
		break;
	case PROCESS_DEADLINE:
		row->deadline = 0;
		table_expire(table);
		break;
	case PROCESS_STOP:
		process_stop(table, row, SIGTERM);
		break;
	case PROCESS_EVENTS:
		break;
	}
}

static void tidy(struct process *row)
{
	if (row->pid > 0) {
		(void)kill(row->pid, SIGKILL);
		(void)waitpid(row->pid, NULL, 0);
	}
	if (row->descriptor >= 0)
		(void)close(row->descriptor);
}

static void check(enum process_state state, enum process_event event)
{
	char *argv[] = {"/bin/sleep", "1000", NULL};
	char *environment[] = {NULL};
	int changes = 0;
	struct process row = {.state = state,
		.descriptor = -1,
		.deadline = CLOCK_NEVER,
		.signalled = state == PROCESS_STOPPING || state == PROCESS_KILLING,
		.kind = {.name = "a child",
			.command = {.argv = argv, .environment = environment, .terminal = -1}}};
	struct process_table table = {
		.rows = &row, .count = 1, .observer = observe, .context = &changes, .terminal = -1};
	if (has_child(state))
		give_child(&row);
	feed(&table, event);
	enum process_state wanted = follows[state][event] == SAME ? state : follows[state][event];
	if (row.state != wanted)
		fail_msg("%s in %s: %s instead of %s", events[event], states[state],
			states[row.state], states[wanted]);
	if (wanted == PROCESS_ENDED && state != PROCESS_ENDED)
		assert_int_equal(changes > 0, 1);
	if (wanted == PROCESS_STARTING && state != PROCESS_STARTING)
		assert_true(row.pid > 0);
	tidy(&row);
}

static void every_event_in_every_state_leads_where_the_table_says(void **state)
{
	(void)state;
	signals_block();
	for (enum process_state from = 0; from < PROCESS_STATES; from++)
		for (enum process_event event = 0; event < PROCESS_EVENTS; event++)
			check(from, event);
	signals_unblock();
}

static void only_a_row_that_has_ended_can_rest(void **state)
{
	(void)state;
	for (enum process_state from = 0; from < PROCESS_STATES; from++) {
		struct process row = {.state = from, .descriptor = -1};
		process_rest(&row, 1000);
		assert_int_equal(row.state, from == PROCESS_ENDED ? PROCESS_RESTING : from);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_event_in_every_state_leads_where_the_table_says),
		cmocka_unit_test(only_a_row_that_has_ended_can_rest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
