/*
 * Values as text: durations, sizes, booleans, numbers and choices.
 *
 * Each parser takes the whole of text and returns -1 when it is anything else; what it was, where
 * it came from and whether it may be shown is the caller's to say.
 */
#ifndef TMINUS_CONFIG_VALUE_H
#define TMINUS_CONFIG_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "250ms", "60s", "5m", "2h", "1d", or a bare number of seconds; in milliseconds. At most 100
 * years, so that a deadline computed from it never overflows. */
int value_duration(const char *text, int64_t *milliseconds);

/* "4096", "64k" "64K" "64KiB" (1024), "64kB" (1000), likewise M, G and T; in bytes. */
int value_size(const char *text, int64_t *bytes);

/* A number of decimal digits, 0 or more. */
int value_integer(const char *text, int64_t *number);

/* A file mode creation mask in octal digits, up to 777, and a mode, up to 7777. umask(2), chmod(2)
 */
int value_mask(const char *text, int64_t *mask);
int value_mode(const char *text, int64_t *mode);

/* 1 true yes on and 0 false no off, in upper or lower case. */
int value_boolean(const char *text, bool *truth);

/* The index of text in choices ("run|off"). */
int value_choice(const char *text, const char *choices, int *index);

/* The name of the choice with that index, written into room. Returns room. */
const char *value_choice_name(const char *choices, int index, char *room, size_t size);

/* "60s", "250ms", "2h", "0": what value_duration reads back. Returns room. */
const char *value_duration_text(int64_t milliseconds, char *room, size_t size);

#define VALUE_TEXT_SIZE 32

#endif
