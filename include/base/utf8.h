/*
 * UTF-8: where one character ends. RFC 3629
 */
#ifndef TMINUS_BASE_UTF8_H
#define TMINUS_BASE_UTF8_H

#include <stddef.h>

/* The length of the UTF-8 character at text in bytes, 0 when there is none. Reads no further than a
 * byte that does not belong to it, so not beyond a final NUL. */
size_t utf8_length(const char *text);

#endif
