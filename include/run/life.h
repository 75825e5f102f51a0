/*
 * What PID 1's life is made of, for the two that live it: run.c from the first step to the app,
 * with the loop, and stop.c from there to the last process. The table of both is in run.h.
 *
 * run_plan makes it and frees nothing: it lives as long as the process. An action is called with
 * the state that it leaves; what it starts or stops may come back as an event of its own before it
 * returns, which is why some set the state themselves, first.
 */
#ifndef TMINUS_RUN_LIFE_H
#define TMINUS_RUN_LIFE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "config/config.h"
#include "run/boot.h"
#include "run/jobs.h"
#include "run/manner.h"
#include "run/notify.h"
#include "run/plan.h"
#include "run/services.h"
#include "run/status.h"

/* Time that the keeper has to close its session once boot needs it no longer, in ms. */
#define KEEPER_LEAVES_WITHIN 5000

enum run_state {
	RUN_BOOT,
	RUN_ABORTING,
	RUN_STARTING,
	RUN_APP,
	RUN_STOPPING,
	RUN_LEAVING,
	RUN_LINGERING,
	RUN_KILLING,
	RUN_DONE,
	RUN_STATES
};

enum run_event {
	RUN_STOP,
	RUN_INTERRUPT,
	RUN_STEP_OK,
	RUN_STEP_FAILED,
	RUN_APP_UP,
	RUN_APP_GONE,
	RUN_SERVICE_GONE,
	RUN_DEADLINE,
	RUN_EMPTY,
	RUN_LEFT,
	RUN_EVENTS
};

struct run {
	const struct config *config;
	struct plan *plan;
	struct manner *manner;
	int signals;
	enum run_state state;
	struct boot boot; /* the walk through the plan's steps */
	struct jobs jobs;
	int64_t deadline; /* of this state */
	int64_t started_at;
	pid_t group;		       /* the app's pid, for what outlives it in its group */
	int64_t trim_at;	       /* then the memory of boot is given back */
	int status;		       /* the exit status, once it is known */
	bool decided;		       /* it is a service's, whatever the app ends with; stop.c's */
	const struct supervised *gone; /* the one that has ended, during its event */
	int64_t grace;		       /* of the stop that is on; stop.c's */
	int signal;		       /* the one being handled */
	struct notify notify;
	struct status document;
	unsigned changes; /* that the document must hold, and that it holds */
	unsigned noted;
	int64_t note_at;	   /* then it is written */
	const struct error *error; /* why the step or the app failed, during its event */
};

/* An action of the table returns the state that follows. */
typedef enum run_state run_action(struct run *run);

#endif
