/*
 * Text that grows (struct text) and lists of strings (struct list).
 *
 * A zeroed struct is a valid empty one. What they hold is their own; text_free and list_clear give
 * it back. Both end the process when memory is out (base/memory.h), so they are not for the loop.
 */
#ifndef TMINUS_BASE_TEXT_H
#define TMINUS_BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct text {
	char *bytes; /* NUL-terminated once anything was added, else NULL */
	size_t length;
	size_t capacity;
};

/* Add to the end. */
void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const char *bytes, size_t length);
void text_add_byte(struct text *text, char byte);
void text_add_format(struct text *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void text_add_arguments(struct text *text, const char *format, va_list arguments)
	__attribute__((format(printf, 2, 0)));

/* The string, which the caller owns from now on ("" when nothing was added); text is empty again.
 */
char *text_take(struct text *text);
void text_free(struct text *text);

/* An array of owned strings with a NULL behind the last, so that items serves as argv. */
struct list {
	char **items; /* NULL while nothing was added */
	size_t count;
};

/* Adds a copy of string; list_append_owned adds the string itself, which the list frees. */
void list_append(struct list *list, const char *string);
void list_append_owned(struct list *list, char *string);
bool list_has(const struct list *list, const char *string);
void list_clear(struct list *list);

bool text_starts_with(const char *string, const char *prefix);
bool text_equal(const char *one, const char *other);

/* What stands behind the last slash. */
const char *text_last_part(const char *path);

/* "412 ms", "3.2 s", "60 s", "2 min 5 s" for a duration in milliseconds. Returns room, of size
 * bytes. */
const char *text_duration(long long milliseconds, char *room, size_t size);

#endif
