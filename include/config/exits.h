/*
 * Exit statuses that count as success, as text: "0,1" or "3 75". exit(3)
 */
#ifndef TMINUS_CONFIG_EXITS_H
#define TMINUS_CONFIG_EXITS_H

#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"

#define EXITS_MOST 255

/* A zeroed one holds 0 alone. */
struct exits {
	unsigned char bits[(EXITS_MOST + 1) / 8];
};

/* Adds words, numbers from 0 to EXITS_MOST. -1 and STATUS_CONFIG. */
int exits_read(const struct list *words, struct exits *exits, struct error *error);

/* 0 is always among them. */
bool exits_has(const struct exits *exits, int status);

#endif
