/*
 * Characters as they stand inside a JSON string. RFC 8259, 7
 */
#ifndef TMINUS_BASE_JSON_H
#define TMINUS_BASE_JSON_H

#include <stddef.h>

#define JSON_CHARACTER 8 /* the longest, with its NUL */

/* Writes the first character of text, escaped where it must be; bytes that are not UTF-8 become
 * U+FFFD. How many bytes of text it stands for: at least 1. text is not empty. */
size_t json_escape(const char *text, char room[static JSON_CHARACTER]);

/* Adds text to room at *used as the inside of a JSON string; what does not fit is left out. */
void json_add(char *room, size_t size, size_t *used, const char *text);

#endif
