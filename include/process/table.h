/*
 * The table of processes: every child that tminus starts is a row, and every row goes through the
 * same states. Steps, the keeper, wait targets and the app differ in their struct process_kind
 * only.
 *
 * The one place that forks, signals and reaps. It owns pids, exec reports and channels. It decides
 * nothing about boot or stop: it tells its observer what happened to a row.
 *
 *            START     STARTED   EXIT    DEADLINE        STOP
 * IDLE       start     -         -       -               -
 * DELAYED    -         -         -       start           cancel
 * STARTING   -         RUNNING   ENDED   stop, TIMED OUT stop
 * RUNNING    -         -         ENDED   stop, TIMED OUT stop
 * STOPPING   -         confirm   ENDED   next signal     forward again
 * KILLING    -         confirm   ENDED   -               -
 * ENDED      start     -         -       -               -
 * RESTING    -         -         -       start           ENDED
 */
#ifndef TMINUS_PROCESS_TABLE_H
#define TMINUS_PROCESS_TABLE_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "config/exits.h"
#include "process/spawn.h"

enum process_state {
	PROCESS_IDLE,	  /* never started */
	PROCESS_DELAYED,  /* fork was refused; the deadline starts it again */
	PROCESS_STARTING, /* forked, exec not confirmed yet */
	PROCESS_RUNNING,
	PROCESS_STOPPING, /* told to stop; the deadline escalates */
	PROCESS_KILLING,  /* SIGKILL was sent */
	PROCESS_ENDED,
	PROCESS_RESTING, /* it has ended; the deadline starts it again */
	PROCESS_STATES
};

enum process_event {
	PROCESS_START,
	PROCESS_STARTED, /* exec succeeded */
	PROCESS_EXIT,
	PROCESS_DEADLINE,
	PROCESS_STOP,
	PROCESS_EVENTS
};

/* What a row is; set once, before it starts. Everything in it is borrowed. */
struct process_kind {
	const char *name;	/* for messages: "app", "upgrade", "step collectstatic" */
	struct command command; /* argv is NULL for a function */
	spawn_function *entry;
	void *context;
	int64_t time_limit; /* ms; 0 = none */
	int64_t grace;	/* ms between the stop signal and the next, stronger one; 0 = for ever */
	int64_t linger; /* ms between TERM and KILL where finish is set */
	const struct exits *done; /* statuses that are success; NULL: 0 alone */
	bool to_group;		  /* signals go to its group, else to the process alone */
	bool sweeps;		  /* when it ends, what is left of its group gets TERM */
	bool finish;		  /* on STOP, let it finish for grace before TERM is sent */
};

struct process {
	struct process_kind kind;
	enum process_state state;
	pid_t pid;
	int descriptor;	  /* exec's report or the channel; -1 when closed */
	int64_t deadline; /* on clock_now's scale */
	int64_t started_at;
	int64_t ended_at;
	int status;	   /* as of waitpid(2); meaningful when ENDED and not failed */
	int stop_signal;   /* what PROCESS_STOP sends */
	int stopped_by;	   /* the signal that stopped it last, until CONT */
	unsigned refusals; /* of fork in a row */
	bool confirmed;	   /* exec has succeeded */
	bool failed;	   /* it never ran: the observer was given the error */
	bool timed_out;	   /* its time limit was over */
	bool signalled;	   /* TERM or the stop signal was really sent */
};

enum process_change {
	PROCESS_HAS_STARTED,  /* exec has succeeded, or the function's child was forked */
	PROCESS_HAS_ENDED,    /* state is ENDED; see status, failed, timed_out */
	PROCESS_HAS_STOPPED,  /* by stopped_by; told only where there is a terminal */
	PROCESS_HAS_A_MESSAGE /* its channel is readable, or at its end */
};

/* Called for each change. error is set when the row ENDED without ever running. */
typedef void process_observer(void *context, struct process *process, enum process_change change,
	const struct error *error);

/* Called for each child that was reaped, a row's or an orphan, with its status of waitpid(2),
 * before the row gets to know. */
typedef void process_reaped(void *context, pid_t pid, int status);

struct process_table {
	struct process *rows;
	size_t count;
	process_observer *observer;
	process_reaped *reaped; /* NULL: nobody asks */
	void *context;
	int terminal;  /* as terminal_find; taken back whenever a row ends, where we are */
	bool in_front; /* the foreground's job */
	bool more;     /* children may be left to reap: the loop comes round without waiting */
	bool all_gone; /* waitpid(2) said ECHILD: no child is left, ours or adopted */
};

/* Feeds one event to a row; what the table above does not name is ignored. signal is for
 * PROCESS_STOP, status of waitpid(2) for PROCESS_EXIT. */
void process_start(struct process_table *table, struct process *process);
void process_stop(struct process_table *table, struct process *process, int signal);

/* Starts a row that has ended again, in delay ms; its observer may say so. */
void process_rest(struct process *process, int64_t delay);

/* Sends signal to a row that lives, to its group where its kind says so; else does nothing. */
void process_forward(const struct process *process, int signal);

bool process_is_alive(const struct process *process); /* there is, or will be, a pid */
bool table_any_alive(const struct process_table *table);

/* It ended by itself, with status 0 or another that counts as success. */
bool process_went_well(const struct process *process);

/* "ended with status 1", "was killed by SIGSEGV", written into room. Returns room. */
const char *process_end(const struct process *process, char *room, size_t size);

/* Closes a row's channel, so that its function reads end of file, and gives it limit ms to leave
 * before it is stopped. */
void process_dismiss(struct process *process, int64_t limit);

/* Fills ready with the descriptors of live rows; how many (at most table->count). */
size_t table_descriptors(const struct process_table *table, struct pollfd *ready);

/* Reads every exec report and tells of every readable channel. */
void table_read(struct process_table *table);

/* Reaps children that have ended: rows get PROCESS_EXIT, orphans are let go. So that a fork bomb
 * cannot keep the loop from its signals, at most some thousand at once; more tells. waitpid(2) */
void table_reap(struct process_table *table);

/* The earliest deadline of all rows; table_expire acts on those that are over. */
int64_t table_deadline(const struct process_table *table);
void table_expire(struct process_table *table);

#endif
