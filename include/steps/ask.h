/*
 * Asking a tool: a command of its own says whether anything is pending, where tminus cannot read
 * the migrations.
 */
#ifndef TMINUS_STEPS_ASK_H
#define TMINUS_STEPS_ASK_H

#include <stdint.h>

#include "base/error.h"
#include "process/spawn.h"

/* What is done while the command runs, every interval ms. */
struct ask_meanwhile {
	void (*call)(void *context);
	void *context;
	int64_t interval;
};

/* Runs command to its end, in a child, and waits: its exit status, 128+n when signal n killed it,
 * or that of error where it could not be run. -1 when channel became readable meanwhile, so that
 * nobody wants to know any more: then the command's group is killed. limit is in ms, 0 for none; a
 * command that takes longer is killed. error is empty unless its status is set. */
int ask(const struct command *command, int64_t limit, int channel,
	const struct ask_meanwhile *meanwhile, struct error *error);

#endif
