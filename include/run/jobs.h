/*
 * Timed jobs: which run is next, and when.
 *
 * One timer on the wall clock, armed for the next run of all: nothing is polled, and without jobs
 * there is no timer. It comes, too, when somebody sets the clock, and when a machine that slept
 * wakes up. A run that comes more than a minute late was missed: that is said, and it is not made
 * up for. A run whose predecessor is still at work is left out, and that is said. timerfd_create(2)
 *
 * Allocates nothing once the plan is made.
 */
#ifndef TMINUS_RUN_JOBS_H
#define TMINUS_RUN_JOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "process/table.h"

#define JOB_RUN_SIZE 72 /* of "--job=NAME@2026-11-21T00:00Z" */

struct job {
	struct process *process;
	const struct job_settings *settings;
	char *run;    /* JOB_RUN_SIZE bytes in the command's argv, where tminus itself is to know */
	int64_t next; /* seconds since 1970; -1: never */
	int64_t last; /* for which it was started last; 0: not yet */
};

struct jobs {
	struct job *all;
	size_t count;
	int timer; /* -1: there is none */
};

/* Finds the first runs from now on, says when they are, and arms the timer. */
void jobs_begin(struct jobs *jobs, struct job *all, size_t count);

/* The timer's descriptor is readable: starts what is due. */
void jobs_expire(struct jobs *jobs, struct process_table *table);

/* No more runs. */
void jobs_end(struct jobs *jobs);

/* The job that process runs, or NULL. */
const struct job *jobs_find(const struct jobs *jobs, const struct process *process);

/* The job of which run, "NAME@2026-11-21T00:00Z", is one; NULL for none. */
const struct job_settings *jobs_of_run(const struct config *config, const char *run);

/* Does it call tminus itself; and a subcommand that takes the lock and knows --job? */
bool job_is_own(const struct job_settings *settings);
bool job_locks(const struct job_settings *settings);

/* Says how a run has ended. error says why it never ran. */
void jobs_tell_end(const struct process *process, const struct error *error);

#endif
