/* Timed jobs, without waiting for a minute: the time of the next run is set by hand, and the timer
 * is made to come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <poll.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>

#include "base/log.h"
#include "run/jobs.h"

static char *argv[] = {"/bin/true", NULL};
static char *environment[] = {NULL};

struct bench {
	struct job_settings settings;
	struct process row;
	struct process_table table;
	struct job job;
	struct jobs jobs;
	char run[JOB_RUN_SIZE];
};

static void observe(void *context, struct process *process, enum process_change change,
	const struct error *error)
{
	(void)context;
	(void)process;
	(void)change;
	(void)error;
}

static void prepare(struct bench *bench, const char *schedule)
{
	struct error error;
	memset(bench, 0, sizeof *bench);
	bench->settings.name = "a";
	assert_int_equal(schedule_parse(schedule, &bench->settings.schedule, &error), 0);
	bench->row.descriptor = -1;
	bench->row.kind.name = "job a";
	bench->row.kind.command =
		(struct command){.argv = argv, .environment = environment, .terminal = -1};
	bench->table = (struct process_table){
		.rows = &bench->row, .count = 1, .observer = observe, .terminal = -1};
	bench->job = (struct job){
		.process = &bench->row, .settings = &bench->settings, .run = bench->run};
	jobs_begin(&bench->jobs, &bench->job, 1);
}

static int64_t now(void)
{
	return (int64_t)time(NULL);
}

/* The timer comes for a run at that time. */
static void come(struct bench *bench, int64_t at)
{
	const struct itimerspec soon = {.it_value = {.tv_nsec = 1}};
	struct pollfd timer = {.fd = bench->jobs.timer, .events = POLLIN};
	bench->job.next = at;
	assert_int_equal(timerfd_settime(timer.fd, 0, &soon, NULL), 0);
	assert_int_equal(poll(&timer, 1, 10000), 1);
	jobs_expire(&bench->jobs, &bench->table);
}

static void finish(struct bench *bench)
{
	while (process_is_alive(&bench->row))
		table_reap(&bench->table);
	jobs_end(&bench->jobs);
	assert_int_equal(bench->jobs.timer, -1);
}

static void without_jobs_there_is_no_timer(void **state)
{
	struct jobs jobs;
	(void)state;
	jobs_begin(&jobs, NULL, 0);
	assert_int_equal(jobs.timer, -1);
	jobs_expire(&jobs, NULL);
	jobs_end(&jobs);
}

static void the_timer_is_armed_for_the_next_run_and_nothing_before(void **state)
{
	struct bench bench;
	struct itimerspec left;
	(void)state;
	prepare(&bench, "0 0 1 1 *");
	assert_int_equal(timerfd_gettime(bench.jobs.timer, &left), 0);
	int64_t difference = bench.job.next - now() - left.it_value.tv_sec;
	assert_true(difference >= -1 && difference <= 1);
	jobs_expire(&bench.jobs, &bench.table);
	assert_int_equal(bench.row.state, PROCESS_IDLE);
	finish(&bench);
}

static void a_run_starts_at_its_time_and_is_told_which_it_is(void **state)
{
	struct bench bench;
	char expected[JOB_RUN_SIZE];
	(void)state;
	prepare(&bench, "* * * * *");
	time_t due = (time_t)now();
	assert_true(
		strftime(expected, sizeof expected, "--job=a@%Y-%m-%dT%H:%MZ", gmtime(&due)) > 0);
	come(&bench, due);
	assert_int_equal(bench.row.state, PROCESS_STARTING);
	assert_string_equal(bench.run, expected);
	assert_true(bench.job.last == due);
	assert_true(bench.job.next > now());
	finish(&bench);
}

static void a_run_is_left_out_while_the_one_before_is_at_work(void **state)
{
	struct bench bench;
	(void)state;
	prepare(&bench, "* * * * *");
	come(&bench, now());
	pid_t pid = bench.row.pid;
	int64_t last = bench.job.last;
	bench.row.state = PROCESS_RUNNING;
	come(&bench, last + 1 <= now() ? last + 1 : last);
	assert_int_equal(bench.row.pid, pid);
	assert_true(bench.job.last == last);
	finish(&bench);
}

static void a_run_that_comes_late_was_missed_and_is_not_made_up_for(void **state)
{
	struct bench bench;
	(void)state;
	prepare(&bench, "* * * * *");
	come(&bench, now() - 61);
	assert_int_equal(bench.row.state, PROCESS_IDLE);
	assert_true(bench.job.next > now());
	come(&bench, now() - 30);
	assert_int_equal(bench.row.state, PROCESS_STARTING);
	finish(&bench);
}

static void a_clock_that_is_set_back_a_little_makes_nothing_run_again(void **state)
{
	struct bench bench;
	(void)state;
	prepare(&bench, "* * * * *");
	bench.job.last = now() + 3600;
	come(&bench, now() + 7200);
	assert_true(bench.job.next > bench.job.last);
	bench.job.last = now() + 5 * 3600;
	come(&bench, now() + 6 * 3600);
	assert_true(bench.job.next <= now() + 60);
	assert_int_equal(bench.row.state, PROCESS_IDLE);
	finish(&bench);
}

static int silence(void **state)
{
	(void)state;
	log_configure(LOG_ERROR, LOG_TEXT, LOG_COLOR_NEVER);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_jobs_there_is_no_timer),
		cmocka_unit_test(the_timer_is_armed_for_the_next_run_and_nothing_before),
		cmocka_unit_test(a_run_starts_at_its_time_and_is_told_which_it_is),
		cmocka_unit_test(a_run_is_left_out_while_the_one_before_is_at_work),
		cmocka_unit_test(a_run_that_comes_late_was_missed_and_is_not_made_up_for),
		cmocka_unit_test(a_clock_that_is_set_back_a_little_makes_nothing_run_again),
	};
	return cmocka_run_group_tests(tests, silence, NULL);
}
