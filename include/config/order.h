/*
 * The order of the boot: wait, upgrade and seed in this order, and the [step NAME]s among them.
 *
 * A step comes behind seed, in the order of the file, unless it says after or before. With after it
 * comes as early, with before alone as late as it can, and not before wait unless it says so.
 */
#ifndef TMINUS_CONFIG_ORDER_H
#define TMINUS_CONFIG_ORDER_H

#include <stddef.h>

#include "config/faults.h"

enum ordered_kind { ORDERED_WAIT, ORDERED_UPGRADE, ORDERED_SEED, ORDERED_STEP };

struct ordered_step {
	enum ordered_kind kind;
	size_t step; /* of ORDERED_STEP: its index in config->steps */
};

#define ORDER_STEPS_MAX 200

struct step_settings;

/* The order of steps that have commands, and of the built-in three, in *order, which the caller
 * frees. NULL after a name that no step has, or a cycle: faults name the step's origin. */
struct ordered_step *order_steps(const struct step_settings *steps, size_t count,
	size_t *order_count, struct faults *faults);

#endif
