/*
 * What the keeper and the wait children say to PID 1, and PID 1 to the keeper: one fixed-size
 * datagram each, over a SOCK_SEQPACKET pair.
 */
#ifndef TMINUS_STEPS_MESSAGE_H
#define TMINUS_STEPS_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

enum message_kind {
	MESSAGE_WAIT,	  /* to the keeper: wait until the database is usable */
	MESSAGE_PROGRESS, /* not ready yet; text is the reason, status what giving up now would mean
			   */
	MESSAGE_READY,	  /* usable; text is what answered */
	MESSAGE_REFUSED,  /* waiting is over: text is the reason, status the exit status */
	MESSAGE_KINDS
};

struct message {
	int32_t kind;
	int32_t status;
	char text[504];
};

/* Sends; false when the other end is gone. text is cut at the room there is. */
bool message_send(int channel, enum message_kind kind, int status, const char *text);

enum message_result { MESSAGE_NONE, MESSAGE_TAKEN, MESSAGE_END };

/* Takes the next message off channel: MESSAGE_NONE when there is none yet (a non-blocking channel),
 * MESSAGE_END when the other end is gone. What is malformed is skipped. */
enum message_result message_take(int channel, struct message *message);

#endif
