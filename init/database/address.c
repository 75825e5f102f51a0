#include "database/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "database/failure.h"

#define PORT_SIZE 16

static int resolver_failed(const char *name, int code, struct failure *failure)
{
	const char *reason = code == EAI_SYSTEM ? strerror(errno) : gai_strerror(code);
	bool unknown = code == EAI_NONAME || code == EAI_SERVICE || code == EAI_FAMILY;
#ifdef EAI_NODATA
	unknown = unknown || code == EAI_NODATA;
#endif
	return failure_set(failure,
		failure_of_kind(unknown ? FAILURE_UNKNOWN_HOST : FAILURE_RESOLVER), "",
		"the host name \"%s\" cannot be resolved: %s", name, reason);
}

/* As getnameinfo(3), which may ask a name server, does it: with the number of the interface behind
 * an address that is a link's own. */
static void write_numeric(const struct sockaddr_storage *socket, char *text, socklen_t size)
{
	const struct sockaddr_in *four = (const void *)socket;
	const struct sockaddr_in6 *six = (const void *)socket;
	bool is_six = socket->ss_family == AF_INET6;
	const void *bytes = is_six ? (const void *)&six->sin6_addr : &four->sin_addr;
	if (inet_ntop(socket->ss_family, bytes, text, size) == NULL || !is_six ||
		six->sin6_scope_id == 0)
		return;
	size_t length = strlen(text);
	(void)snprintf(text + length, size - length, "%%%u", six->sin6_scope_id);
}

static void add_address(struct address_list *list, const struct addrinfo *info)
{
	if (info->ai_addrlen > sizeof(struct sockaddr_storage))
		return;
	list->items = memory_resized(list->items, list->count + 1, sizeof *list->items);
	struct address *address = &list->items[list->count++];
	*address = (struct address){.length = info->ai_addrlen};
	memcpy(&address->socket, info->ai_addr, info->ai_addrlen);
	write_numeric(&address->socket, address->text, sizeof address->text);
}

int address_resolve(const char *name, int port, struct address_list *list, struct failure *failure)
{
	char service[PORT_SIZE];
	(void)snprintf(service, sizeof service, "%d", port);
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *found = NULL;
	*list = (struct address_list){0};
	int code = getaddrinfo(name, service, &hints, &found);
	if (code != 0)
		return resolver_failed(name, code, failure);
	for (const struct addrinfo *info = found; info != NULL; info = info->ai_next)
		add_address(list, info);
	freeaddrinfo(found);
	return list->count > 0 ? 0 : resolver_failed(name, EAI_NONAME, failure);
}

void address_list_free(struct address_list *list)
{
	free(list->items);
	*list = (struct address_list){0};
}

int address_of_path(const char *path, struct address *address, struct failure *failure)
{
	struct sockaddr_un socket = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof socket.sun_path)
		return failure_set(failure, failure_of_errno(ENAMETOOLONG), "",
			"the path of the socket %s is too long", path);
	memcpy(socket.sun_path, path, strlen(path));
	*address = (struct address){.length = sizeof socket};
	memcpy(&address->socket, &socket, sizeof socket);
	return 0;
}

bool address_is_ready(int descriptor, short events)
{
	struct pollfd wanted = {.fd = descriptor, .events = events};
	return poll(&wanted, 1, 0) != 0;
}

int address_wait(int descriptor, short events, int64_t deadline)
{
	for (;;) {
		struct pollfd wanted = {.fd = descriptor, .events = events};
		int result = poll(&wanted, 1, clock_left(deadline));
		if (result >= 0 || errno != EINTR)
			return result;
	}
}

/* 0 when the connect that was begun has succeeded, else its errno; ETIME when deadline is over. */
static int await_connect(int descriptor, int64_t deadline)
{
	int result = address_wait(descriptor, POLLOUT, deadline);
	if (result < 0)
		return errno;
	if (result == 0)
		return ETIME;
	int number = 0;
	socklen_t size = sizeof number;
	if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &number, &size) != 0)
		return errno;
	return number;
}

static int begin_connect(int descriptor, const struct address *address, int64_t deadline)
{
	if (connect(descriptor, (const struct sockaddr *)&address->socket, address->length) == 0)
		return 0;
	if (errno == EINPROGRESS || errno == EINTR)
		return await_connect(descriptor, deadline);
	/* A unix socket whose backlog is full cannot be waited for: connect(2). */
	return errno;
}

int address_connect(
	const struct address *address, int64_t limit, const char *place, struct failure *failure)
{
	int descriptor =
		socket(address->socket.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int number =
		descriptor < 0 ? errno : begin_connect(descriptor, address, clock_deadline(limit));
	if (number == 0)
		return descriptor;
	if (descriptor >= 0)
		(void)close(descriptor);
	if (number == ETIME)
		return address_late(place, limit, failure);
	return failure_set(
		failure, failure_of_errno(number), "", "%s: %s", place, strerror(number));
}

int address_late(const char *place, int64_t limit, struct failure *failure)
{
	char room[32];
	return failure_set(failure, failure_of_kind(FAILURE_CONNECT_LIMIT), "",
		"%s: no connection within %s", place, text_duration(limit, room, sizeof room));
}

int address_silent(const char *place, int64_t limit, struct failure *failure)
{
	char room[32];
	return failure_set(failure, failure_of_kind(FAILURE_HANDSHAKE_LIMIT), "",
		"%s: accepts connections, but has not answered within %s", place,
		text_duration(limit, room, sizeof room));
}
