/*
 * Sleeping between two tries in a child, so that the parent's end is noticed at once.
 */
#ifndef TMINUS_STEPS_PAUSE_H
#define TMINUS_STEPS_PAUSE_H

#include <stdint.h>

/* A sequence of pauses that grow by half each. A zeroed one is at its beginning. */
struct pause {
	int64_t interval; /* ms of the next one; 0 = the first */
	unsigned jitter;  /* state of the pseudo-random sequence; 0 = not begun */
};

/* Sleeps ms. 0, or -1 when channel became readable meanwhile: a question, or its end. poll(2) */
int pause_for(int channel, int64_t milliseconds);

/* Up to a quarter less than interval: replicas that start together spread out. */
int64_t pause_jitter(struct pause *pause, int64_t interval);

/* Sleeps from first to last ms, longer each time. As pause_for. */
int pause_grow(struct pause *pause, int channel, int64_t first, int64_t last);

#endif
