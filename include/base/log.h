/*
 * The log: one line a message on stderr, "tminus: ..." or a JSON object.
 *
 * Never blocks and never fails: PID 1 must not stop because nobody reads its log. A pipe or a
 * terminal is written through a description of its own (open(2) of /proc/self/fd/2 with
 * O_NONBLOCK), so that the flag is not set on one that the app shares; a socket with MSG_DONTWAIT;
 * where the open is refused it polls first and writes at most PIPE_BUF bytes. What could not be
 * written is counted, and the count is told before the next line that can be.
 */
#ifndef TMINUS_BASE_LOG_H
#define TMINUS_BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_TEXT, LOG_JSON };
enum log_color { LOG_COLOR_AUTO, LOG_COLOR_ALWAYS, LOG_COLOR_NEVER };

/* What is written from now on; before it, errors alone, as text without color. */
void log_configure(enum log_level level, enum log_format format, enum log_color color);

/* Writes line as it is to descriptor, if that can be done without waiting. */
void log_plain(int descriptor, const char *line);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
