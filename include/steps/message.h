/*
 * What the keeper and the wait children say to PID 1, and PID 1 to the keeper: one fixed-size
 * datagram each, over a SOCK_SEQPACKET pair.
 */
#ifndef TMINUS_STEPS_MESSAGE_H
#define TMINUS_STEPS_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

enum message_kind {
	/* Questions to the keeper. */
	MESSAGE_WAIT,	    /* wait until the database is usable */
	MESSAGE_COORDINATE, /* what is due? Comes back when it is settled, or with the lock held */
	MESSAGE_BEGUN,	    /* work is about to begin: write it down */
	MESSAGE_FINISHED,   /* work has ended, well where status is 0: write it down */
	MESSAGE_EXTENSIONS, /* create those that are missing, and write it down */
	MESSAGE_BACK,	    /* the upgrade failed: can the way back be gone? */
	MESSAGE_RELEASE,    /* the lock is not needed any more; no answer */

	/* Answers. */
	MESSAGE_PROGRESS, /* not yet; text is the reason, status what giving up now would mean, 0
			     where there is nothing to give up; of a child with files a warning */
	MESSAGE_READY,	  /* usable; text is what answered */
	MESSAGE_SETTLED,  /* nothing is due; text says the state, status 1 makes it a warning */
	MESSAGE_DUE,	  /* due is to be done, and the lock is held; text says the state */
	MESSAGE_WRITTEN,  /* answers BEGUN, FINISHED and EXTENSIONS; a text is a warning, or with a
			     status the reason why the work failed after all */
	MESSAGE_PASSED,	  /* answers BEGUN: there is nothing to do; text is the reason */
	MESSAGE_GO_BACK,  /* answers BACK; text is the revision to go back to */
	MESSAGE_STAY,	  /* answers BACK: all stays as it is; text is the reason */
	MESSAGE_KEY,	  /* text is NAME=value of the key that is number work; never logged */
	MESSAGE_REFUSED,  /* it is over: text is the reason, status the exit status */
	MESSAGE_KINDS
};

struct message {
	int32_t kind;
	int32_t status;
	uint64_t due;  /* bits of the plan's works */
	uint32_t work; /* index of one */
	char text[1004];
};

/* Sends; false when the other end is gone. */
bool message_write(int channel, const struct message *message);

/* The same for what has only a text, which is cut at the room there is. */
bool message_send(int channel, enum message_kind kind, int status, const char *text);

enum message_result { MESSAGE_NONE, MESSAGE_TAKEN, MESSAGE_END };

/* Takes the next message off channel: MESSAGE_NONE when there is none yet (a non-blocking channel),
 * MESSAGE_END when the other end is gone. What is malformed is skipped. */
enum message_result message_take(int channel, struct message *message);

#endif
