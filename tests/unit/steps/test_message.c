/* The messages between PID 1 and its children. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "steps/message.h"

static int ends[2];

static int open_channel(void **state)
{
	(void)state;
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends);
}

static int close_channel(void **state)
{
	(void)state;
	(void)close(ends[0]);
	(void)close(ends[1]);
	return 0;
}

static void a_message_arrives_as_it_was_sent(void **state)
{
	struct message message;
	(void)state;
	assert_true(message_send(ends[0], MESSAGE_REFUSED, 77, "wrong password"));
	assert_int_equal(message_take(ends[1], &message), MESSAGE_TAKEN);
	assert_int_equal(message.kind, MESSAGE_REFUSED);
	assert_int_equal(message.status, 77);
	assert_string_equal(message.text, "wrong password");
	assert_int_equal(message_take(ends[1], &message), MESSAGE_NONE);
}

static void every_field_of_a_message_arrives(void **state)
{
	const struct message sent = {.kind = MESSAGE_DUE,
		.status = 255,
		.due = UINT64_MAX - 1,
		.work = 63,
		.text = "3 pending"};
	struct message message;
	(void)state;
	assert_true(message_write(ends[0], &sent));
	assert_int_equal(message_take(ends[1], &message), MESSAGE_TAKEN);
	assert_memory_equal(&message, &sent, sizeof sent);
}

static void a_long_text_is_cut_and_still_ends(void **state)
{
	struct message message;
	char text[2000];
	(void)state;
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	assert_true(message_send(ends[0], MESSAGE_PROGRESS, 0, text));
	assert_int_equal(message_take(ends[1], &message), MESSAGE_TAKEN);
	assert_int_equal(strlen(message.text), sizeof message.text - 1);
}

static void malformed_messages_are_skipped(void **state)
{
	struct message message = {.kind = MESSAGE_KINDS};
	(void)state;
	assert_int_equal(send(ends[0], "short", 5, 0), 5);
	assert_int_equal(send(ends[0], &message, sizeof message, 0), sizeof message);
	message.kind = -1;
	assert_int_equal(send(ends[0], &message, sizeof message, 0), sizeof message);
	message.kind = MESSAGE_PROGRESS;
	message.status = 256; /* as an exit status it would be 0 */
	assert_int_equal(send(ends[0], &message, sizeof message, 0), sizeof message);
	message.status = -1;
	assert_int_equal(send(ends[0], &message, sizeof message, 0), sizeof message);
	message.kind = MESSAGE_REFUSED;
	message.status = 0; /* and no failure */
	assert_int_equal(send(ends[0], &message, sizeof message, 0), sizeof message);
	message.kind = MESSAGE_READY;
	memset(message.text, 'y', sizeof message.text);
	assert_int_equal(send(ends[0], &message, sizeof message, 0), sizeof message);
	assert_int_equal(message_take(ends[1], &message), MESSAGE_TAKEN);
	assert_int_equal(message.kind, MESSAGE_READY);
	assert_int_equal(strlen(message.text), sizeof message.text - 1);
}

static void the_end_of_the_other_side_is_seen_after_its_last_message(void **state)
{
	struct message message;
	(void)state;
	assert_true(message_send(ends[0], MESSAGE_READY, 0, ""));
	(void)close(ends[0]);
	assert_int_equal(message_take(ends[1], &message), MESSAGE_TAKEN);
	assert_int_equal(message_take(ends[1], &message), MESSAGE_END);
	assert_false(message_send(ends[1], MESSAGE_WAIT, 0, ""));
}

#define channel_test(name) cmocka_unit_test_setup_teardown(name, open_channel, close_channel)

int main(void)
{
	const struct CMUnitTest tests[] = {
		channel_test(a_message_arrives_as_it_was_sent),
		channel_test(every_field_of_a_message_arrives),
		channel_test(a_long_text_is_cut_and_still_ends),
		channel_test(malformed_messages_are_skipped),
		channel_test(the_end_of_the_other_side_is_seen_after_its_last_message),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
