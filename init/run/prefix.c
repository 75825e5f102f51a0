#include "run/prefix.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "process/descendants.h"

/* Milliseconds. */
#define AGAIN_AFTER 1000
#define LEAVES_WITHIN 1000

#define DESCRIPTORS_MOST 1024
#define READS_MOST 64 /* of one stream behind its process's end: others may write there still */
#define NAME_MOST 200
#define OUT_SIZE (PREFIX_LINE * 6 + NAME_MOST * 6 + 64) /* each byte as \u00XX */

/* Field by field, so that the rooms for lines are pages that PID 1 never touches. */
void prefix_add(struct prefix *prefix, struct process *process, const char *name)
{
	struct prefix_pair *pair = &prefix->pairs[prefix->count++];
	pair->process = process;
	for (int i = 0; i < 2; i++) {
		pair->streams[i].name = name;
		pair->streams[i].end = pair->ends[i] = -1;
	}
}

/* --- the log child --------------------------------------------------------------------------- */

/* Waits for who reads it; where nobody will any more, the line is dropped. */
static void put(int descriptor, const char *line, size_t length)
{
	struct pollfd ready = {.fd = descriptor, .events = POLLOUT};
	while (length > 0) {
		ssize_t written = write(descriptor, line, length);
		if (written > 0) {
			line += written;
			length -= (size_t)written;
		} else if (written == 0 || (errno != EAGAIN && errno != EINTR)) {
			return;
		} else {
			(void)poll(&ready, 1, -1);
		}
	}
}

static size_t format_json(char *out, const char *name, const char *line, int descriptor)
{
	size_t used = (size_t)snprintf(out, OUT_SIZE, "{\"program\":\"");
	json_add(out, OUT_SIZE, &used, name);
	used += (size_t)snprintf(out + used, OUT_SIZE - used, "\",\"stream\":\"%s\",\"message\":\"",
		descriptor == STDOUT_FILENO ? "stdout" : "stderr");
	json_add(out, OUT_SIZE - 4, &used, line);
	return used + (size_t)snprintf(out + used, OUT_SIZE - used, "\"}\n");
}

/* Writes the first length bytes of what was read as a line; it has room for a NUL behind them. */
static void put_line(struct prefix_stream *stream, size_t length, int descriptor, bool json)
{
	char out[OUT_SIZE];
	char behind = stream->line[length];
	size_t used;
	for (size_t i = 0; json && i < length; i++)
		if (stream->line[i] == '\0')
			stream->line[i] = ' ';
	stream->line[length] = '\0';
	if (json) {
		used = format_json(out, stream->name, stream->line, descriptor);
	} else {
		used = (size_t)snprintf(out, OUT_SIZE, "%.*s | ", NAME_MOST, stream->name);
		memcpy(out + used, stream->line, length);
		used += length;
		out[used++] = '\n';
	}
	stream->line[length] = behind;
	put(descriptor, out, used);
}

/* Without the character that the last bytes have only begun. */
static size_t whole_characters(const char *line, size_t length)
{
	size_t at = length;
	while (at > 0 && length - at < 3 && ((unsigned char)line[at - 1] & 0xc0) == 0x80)
		at--;
	return at > 1 && ((unsigned char)line[at - 1] & 0xc0) == 0xc0 ? at - 1 : length;
}

/* Writes the lines that are whole, and a piece of one that is too long. */
static void put_lines(struct prefix_stream *stream, int descriptor, bool json)
{
	const char *end;
	while ((end = memchr(stream->line, '\n', stream->length)) != NULL ||
		stream->length == PREFIX_LINE) {
		size_t length = end != NULL ? (size_t)(end - stream->line)
					    : whole_characters(stream->line, stream->length);
		put_line(stream, length, descriptor, json);
		length += end != NULL;
		stream->length -= length;
		memmove(stream->line, stream->line + length, stream->length);
	}
}

/* Who has ended may have left its last line without an end. */
static void end_line(struct prefix_stream *stream, int descriptor, bool json)
{
	if (stream->length > 0)
		put_line(stream, stream->length, descriptor, json);
	stream->length = 0;
}

static void read_stream(struct prefix_stream *stream, int descriptor, bool json)
{
	ssize_t length =
		read(stream->end, stream->line + stream->length, PREFIX_LINE - stream->length);
	if (length > 0) {
		stream->length += (size_t)length;
		put_lines(stream, descriptor, json);
		return;
	}
	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	end_line(stream, descriptor, json);
	(void)close(stream->end);
	stream->end = -1;
}

static bool has_more(const struct prefix_stream *stream)
{
	struct pollfd ready = {.fd = stream->end, .events = POLLIN};
	return stream->end >= 0 && poll(&ready, 1, 0) > 0;
}

/* The process of a pair has ended: what it wrote comes before its last line's end. */
static void take_end(struct prefix *prefix, int signals)
{
	struct signalfd_siginfo info;
	if (read(signals, &info, sizeof info) != (ssize_t)sizeof info ||
		(size_t)info.ssi_int >= prefix->count)
		return;
	struct prefix_pair *pair = &prefix->pairs[info.ssi_int];
	for (int i = 0; i < 2; i++) {
		for (int left = READS_MOST; left > 0 && has_more(&pair->streams[i]); left--)
			read_stream(&pair->streams[i], STDOUT_FILENO + i, prefix->json);
		end_line(&pair->streams[i], STDOUT_FILENO + i, prefix->json);
	}
}

/* What is neither a standard descriptor nor its own: a keeper's channel that stayed open here would
 * never be at its end. */
static void close_others(const struct prefix *prefix, int life)
{
	for (int descriptor = STDERR_FILENO + 1; descriptor < DESCRIPTORS_MOST; descriptor++) {
		bool own = descriptor == life;
		for (size_t i = 0; i < prefix->count && !own; i++)
			own = descriptor == prefix->pairs[i].streams[0].end ||
			      descriptor == prefix->pairs[i].streams[1].end;
		if (!own)
			(void)close(descriptor);
	}
}

/* Fills ready with the ends that are open, by stream; are there any? */
static bool open_ends(const struct prefix *prefix, struct pollfd *ready)
{
	bool open = false;
	for (size_t i = 0; i < prefix->count * 2; i++) {
		int end = prefix->pairs[i / 2].streams[i % 2].end;
		ready[i] = (struct pollfd){.fd = end, .events = POLLIN};
		open = open || end >= 0;
	}
	return open;
}

static _Noreturn void read_all(struct prefix *prefix, int life)
{
	size_t count = prefix->count * 2;
	struct pollfd ready[count + 1];
	sigset_t ended;
	(void)setpgid(0, 0);
	(void)prctl(PR_SET_NAME, "tminus-log", 0, 0, 0);
	close_others(prefix, life);
	(void)sigemptyset(&ended);
	(void)sigaddset(&ended, SIGRTMIN);
	int signals = signalfd(-1, &ended, SFD_NONBLOCK);
	while (open_ends(prefix, ready)) {
		ready[count] = (struct pollfd){.fd = signals, .events = POLLIN};
		(void)poll(ready, count + 1, -1);
		/* Ends first: what others write behind one is to stand behind it, too. */
		if (ready[count].revents != 0) {
			take_end(prefix, signals);
			continue;
		}
		for (size_t i = 0; i < count; i++)
			if (ready[i].revents != 0)
				read_stream(&prefix->pairs[i / 2].streams[i % 2],
					STDOUT_FILENO + (int)(i % 2), prefix->json);
	}
	_exit(0);
}

/* --- PID 1 ----------------------------------------------------------------------------------- */

/* Without an exit signal it is seen by __WCLONE alone. */
static void start(struct prefix *prefix)
{
	int ends[2];
	prefix->not_before = clock_now() + AGAIN_AFTER;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return;
	pid_t pid = (pid_t)syscall(SYS_clone, 0, 0, 0, 0, 0);
	if (pid == 0)
		read_all(prefix, ends[1]);
	(void)close(ends[1]);
	prefix->life = ends[0];
	prefix->pid = pid > 0 ? pid : 0;
	descendants_spare(pid);
}

/* Of a child that is dying, or was never there. */
static void forget(struct prefix *prefix)
{
	if (prefix->pid > 0)
		(void)waitpid(prefix->pid, NULL, (int)__WCLONE);
	if (prefix->life >= 0)
		(void)close(prefix->life);
	prefix->pid = 0;
	prefix->life = -1;
}

/* Above the standard descriptors, one of which may be closed. */
static int make_pipe(int *reads, int *writes)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	*reads = fcntl(ends[0], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	*writes = fcntl(ends[1], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	(void)close(ends[0]);
	(void)close(ends[1]);
	return *reads >= 0 && *writes >= 0 ? 0 : -1;
}

static void open_pair(struct prefix_pair *pair)
{
	for (int i = 0; i < 2; i++)
		if (make_pipe(&pair->streams[i].end, &pair->ends[i]) != 0) {
			log_warn("%s: its lines have no prefix: %s", pair->streams[i].name,
				strerror(errno));
			return;
		}
	pair->process->kind.command.outputs = pair->ends;
}

void prefix_open(struct prefix *prefix)
{
	prefix->life = -1;
	for (size_t i = 0; i < prefix->count; i++)
		open_pair(&prefix->pairs[i]);
	if (prefix->count > 0)
		start(prefix);
}

int64_t prefix_look(struct prefix *prefix)
{
	struct pollfd life = {.fd = prefix->life, .events = POLLIN};
	if (prefix->count == 0)
		return CLOCK_NEVER;
	if (prefix->life >= 0 && poll(&life, 1, 0) > 0)
		forget(prefix);
	if (prefix->life < 0 && prefix->not_before <= clock_now())
		start(prefix);
	return prefix->life < 0 ? prefix->not_before : CLOCK_NEVER;
}

void prefix_ended(const struct prefix *prefix, const struct process *process)
{
	for (size_t i = 0; i < prefix->count && prefix->pid > 0; i++)
		if (prefix->pairs[i].process == process)
			(void)sigqueue(prefix->pid, SIGRTMIN, (union sigval){.sival_int = (int)i});
}

void prefix_close(struct prefix *prefix)
{
	if (prefix->count == 0)
		return;
	prefix->not_before = 0;
	(void)prefix_look(prefix);
	for (size_t i = 0; i < prefix->count * 2; i++) {
		(void)close(prefix->pairs[i / 2].ends[i % 2]);
		(void)close(prefix->pairs[i / 2].streams[i % 2].end);
	}
	struct pollfd life = {.fd = prefix->life, .events = POLLIN};
	if (poll(&life, 1, LEAVES_WITHIN) > 0)
		forget(prefix);
	prefix->count = 0;
}
