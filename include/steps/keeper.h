/*
 * The keeper: the one child that holds the database session.
 *
 * Sequential: it takes a question off its channel, works on it, answers, and takes the next. End of
 * file on the channel means that PID 1 needs it no longer or is gone: it closes the session and
 * leaves, and with the session go all locks that it held.
 */
#ifndef TMINUS_STEPS_KEEPER_H
#define TMINUS_STEPS_KEEPER_H

/* For spawn_child: context is a struct keeper_job. */
int keeper_child(void *context, int channel);

#endif
