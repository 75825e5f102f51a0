#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"

/* How a line reaches stderr. */
enum channel {
	CHANNEL_UNKNOWN,
	CHANNEL_POLL,	/* shared description: poll first, at most PIPE_BUF at once */
	CHANNEL_OWN,	/* a non-blocking description of our own */
	CHANNEL_FILE,	/* a regular file never blocks, and its offset must stay shared */
	CHANNEL_SOCKET, /* MSG_DONTWAIT needs no description of its own */
};

#define LINE_SIZE 2048 /* below PIPE_BUF, so that a line is written whole or not at all */

/* All zero at first, so that it costs no page of initialised memory. */
static struct {
	int descriptor;
	enum channel channel;
	enum log_level level;
	enum log_format format;
	bool color;
	unsigned long dropped;
} sink;

static const struct {
	const char *name;  /* in JSON */
	const char *label; /* in text */
	const char *color;
} levels[] = {
	[LOG_ERROR] = {"error", "error: ", "\033[31m"},
	[LOG_WARN] = {"warn", "warning: ", "\033[33m"},
	[LOG_INFO] = {"info", "", ""},
	[LOG_DEBUG] = {"debug", "debug: ", "\033[2m"},
};

/* Only for a line that is to be written: most runs write none. A process that is not dumpable may
 * open its own descriptors all the same. ptrace(2), access mode checking, 1 */
static void open_channel(void)
{
	struct stat status;
	sink.descriptor = STDERR_FILENO;
	sink.channel = CHANNEL_POLL;
	if (fstat(STDERR_FILENO, &status) != 0)
		return;
	if (S_ISREG(status.st_mode)) {
		sink.channel = CHANNEL_FILE;
		return;
	}
	if (S_ISSOCK(status.st_mode)) {
		sink.channel = CHANNEL_SOCKET;
		return;
	}
	int own = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (own < 0)
		return;
	sink.descriptor = own;
	sink.channel = CHANNEL_OWN;
}

void log_configure(enum log_level level, enum log_format format, enum log_color color)
{
	sink.level = level;
	sink.format = format;
	const char *no_color = getenv("NO_COLOR");
	bool wanted = color == LOG_COLOR_AUTO && (no_color == NULL || no_color[0] == '\0');
	sink.color = color == LOG_COLOR_ALWAYS || (wanted && isatty(STDERR_FILENO) == 1);
}

static ssize_t put_when_writable(int descriptor, const char *line, size_t length)
{
	struct pollfd ready = {.fd = descriptor, .events = POLLOUT};
	if (poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0)
		return -1;
	return write(descriptor, line, length < PIPE_BUF ? length : PIPE_BUF);
}

void log_plain(int descriptor, const char *line)
{
	(void)put_when_writable(descriptor, line, strlen(line));
}

static bool put(const char *line, size_t length)
{
	ssize_t written;
	if (sink.channel == CHANNEL_UNKNOWN)
		open_channel();
	if (sink.channel == CHANNEL_SOCKET)
		written = send(sink.descriptor, line, length, MSG_DONTWAIT | MSG_NOSIGNAL);
	else if (sink.channel == CHANNEL_POLL)
		written = put_when_writable(sink.descriptor, line, length);
	else
		written = write(sink.descriptor, line, length);
	return written > 0;
}

static size_t format_json(char *line, size_t size, enum log_level level, const char *message)
{
	size_t used = (size_t)snprintf(line, size,
		"{\"program\":\"tminus\",\"level\":\"%s\",\"message\":\"", levels[level].name);
	json_add(line, size - 4, &used, message);
	return used + (size_t)snprintf(line + used, size - used, "\"}\n");
}

/* One message is one line: control characters would forge others or move the cursor. */
static void flatten(char *message)
{
	for (; *message != '\0'; message++)
		if ((unsigned char)*message < 0x20 || *message == 0x7f)
			*message = ' ';
}

static size_t format_text(char *line, size_t size, enum log_level level, char *message)
{
	bool colored = sink.color && levels[level].color[0] != '\0';
	flatten(message);
	int length = snprintf(line, size - 6, "%stminus: %s%s", colored ? levels[level].color : "",
		levels[level].label, message);
	size_t used = length < (int)size - 6 ? (size_t)length : size - 7;
	const char *tail = colored ? "\033[0m\n" : "\n";
	return used + (size_t)snprintf(line + used, size - used, "%s", tail);
}

static size_t format_line(char *line, size_t size, enum log_level level, char *message)
{
	return sink.format == LOG_JSON ? format_json(line, size, level, message)
				       : format_text(line, size, level, message);
}

static bool tell_dropped(void)
{
	char message[80];
	char line[256];
	(void)snprintf(message, sizeof message,
		"%lu lines of this log were dropped: nobody read it", sink.dropped);
	if (!put(line, format_line(line, sizeof line, LOG_WARN, message)))
		return false;
	sink.dropped = 0;
	return true;
}

__attribute__((format(printf, 2, 0))) static void log_line(
	enum log_level level, const char *format, va_list arguments)
{
	if (level > sink.level)
		return;
	int saved = errno;
	char message[LINE_SIZE - 64];
	char line[LINE_SIZE];
	(void)vsnprintf(message, sizeof message, format, arguments);
	size_t length = format_line(line, sizeof line, level, message);
	if ((sink.dropped > 0 && !tell_dropped()) || !put(line, length))
		sink.dropped++;
	errno = saved;
}

#define LOG_FUNCTION(name, level)                   \
	void name(const char *format, ...)          \
	{                                           \
		va_list arguments;                  \
		va_start(arguments, format);        \
		log_line(level, format, arguments); \
		va_end(arguments);                  \
	}

LOG_FUNCTION(log_error, LOG_ERROR)
LOG_FUNCTION(log_warn, LOG_WARN)
LOG_FUNCTION(log_info, LOG_INFO)
LOG_FUNCTION(log_debug, LOG_DEBUG)
