#include "run/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"

#define SOCKET_KIND (SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK)

/* Datagrams at once: an app that sends without end must not keep the loop from its signals. */
#define DATAGRAMS_AT_ONCE 16

/* The length for bind(2) and sendto(2); 0 when it is no address of a Unix socket. */
static socklen_t address_of(const char *name, struct sockaddr_un *address)
{
	size_t length = strlen(name);
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (length >= sizeof address->sun_path || strchr("/@", name[0]) == NULL || length < 2)
		return 0;
	memcpy(address->sun_path, name, length);
	if (name[0] == '@')
		address->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

void notify_begin(struct notify *notify, const char *manager, const char *name)
{
	struct sockaddr_un address;
	*notify = (struct notify){.manager = manager, .descriptor = -1};
	if (name == NULL)
		return;
	notify->descriptor = socket(AF_UNIX, SOCKET_KIND, 0);
	socklen_t length = address_of(name, &address);
	if (bind(notify->descriptor, (struct sockaddr *)&address, length) != 0)
		log_warn("app.notify: no socket for the app (%s): it will not be ready",
			strerror(errno));
}

void notify_send(const struct notify *notify, const char *lines)
{
	struct sockaddr_un address;
	socklen_t length = notify->manager != NULL ? address_of(notify->manager, &address) : 0;
	if (length == 0 || lines[0] == '\0')
		return;
	autoclose int descriptor = socket(AF_UNIX, SOCKET_KIND, 0);
	(void)sendto(descriptor, lines, strlen(lines), MSG_NOSIGNAL, (struct sockaddr *)&address,
		length);
}

/* The manager knows us: a pid is of our namespace, descriptors and barriers ended here. */
static bool is_passed_on(const char *line)
{
	return !text_starts_with(line, "MAINPID") && !text_starts_with(line, "FD") &&
	       !text_starts_with(line, "BARRIER");
}

static bool take_line(struct notify *notify, const char *line)
{
	if (text_equal(line, "READY=1") && !notify->ready)
		return notify->ready = true;
	if (!text_starts_with(line, "STATUS=") || text_equal(line + 7, notify->says))
		return false;
	(void)snprintf(notify->says, sizeof notify->says, "%s", line + 7);
	return true;
}

static bool take_datagram(struct notify *notify, char *lines)
{
	char kept[NOTIFY_SIZE + 1] = "";
	size_t used = 0;
	bool news = false;
	for (char *line = strtok(lines, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		news |= take_line(notify, line);
		if (is_passed_on(line))
			used += (size_t)snprintf(kept + used, sizeof kept - used, "%s\n", line);
	}
	notify_send(notify, kept);
	return news;
}

bool notify_take(struct notify *notify)
{
	char lines[NOTIFY_SIZE];
	bool news = false;
	for (int i = 0; i < DATAGRAMS_AT_ONCE; i++) {
		ssize_t length = recv(notify->descriptor, lines, sizeof lines - 1, 0);
		if (length < 0)
			break;
		lines[length] = '\0';
		news |= take_datagram(notify, lines);
	}
	return news;
}
