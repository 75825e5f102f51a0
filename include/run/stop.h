/*
 * The stop: of a boot that is not over, and of the app with all that lives beside it.
 *
 *   boot    the running step gets the signal; the keeper stays, with the lock, as long as what the
 *           lock protects is still ending; the app is never started
 *   app     app and services get it together, for app.grace; then, or when they are gone,
 *           TERM to everything, for app.linger; then KILL, and what hangs in the kernel is left
 *
 * Says what is stopped, and why, and who had to be killed; the exit status is the first failure's
 * or the app's. Actions of the table in run.h: each returns the state that follows. Which follows
 * which event is run.c's. Never calls back into it; allocates nothing.
 */
#ifndef TMINUS_RUN_STOP_H
#define TMINUS_RUN_STOP_H

#include "run/life.h"

/* Boot is over before its end, and tminus will end with status: everything of it gets signal. */
enum run_state stop_boot(struct run *run, int status, int signal);

/* The keeper may go once boot is being stopped and needs its lock no longer: after each end. */
void stop_dismiss_keeper(struct run *run);

/* --- ABORTING -------------------------------------------------------------------------------- */

/* The signal at hand stops boot: that is said; or it comes once more. */
run_action stop_boot_asked, stop_boot_again;

/* A step that was let finish has failed: what it left half done must be said. */
run_action stop_boot_failed;

/* The app's exec succeeded although boot is being stopped: from now on it is stopped as an app. */
run_action stop_app_up;

/* A row of the plan has ended: go on where it was the last. */
run_action stop_done_if_over, stop_linger_if_over;

/* --- STOPPING -------------------------------------------------------------------------------- */

/* The signal at hand stops the app and its services, within app.grace; or it comes once more. */
run_action stop_app, stop_app_again;

/* The app has ended for good, or was never there; in RUN_APP what is beside it is stopped. */
run_action stop_app_gone;

/* A service has ended for good. Says so; does it matter? Then the exit status is its own. */
bool stop_is_loss(struct run *run);

/* The same, with the stop that follows. */
run_action stop_lose_service;

/* LEAVING, once nothing is alive beside the app. */
run_action stop_leave_if_over;

/* --- LINGERING, KILLING ---------------------------------------------------------------------- */

/* TERM to all that is left, for app.linger; then KILL, once and again; then they are left. */
run_action stop_linger, stop_kill, stop_kill_again, stop_give_up;

/* The app has ended only now: its status is still the exit status. */
run_action stop_note_status;

run_action stop_done;

#endif
