#include "run/jobs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

/* A run that comes later than this was missed. */
#define LATE 60

/* A clock that is set back by less does not make jobs run again, as with Debian's cron(8). */
#define SET_BACK (INT64_C(3) * 3600)

#define TEXT_SIZE 96

/* "2026-11-22 00:00 CET" */
static const char *local_text(int64_t at, char *room, size_t size)
{
	struct tm local = {0};
	time_t seconds = (time_t)at;
	(void)localtime_r(&seconds, &local);
	char minutes[CLOCK_MINUTES_SIZE];
	(void)snprintf(room, size, "%s %s", clock_minutes(&local, ' ', minutes), local.tm_zone);
	return room;
}

static void find_next(struct job *job, int64_t now)
{
	bool set_back = job->last > now && job->last - now < SET_BACK;
	job->next = schedule_next(&job->settings->schedule, set_back ? job->last : now);
}

/* Without TFD_TIMER_CANCEL_ON_SET, which not every kernel has, a clock that is set is noticed at
 * the next run. timerfd_settime(2) */
static void arm(const struct jobs *jobs)
{
	int64_t next = -1;
	for (size_t i = 0; i < jobs->count; i++) {
		int64_t of_job = jobs->all[i].next;
		if (of_job >= 0 && (next < 0 || of_job < next))
			next = of_job;
	}
	const struct itimerspec time = {.it_value = {.tv_sec = next > 0 ? (time_t)next : 0}};
	if (timerfd_settime(
		    jobs->timer, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &time, NULL) != 0)
		(void)timerfd_settime(jobs->timer, TFD_TIMER_ABSTIME, &time, NULL);
}

void jobs_begin(struct jobs *jobs, struct job *all, size_t count)
{
	char room[TEXT_SIZE];
	*jobs = (struct jobs){.all = all, .count = count, .timer = -1};
	if (count == 0)
		return;
	jobs->timer = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (jobs->timer < 0) {
		log_error("no job will run: timerfd: %s", strerror(errno));
		return;
	}
	for (size_t i = 0; i < count; i++) {
		find_next(&all[i], (int64_t)time(NULL));
		log_info("%s: first run at %s", all[i].process->kind.name,
			local_text(all[i].next, room, sizeof room));
	}
	arm(jobs);
}

/* Tells the run its name, for who asks whether it was done already: in UTC, so that replicas agree,
 * and text sorts. */
static void name_run(const struct job *job)
{
	struct tm utc = {0};
	time_t seconds = (time_t)job->next;
	char when[CLOCK_MINUTES_SIZE];
	if (job->run == NULL)
		return;
	(void)gmtime_r(&seconds, &utc);
	(void)snprintf(job->run, JOB_RUN_SIZE, "--job=%s@%sZ", job->settings->name,
		clock_minutes(&utc, 'T', when));
}

static void run_job(struct job *job, int64_t now, struct process_table *table)
{
	char room[TEXT_SIZE];
	char late[TEXT_SIZE];
	const char *name = job->process->kind.name;
	const char *when = local_text(job->next, room, sizeof room);
	if (now - job->next >= LATE) {
		log_warn("%s: the run of %s was missed, %s ago: the machine slept, or the clock "
			 "was set",
			name, when, text_duration((now - job->next) * 1000, late, sizeof late));
	} else if (process_is_alive(job->process)) {
		log_warn("%s: the run of %s is left out: the one before is still at work", name,
			when);
	} else {
		job->last = job->next;
		name_run(job);
		log_info("%s: begins", name);
		process_start(table, job->process);
	}
}

void jobs_expire(struct jobs *jobs, struct process_table *table)
{
	uint64_t expirations;
	if (jobs->timer < 0)
		return;
	/* ECANCELED: the clock was set. */
	if (read(jobs->timer, &expirations, sizeof expirations) < 0 && errno == EAGAIN)
		return;
	int64_t now = (int64_t)time(NULL);
	for (size_t i = 0; i < jobs->count; i++) {
		struct job *job = &jobs->all[i];
		if (job->next >= 0 && job->next <= now)
			run_job(job, now, table);
		find_next(job, now);
	}
	arm(jobs);
}

void jobs_end(struct jobs *jobs)
{
	if (jobs->timer >= 0)
		(void)close(jobs->timer);
	jobs->timer = -1;
}

const struct job *jobs_find(const struct jobs *jobs, const struct process *process)
{
	for (size_t i = 0; i < jobs->count; i++)
		if (jobs->all[i].process == process)
			return &jobs->all[i];
	return NULL;
}

const struct job_settings *jobs_of_run(const struct config *config, const char *run)
{
	size_t length = run != NULL ? strcspn(run, "@") : 0;
	for (size_t i = 0; i < config->job_count && run != NULL && run[length] == '@'; i++) {
		const struct job_settings *job = &config->jobs[i];
		if (strlen(job->name) == length && strncmp(job->name, run, length) == 0)
			return job;
	}
	return NULL;
}

bool job_is_own(const struct job_settings *settings)
{
	return text_equal(text_last_part(settings->command.items[0]), "tminus");
}

bool job_locks(const struct job_settings *settings)
{
	const struct list *command = &settings->command;
	return job_is_own(settings) && command->count > 1 &&
	       (text_equal(command->items[1], "backup") || text_equal(command->items[1], "guard"));
}

void jobs_tell_end(const struct process *process, const struct error *error)
{
	char how[TEXT_SIZE];
	char room[TEXT_SIZE];
	const char *name = process->kind.name;
	const char *took =
		text_duration(process->ended_at - process->started_at, room, sizeof room);
	if (process->failed)
		log_error("%s failed: %s", name, error->message);
	else if (process_went_well(process))
		log_info("%s finished after %s", name, took);
	else
		log_error("%s failed: it %s, after %s", name, process_end(process, how, sizeof how),
			took);
}
