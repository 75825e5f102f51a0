/* PID 1's state machine is total: every event in every state leads where run/run.h says. The source
 * is part of this program, so that its table can be fed; rows have no processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "../../../init/run/run.c" /* NOLINT(bugprone-suspicious-include) */

/* A plan lives as long as its process: this one makes many.
 * NOLINTNEXTLINE(bugprone-reserved-identifier) */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

#define SAME RUN_STATES
#define SERVICES 3

static const char *const states[RUN_STATES] = {
	[RUN_BOOT] = "BOOT",
	[RUN_ABORTING] = "ABORTING",
	[RUN_STARTING] = "STARTING",
	[RUN_APP] = "APP",
	[RUN_STOPPING] = "STOPPING",
	[RUN_LEAVING] = "LEAVING",
	[RUN_LINGERING] = "LINGERING",
	[RUN_KILLING] = "KILLING",
	[RUN_DONE] = "DONE",
};

static const char *const events[RUN_EVENTS] = {
	[RUN_STOP] = "STOP",
	[RUN_INTERRUPT] = "INTERRUPT",
	[RUN_STEP_OK] = "STEP_OK",
	[RUN_STEP_FAILED] = "STEP_FAILED",
	[RUN_APP_UP] = "APP_UP",
	[RUN_APP_GONE] = "APP_GONE",
	[RUN_SERVICE_GONE] = "SERVICE_GONE",
	[RUN_DEADLINE] = "DEADLINE",
	[RUN_EMPTY] = "EMPTY",
	[RUN_LEFT] = "LEFT",
};

/* The services are essential, and have ended but for the one that ends with the event. */
/* clang-format off */
static const enum run_state follows[RUN_STATES][RUN_EVENTS] = {
	/*                 STOP          INTERRUPT     STEP_OK       STEP_FAILED   APP_UP        APP_GONE     SERVICE_GONE  DEADLINE       EMPTY     LEFT */
	[RUN_BOOT]      = {RUN_ABORTING, RUN_ABORTING, RUN_STARTING, RUN_ABORTING, SAME,         SAME,        RUN_ABORTING, RUN_ABORTING,  SAME,     SAME},
	[RUN_ABORTING]  = {SAME,         SAME,         SAME,         SAME,         RUN_STOPPING, SAME,        SAME,         SAME,          RUN_DONE, RUN_LINGERING},
	[RUN_STARTING]  = {RUN_ABORTING, RUN_ABORTING, SAME,         SAME,         RUN_APP,      RUN_LEAVING, RUN_ABORTING, RUN_ABORTING,  SAME,     SAME},
	[RUN_APP]       = {RUN_STOPPING, SAME,         SAME,         SAME,         SAME,         RUN_LEAVING, RUN_STOPPING, SAME,          SAME,     SAME},
	[RUN_STOPPING]  = {SAME,         SAME,         SAME,         SAME,         SAME,         RUN_LEAVING, SAME,         RUN_LINGERING, SAME,     SAME},
	[RUN_LEAVING]   = {SAME,         SAME,         SAME,         SAME,         SAME,         SAME,        SAME,         SAME,          RUN_DONE, RUN_LINGERING},
	[RUN_LINGERING] = {SAME,         SAME,         SAME,         SAME,         SAME,         SAME,        SAME,         RUN_KILLING,   RUN_DONE, SAME},
	[RUN_KILLING]   = {SAME,         SAME,         SAME,         SAME,         SAME,         SAME,        SAME,         RUN_DONE,      RUN_DONE, SAME},
	[RUN_DONE]      = {SAME,         SAME,         SAME,         SAME,         SAME,         SAME,        SAME,         SAME,          SAME,     SAME},
};
/* clang-format on */

struct bench {
	struct run run;
	struct manner manner;
	struct error error;
	struct config *config;
	struct plan *plan;
};

/* A plan with an app and services, in a run that is in that state; nothing of it has a process. */
static void prepare(struct bench *bench, enum run_state state)
{
	static char *argv[] = {"sleep", "1000", NULL};
	static char *environment[] = {"PATH=/bin:/usr/bin", NULL};
	struct config_request request = {.app_argv = argv, .environment = environment};
	struct faults faults = {0};
	for (int i = 0; i < SERVICES; i++) {
		struct text set = {0};
		text_add_format(&set, "service.s%d.command=true", i);
		list_append_owned(&request.set, text_take(&set));
	}
	*bench = (struct bench){.error = {.status = 80}};
	assert_int_equal(config_load(&request, &bench->config, &faults), 0);
	list_clear(&request.set);
	const struct plan_request wanted = {.scope = PLAN_RUN, .terminal = -1, .call = &request};
	bench->plan = plan_new(bench->config, &wanted);
	signal_map_identity(bench->manner.becomes);
	bench->run = (struct run){.config = bench->config,
		.plan = bench->plan,
		.manner = &bench->manner,
		.signals = signals_open(),
		.state = state,
		.signal = SIGTERM,
		.error = &bench->error,
		.deadline = CLOCK_NEVER,
		.trim_at = CLOCK_NEVER,
		.jobs = {.timer = -1}};
	boot_begin(&bench->run.boot, bench->config, bench->plan);
	bench->plan->table.observer = observe;
	bench->plan->table.context = &bench->run;
	if (state >= RUN_STARTING && state <= RUN_STOPPING)
		bench->plan->app->state = PROCESS_RUNNING;
}

/* Whatever an action has started. */
static void clear(struct bench *bench)
{
	for (size_t i = 0; i < bench->plan->table.count; i++) {
		pid_t pid = bench->plan->table.rows[i].pid;
		if (pid <= 0)
			continue;
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
	}
	(void)close(bench->run.signals);
}

static struct supervised *service(const struct bench *bench, size_t number)
{
	size_t at = 0;
	for (;; at++) {
		struct supervised *one = &bench->plan->services.all[at];
		if (one->process != bench->plan->app && number-- == 0)
			return one;
	}
}

static void end(struct bench *bench, struct supervised *one, int status)
{
	one->process->state = PROCESS_ENDED;
	one->process->status = status << 8;
	bench->run.gone = one;
	feed(&bench->run, one->process == bench->plan->app ? RUN_APP_GONE : RUN_SERVICE_GONE);
}

static struct supervised *app(const struct bench *bench)
{
	return services_find(&bench->plan->services, bench->plan->app);
}

static void every_event_in_every_state_leads_where_the_table_says(void **state)
{
	struct bench bench;
	(void)state;
	for (enum run_state from = 0; from < RUN_STATES; from++)
		for (enum run_event event = 0; event < RUN_EVENTS; event++) {
			prepare(&bench, from);
			if (event == RUN_APP_GONE)
				end(&bench, app(&bench), 0);
			else if (event == RUN_SERVICE_GONE)
				end(&bench, service(&bench, 0), 0);
			else
				feed(&bench.run, event);
			enum run_state wanted =
				follows[from][event] == SAME ? from : follows[from][event];
			if (bench.run.state != wanted)
				fail_msg("%s in %s: %s instead of %s", events[event], states[from],
					states[bench.run.state], states[wanted]);
			clear(&bench);
		}
}

static void run_services(const struct bench *bench)
{
	for (size_t i = 0; i < SERVICES; i++)
		service(bench, i)->process->state = PROCESS_RUNNING;
}

static void the_status_is_that_of_the_service_whose_end_stopped_all(void **state)
{
	struct bench bench;
	(void)state;
	prepare(&bench, RUN_APP);
	run_services(&bench);
	end(&bench, service(&bench, 1), 9);
	assert_int_equal(bench.run.state, RUN_STOPPING);
	assert_int_equal(bench.plan->app->state, PROCESS_STOPPING);
	assert_int_equal(service(&bench, 0)->process->state, PROCESS_STOPPING);
	end(&bench, app(&bench), 3);
	assert_int_equal(bench.run.status, 9);
	clear(&bench);
}

static void the_app_s_end_stops_its_services_and_has_the_status(void **state)
{
	struct bench bench;
	(void)state;
	prepare(&bench, RUN_APP);
	run_services(&bench);
	end(&bench, app(&bench), 3);
	assert_int_equal(bench.run.state, RUN_STOPPING);
	assert_true(bench.run.deadline != CLOCK_NEVER);
	for (size_t i = 0; i < SERVICES; i++)
		end(&bench, service(&bench, i), 9);
	assert_int_equal(bench.run.state, RUN_LEAVING);
	assert_int_equal(bench.run.status, 3);
	clear(&bench);
}

static void a_service_that_does_not_matter_and_a_job_stop_nothing(void **state)
{
	struct bench bench;
	(void)state;
	for (enum run_state from = 0; from < RUN_STATES; from++)
		for (int is_job = 0; is_job < 2; is_job++) {
			prepare(&bench, from);
			service(&bench, 0)->essential = is_job;
			struct job job = {.process = service(&bench, 0)->process};
			if (is_job)
				bench.run.jobs =
					(struct jobs){.all = &job, .count = 1, .timer = -1};
			end(&bench, service(&bench, 0), 9);
			assert_int_equal(bench.run.state, from);
			assert_int_equal(bench.run.status, 0);
			clear(&bench);
		}
}

/* What README says of signals, by the state in which one arrives. */
static enum rule rule_wanted(enum run_state from, int number)
{
	if (number == SIGCHLD)
		return RULE_NOTHING;
	if (number == SIGTERM || number == SIGUSR1)
		return RULE_STOP;
	if (from >= RUN_APP || number == SIGCONT || number == SIGWINCH)
		return RULE_FORWARD;
	return number == SIGINT || number == SIGQUIT || number == SIGHUP ? RULE_INTERRUPT
									 : RULE_DROP;
}

static void every_signal_in_every_state_means_what_it_is_said_to(void **state)
{
	struct bench bench;
	(void)state;
	for (enum run_state from = 0; from < RUN_STATES; from++) {
		prepare(&bench, from);
		bench.config->app_stop_signal = SIGUSR1;
		bench.manner.becomes[SIGUSR2] = 0;
		for (int number = 1; number <= SIGNAL_LAST; number++) {
			const struct arrival arrival = {.number = number};
			if (rule_for(&bench.run, &arrival) != rule_wanted(from, number))
				fail_msg("signal %d in %s", number, states[from]);
		}
		clear(&bench);
	}
}

/* A stop with app and services in every state of a row that can be, which end in every order. */
static void check_order(unsigned order, enum process_state row)
{
	struct bench bench;
	prepare(&bench, RUN_APP);
	run_services(&bench);
	service(&bench, 0)->process->state = row;
	feed(&bench.run, RUN_STOP);
	struct supervised *left[SERVICES + 1];
	size_t count = 0;
	for (size_t i = 0; i < bench.plan->services.count; i++)
		if (process_is_alive(bench.plan->services.all[i].process))
			left[count++] = &bench.plan->services.all[i];
	assert_int_equal(
		count, row == PROCESS_RESTING || row == PROCESS_ENDED ? SERVICES : SERVICES + 1);
	for (; count > 0; count--) {
		assert_int_equal(bench.run.state, RUN_STOPPING);
		size_t next = order % count;
		order /= (unsigned)count;
		struct supervised *one = left[next];
		left[next] = left[count - 1];
		end(&bench, one, one == app(&bench) ? 5 : 0);
	}
	assert_int_equal(bench.run.state, RUN_LEAVING);
	assert_int_equal(bench.run.status, 5);
	clear(&bench);
}

static void a_stop_of_four_lasts_until_the_last_has_ended_in_whatever_order(void **state)
{
	static const enum process_state rows[] = {
		PROCESS_RUNNING, PROCESS_STARTING, PROCESS_RESTING, PROCESS_ENDED};
	(void)state;
	for (size_t row = 0; row < sizeof rows / sizeof *rows; row++)
		for (unsigned order = 0; order < 24; order++)
			check_order(order, rows[row]);
}

static int silence(void **state)
{
	(void)state;
	signals_block();
	log_configure(LOG_ERROR, LOG_TEXT, LOG_COLOR_NEVER);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_event_in_every_state_leads_where_the_table_says),
		cmocka_unit_test(the_status_is_that_of_the_service_whose_end_stopped_all),
		cmocka_unit_test(the_app_s_end_stops_its_services_and_has_the_status),
		cmocka_unit_test(a_service_that_does_not_matter_and_a_job_stop_nothing),
		cmocka_unit_test(every_signal_in_every_state_means_what_it_is_said_to),
		cmocka_unit_test(a_stop_of_four_lasts_until_the_last_has_ended_in_whatever_order),
	};
	return cmocka_run_group_tests(tests, silence, NULL);
}
