/*
 * PID 1's life: walk the plan, run the app, stop everything. One loop, one state.
 *
 *             STOP      INTERRUPT STEP_OK STEP_FAILED APP_UP   APP_GONE DEADLINE EMPTY LEFT
 * BOOT        abort     abort     next    fail        -        -        too long -     -
 * ABORTING    again     again     -       say         STOPPING -        -        DONE  linger
 * STARTING    abort     abort     -       -           APP      LEAVING  too long -     -
 * APP         stop      -         -       -           -        LEAVING  -        -     -
 * STOPPING    again     -         -       -           -        LEAVING  linger   -     -
 * LEAVING     -         -         -       -           -        -        -        DONE  linger
 * LINGERING   -         -         -       -           -        status   kill     DONE  -
 * KILLING     -         -         -       -           -        status   DONE     DONE  kill
 *
 * ABORTING leaves with EMPTY or LEFT only when no row of the plan is alive any more. STOP is TERM
 * or app.stop_signal; INTERRUPT is INT, QUIT or HUP, which stop boot but are the app's own business
 * once it runs. LEFT: the app is gone, other processes are not.
 */
#ifndef TMINUS_RUN_RUN_H
#define TMINUS_RUN_RUN_H

#include "config/config.h"
#include "run/manner.h"
#include "run/plan.h"

/* Everything from the first step to the last process, with the app in that manner. signals is an
 * open signals_open. Returns the exit status; in exec mode it does not return once the app has been
 * executed. Allocates nothing and ends for no failure of its own. */
int run_plan(const struct config *config, struct plan *plan, struct manner *manner, int signals);

#endif
