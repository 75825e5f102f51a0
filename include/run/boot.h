/*
 * The walk through the plan's steps: which one runs, and what came of it.
 *
 * Decides when a step is over and whether it failed, and says so in the log; what follows from a
 * failure is run.c's. Allocates nothing.
 *
 * A command that is part of a work, which the ledger knows, goes through these phases:
 *
 *            begins                 WRITTEN            exits              WRITTEN
 *   IDLE  -> WRITING BEGUN -------> RUNNING ---------> WRITING FINISHED -> IDLE, step over
 *            (tell the keeper)      (start it)         (tell the keeper)
 *
 * The way back, after an upgrade or its verify that failed, where upgrade.on_failure names one:
 *
 *             exits badly                GO_BACK              exits
 *   RUNNING -------------> ASKING BACK ----------> GOING BACK -------> WRITING FINISHED
 *             (tell the keeper)      `-- STAY ----------------------->
 *
 * From WRITING BEGUN to IDLE at once where the keeper says that there is nothing to do.
 *
 * One that does not begin its work goes from IDLE to RUNNING at once; one that does not end it, and
 * went well, from RUNNING to IDLE. Any other command is RUNNING alone.
 */
#ifndef TMINUS_RUN_BOOT_H
#define TMINUS_RUN_BOOT_H

#include <stdbool.h>
#include <stdint.h>

#include "run/plan.h"

enum boot_phase {
	BOOT_IDLE,
	BOOT_WRITING_BEGUN,
	BOOT_RUNNING,
	BOOT_ASKING_BACK,
	BOOT_GOING_BACK,
	BOOT_WRITING_FINISHED
};

#define BOOT_BACKUP_SIZE 300

struct boot {
	const struct config *config;
	struct plan *plan;
	size_t step;	    /* index of the running step; step_count behind the last */
	bool begun;	    /* the first step was started */
	bool stopping;	    /* whatever a step says now, boot does not go on */
	int64_t deadline;   /* of the wait step; commands have their row's own */
	int64_t started_at; /* of the running step */
	enum boot_phase phase;
	uint64_t due;	    /* of the plan's works, once the keeper has said */
	struct error ended; /* how the command ended, while it is written down; status 0 = well */
	char backup[BOOT_BACKUP_SIZE]; /* the file that this boot has made; "" for none */
	struct error told; /* why a child of ours failed, as it said; status 0 = it did not */
};

enum boot_result { BOOT_WORKING, BOOT_STEP_OK, BOOT_STEP_FAILED };

void boot_begin(struct boot *boot, const struct config *config, struct plan *plan);

/* Starts the first or the next step. False when there is none left. */
bool boot_next(struct boot *boot);

/* Does a command run that the lock protects? Then the keeper must live until it has ended. */
bool boot_needs_lock(const struct boot *boot);

/* The process of the command, or child of ours, that runs for the current step; NULL for none. */
struct process *boot_running(const struct boot *boot);

/* The step that runs, NULL before the first and behind the last. */
const struct plan_step *boot_current(const struct boot *boot);

/* What the running step waits for, and why as far as it is known; NULL for nothing. */
const struct wait_state *boot_waits_for(const struct boot *boot);

/* Every step was done. */
bool boot_is_over(const struct boot *boot);

/* Takes in what happened to one of the plan's processes. why is the table's reason when it never
 * ran. BOOT_STEP_FAILED fills error with the message and the exit status. */
enum boot_result boot_observe(struct boot *boot, struct process *process,
	enum process_change change, const struct error *why, struct error *error);

/* True, with error filled, when the wait step's time is over. */
bool boot_expire(struct boot *boot, struct error *error);

#endif
