#include "database/mysql_greeting.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/text.h"
#include "database/address.h"
#include "database/failure.h"

#define HEADER_SIZE 4
#define PACKET_SIZE 1024 /* a greeting has about 100 bytes, an error at most 520 */
#define MOST_ANSWERS 4
#define EXPECTED_WITHIN 2000 /* ms; it may look for the client's name in the DNS first */

/* First bytes of packets. */
#define GREETING_VERSION 10
#define ERROR_MARK 0xff
#define SWITCH_MARK 0xfe
#define TLS_MARK 0x16

/* Behind the version's text: thread, salt, a zero, the capabilities' first byte; then this one's.
 */
#define CAPABILITIES_OFFSET (4 + 8 + 1 + 1)
#define CAPABILITY_TLS 0x08 /* CLIENT_SSL, 0x0800 */

/* Capabilities of the login that fails: protocol 4.1, secure connection, plugins. */
#define CAPABILITIES (0x00000200U | 0x00008000U | 0x00080000U)
#define CHARSET_UTF8MB4 45

struct dialogue {
	int descriptor;
	int64_t deadline;
	int64_t limit;
	const char *place;
	unsigned char sequence; /* of the packet read last */
	unsigned char packet[PACKET_SIZE + 1];
	size_t length;
};

bool mysql_greeting_is_foreign(const unsigned char bytes[4])
{
	return bytes[3] >= ' ' && bytes[0] != TLS_MARK;
}

bool mysql_greeting_lacks_tls(const unsigned char *bytes, size_t length)
{
	if (length > HEADER_SIZE && bytes[HEADER_SIZE] == ERROR_MARK)
		return false;
	const unsigned char *end = length > HEADER_SIZE
					   ? memchr(bytes + HEADER_SIZE, '\0', length - HEADER_SIZE)
					   : NULL;
	if (end == NULL || (size_t)(end - bytes) + 1 + CAPABILITIES_OFFSET >= length)
		return true;
	return (end[1 + CAPABILITIES_OFFSET] & CAPABILITY_TLS) == 0;
}

static int closed(const struct dialogue *dialogue, int number, struct failure *failure)
{
	return failure_set(failure, failure_of_kind(FAILURE_CLOSED), "", "%s: %s", dialogue->place,
		number == 0 ? "the server closed the connection at once" : strerror(number));
}

/* Reads exactly size bytes. */
static int receive(
	struct dialogue *dialogue, unsigned char *bytes, size_t size, struct failure *failure)
{
	while (size > 0) {
		if (address_wait(dialogue->descriptor, POLLIN, dialogue->deadline) == 0)
			return address_silent(dialogue->place, dialogue->limit, failure);
		ssize_t got = recv(dialogue->descriptor, bytes, size, 0);
		if (got == 0)
			return closed(dialogue, 0, failure);
		if (got < 0 && errno != EAGAIN && errno != EINTR)
			return closed(dialogue, errno, failure);
		if (got > 0) {
			bytes += got;
			size -= (size_t)got;
		}
	}
	return 0;
}

static int foreign(const struct dialogue *dialogue, struct failure *failure)
{
	return failure_set(failure, failure_of_kind(FAILURE_FOREIGN_PROTOCOL), "",
		"%s: what answers there does not speak MySQL", dialogue->place);
}

static int read_packet(struct dialogue *dialogue, struct failure *failure)
{
	unsigned char header[HEADER_SIZE + 1] = {0};
	if (receive(dialogue, header, sizeof header, failure) != 0)
		return -1;
	size_t length = (size_t)header[0] | (size_t)header[1] << 8 | (size_t)header[2] << 16;
	if (length < 1 || length > PACKET_SIZE)
		return foreign(dialogue, failure);
	dialogue->sequence = header[3];
	dialogue->packet[0] = header[HEADER_SIZE];
	dialogue->packet[length] = '\0';
	dialogue->length = length;
	return receive(dialogue, dialogue->packet + 1, length - 1, failure);
}

static void send_packet(const struct dialogue *dialogue, const void *bytes, size_t length)
{
	unsigned char packet[HEADER_SIZE + 128] = {
		(unsigned char)length, 0, 0, (unsigned char)(dialogue->sequence + 1)};
	memcpy(packet + HEADER_SIZE, bytes, length);
	(void)send(dialogue->descriptor, packet, HEADER_SIZE + length, MSG_NOSIGNAL);
}

/* A login of an account that is not there, without a password. */
static void send_login(const struct dialogue *dialogue)
{
	static const char names[] =
		"tminus\0\0mysql_native_password"; /* user, no password, plugin */
	unsigned char login[32 + sizeof names] = {0};
	const uint32_t capabilities = CAPABILITIES;
	for (size_t i = 0; i < sizeof capabilities; i++)
		login[i] = (unsigned char)(capabilities >> 8 * i);
	login[7] = 1; /* packets of at most 16 MiB */
	login[8] = CHARSET_UTF8MB4;
	memcpy(login + 32, names, sizeof names);
	send_packet(dialogue, login, sizeof login);
}

/* Goes through the login until the server has refused it. Whatever it answers, it is ready. */
static void be_refused(struct dialogue *dialogue)
{
	struct failure ignored;
	send_login(dialogue);
	for (int i = 0; i < MOST_ANSWERS; i++) {
		if (read_packet(dialogue, &ignored) != 0 || dialogue->packet[0] != SWITCH_MARK)
			return;
		bool native =
			strcmp((const char *)dialogue->packet + 1, "mysql_native_password") == 0;
		send_packet(dialogue, "", native ? 0 : 1);
	}
}

/* An error packet: its number in two bytes, "#" and five letters or not, and the text. */
static int tell_error(const struct dialogue *dialogue, struct failure *failure)
{
	const char *text = (const char *)dialogue->packet + 3;
	if (dialogue->length < 3)
		return foreign(dialogue, failure);
	unsigned number = dialogue->packet[1] | (unsigned)dialogue->packet[2] << 8;
	if (text[0] == '#' && strlen(text) >= 6)
		text += 6;
	char code[12];
	(void)snprintf(code, sizeof code, "%u", number);
	return failure_set(
		failure, failure_of_mysql(number, text), code, "%s: %.300s", dialogue->place, text);
}

int mysql_greeting_wait(const struct attempt *attempt, int descriptor, int64_t deadline)
{
	char text[PLACE_SIZE + 160];
	const struct session_options *options = attempt->options;
	int64_t expected = clock_deadline(EXPECTED_WITHIN);
	if (options->tell == NULL || expected >= deadline ||
		address_wait(descriptor, POLLIN, expected) != 0)
		return address_wait(descriptor, POLLIN, deadline);
	(void)snprintf(text, sizeof text,
		"%s: accepts connections, but has said nothing within %d s, and a MySQL server "
		"speaks first: is this one? (Its port is mostly 3306.)",
		attempt->place, EXPECTED_WITHIN / 1000);
	options->tell(options->context, text);
	return address_wait(descriptor, POLLIN, deadline);
}

int mysql_greeting_read(const struct attempt *attempt, int descriptor, struct failure *failure)
{
	int64_t limit = attempt->options->handshake_limit;
	struct dialogue dialogue = {.descriptor = descriptor,
		.deadline = clock_deadline(limit),
		.limit = limit,
		.place = attempt->place};
	(void)mysql_greeting_wait(attempt, descriptor, dialogue.deadline);
	if (read_packet(&dialogue, failure) != 0)
		return -1;
	if (dialogue.packet[0] == ERROR_MARK)
		return tell_error(&dialogue, failure);
	if (dialogue.packet[0] != GREETING_VERSION)
		return foreign(&dialogue, failure);
	be_refused(&dialogue);
	return 0;
}
