#include "steps/message.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

bool message_write(int channel, const struct message *message)
{
	ssize_t sent;
	do {
		sent = send(channel, message, sizeof *message, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)sizeof *message;
}

bool message_send(int channel, enum message_kind kind, int status, const char *text)
{
	struct message message = {.kind = (int32_t)kind, .status = status};
	(void)snprintf(message.text, sizeof message.text, "%s", text);
	return message_write(channel, &message);
}

/* Of a child that has gone wrong PID 1 takes nothing: a status may become its own, and a refusal
 * with 0 would be no failure. */
static bool is_well_formed(struct message *message, ssize_t length)
{
	message->text[sizeof message->text - 1] = '\0';
	return length == (ssize_t)sizeof *message && message->kind >= 0 &&
	       message->kind < MESSAGE_KINDS && message->status <= UINT8_MAX &&
	       message->status >= (message->kind == MESSAGE_REFUSED ? 1 : 0);
}

enum message_result message_take(int channel, struct message *message)
{
	for (;;) {
		ssize_t length = recv(channel, message, sizeof *message, 0);
		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return MESSAGE_NONE;
		if (length <= 0)
			return MESSAGE_END;
		if (is_well_formed(message, length))
			return MESSAGE_TAKEN;
	}
}
