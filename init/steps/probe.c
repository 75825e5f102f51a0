#include "steps/probe.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "config/target.h"
#include "database/address.h"
#include "database/failure.h"

#define PLACE_SIZE 300
#define STATUS_LINE_SIZE 128
#define FIRST_UNREADY_STATUS 400

/* One probe under way. */
struct probe {
	struct target target;
	int64_t connect_limit;
	int64_t answer_limit;
	char place[PLACE_SIZE]; /* "redis:6379 (10.0.0.4)": the beginning of every message */
};

static void name_place(struct probe *probe, const char *numeric)
{
	const char *host = probe->target.host;
	bool brackets = strchr(host, ':') != NULL;
	bool shown = !text_equal(host, numeric);
	(void)snprintf(probe->place, sizeof probe->place, "%s%.200s%s:%d%s%s%s",
		brackets ? "[" : "", host, brackets ? "]" : "", probe->target.port,
		shown ? " (" : "", shown ? numeric : "", shown ? ")" : "");
}

/* --- http: RFC 1945, HTTP/1.0 ---------------------------------------------------------------- */

static char *http_request(const struct target *target)
{
	struct text request = {0};
	bool brackets = strchr(target->host, ':') != NULL;
	text_add_format(&request, "GET %s HTTP/1.0\r\nHost: %s%s%s:%d\r\n", target->path,
		brackets ? "[" : "", target->host, brackets ? "]" : "", target->port);
	text_add(&request, "User-Agent: tminus\r\nAccept: */*\r\nConnection: close\r\n\r\n");
	return text_take(&request);
}

static int broken(const struct probe *probe, int number, struct failure *failure)
{
	return failure_set(failure, failure_of_kind(FAILURE_CLOSED), "", "%s: %s", probe->place,
		number == 0 ? "the server closed the connection without an answer"
			    : strerror(number));
}

static int send_all(const struct probe *probe, int descriptor, const char *bytes, int64_t deadline,
	struct failure *failure)
{
	size_t left = strlen(bytes);
	while (left > 0) {
		if (address_wait(descriptor, POLLOUT, deadline) == 0)
			return address_silent(probe->place, probe->answer_limit, failure);
		ssize_t sent = send(descriptor, bytes, left, MSG_NOSIGNAL);
		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			return broken(probe, errno, failure);
		if (sent > 0) {
			bytes += sent;
			left -= (size_t)sent;
		}
	}
	return 0;
}

/* Reads the first line of the answer, or as much of it as fits. */
static int read_line(const struct probe *probe, int descriptor, char *line, size_t size,
	int64_t deadline, struct failure *failure)
{
	size_t length = 0;
	line[0] = '\0';
	while (length + 1 < size && strchr(line, '\n') == NULL) {
		if (address_wait(descriptor, POLLIN, deadline) == 0)
			return address_silent(probe->place, probe->answer_limit, failure);
		ssize_t got = recv(descriptor, line + length, size - length - 1, 0);
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (got < 0 || (got == 0 && length == 0))
			return broken(probe, got < 0 ? errno : 0, failure);
		if (got == 0)
			break;
		length += (size_t)got;
		line[length] = '\0';
	}
	line[strcspn(line, "\r\n")] = '\0';
	return 0;
}

/* "HTTP/1.1 503 Service Unavailable" */
static int judge_line(const struct probe *probe, const char *line, struct failure *failure)
{
	long status = 0;
	const char *blank = strchr(line, ' ');
	if (text_starts_with(line, "HTTP/") && blank != NULL)
		status = strtol(blank + 1, NULL, 10);
	if (status < 100 || status > 999)
		return failure_set(failure, failure_of_kind(FAILURE_FOREIGN_PROTOCOL), "",
			"%s: what answers there does not speak HTTP", probe->place);
	if (status >= FIRST_UNREADY_STATUS)
		return failure_set(failure, failure_of_kind(FAILURE_NOT_READY), "",
			"%s: GET %.100s is answered by %.60s", probe->place, probe->target.path,
			blank + 1);
	return 0;
}

static int ask_http(const struct probe *probe, int descriptor, struct failure *failure)
{
	int64_t deadline = clock_deadline(probe->answer_limit);
	char line[STATUS_LINE_SIZE];
	autofree char *request = http_request(&probe->target);
	if (send_all(probe, descriptor, request, deadline, failure) != 0 ||
		read_line(probe, descriptor, line, sizeof line, deadline, failure) != 0)
		return -1;
	return judge_line(probe, line, failure);
}

/* --- where to connect to --------------------------------------------------------------------- */

static int try_address(
	const struct probe *probe, const struct address *address, struct failure *failure)
{
	autoclose int descriptor =
		address_connect(address, probe->connect_limit, probe->place, failure);
	if (descriptor < 0)
		return -1;
	return probe->target.kind == TARGET_HTTP ? ask_http(probe, descriptor, failure) : 0;
}

static int probe_host(struct probe *probe, struct failure *failure)
{
	struct address_list addresses;
	if (address_resolve(probe->target.host, probe->target.port, &addresses, failure) != 0)
		return -1;
	int result = -1;
	for (size_t i = 0; result != 0 && i < addresses.count; i++) {
		name_place(probe, addresses.items[i].text);
		result = try_address(probe, &addresses.items[i], failure);
	}
	address_list_free(&addresses);
	return result;
}

static int probe_socket(struct probe *probe, struct failure *failure)
{
	struct address address;
	(void)snprintf(probe->place, sizeof probe->place, "%s", probe->target.path);
	if (address_of_path(probe->target.path, &address, failure) != 0)
		return -1;
	return try_address(probe, &address, failure);
}

static int probe_file(const struct probe *probe, struct failure *failure)
{
	if (access(probe->target.path, R_OK) == 0)
		return 0;
	enum failure_kind kind = errno == EACCES ? FAILURE_NO_ACCESS : FAILURE_NOT_READY;
	return failure_set(
		failure, failure_of_kind(kind), "", "%s: %s", probe->target.path, strerror(errno));
}

static int probe_parsed(struct probe *probe, struct failure *failure)
{
	switch (probe->target.kind) {
	case TARGET_TCP:
	case TARGET_HTTP:
		return probe_host(probe, failure);
	case TARGET_UNIX:
		return probe_socket(probe, failure);
	case TARGET_FILE:
		break;
	}
	return probe_file(probe, failure);
}

int probe_target(
	const char *target, int64_t connect_limit, int64_t answer_limit, struct failure *failure)
{
	struct probe probe = {.connect_limit = connect_limit, .answer_limit = answer_limit};
	struct error error;
	if (target_parse(target, &probe.target, &error) != 0)
		return failure_set(
			failure, failure_of_kind(FAILURE_TARGET), "", "%s", error.message);
	int result = probe_parsed(&probe, failure);
	target_clear(&probe.target);
	return result;
}
