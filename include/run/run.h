/*
 * PID 1's life: walk the plan, run the app, stop everything. One loop, one state.
 *
 *           STOP  INTERRUPT STEP_OK STEP_FAILED APP_UP   APP_GONE SERVICE_GONE DEADLINE EMPTY LEFT
 * BOOT      abort abort     next    fail        -        -        fail         too long -     -
 * ABORTING  again again     -       say         STOPPING -        -            -        DONE linger
 * STARTING  abort abort     -       -           APP      LEAVING  fail         too long -     -
 * APP       stop  -         -       -           -        LEAVING  STOPPING     -        -     -
 * STOPPING  again -         -       -           -        LEAVING  LEAVING      linger   -     -
 * LEAVING   -     -         -       -           -        -        -            -        DONE linger
 * LINGERING -     -         -       -           -        status   -            kill     DONE  -
 * KILLING   -     -         -       -           -        status   -            DONE     DONE  kill
 *
 * ABORTING leaves with EMPTY or LEFT only when no row of the plan is alive any more. STOP is TERM
 * or app.stop_signal; INTERRUPT is INT, QUIT or HUP, which stop boot but are the app's own business
 * once it runs. LEFT: the app is gone, other processes are not.
 *
 * APP_GONE and SERVICE_GONE: it has ended and is not started again. A service that is not
 * essential, and a job, change nothing but in STOPPING, which lasts until the last of them is gone;
 * so does the app's end where others live: then APP, too, goes on to STOPPING. A stop goes to all
 * of them at once, any other signal to the app alone.
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
