/*
 * Text as a JSON string. RFC 8259
 */
#ifndef TMINUS_CONFIG_JSON_H
#define TMINUS_CONFIG_JSON_H

#include <stdio.h>

/* Writes "text" with quotes, escaped; null for NULL. Bytes that are not UTF-8 become U+FFFD. */
void json_string(FILE *stream, const char *text);

#endif
