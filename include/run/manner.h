/*
 * The manner in which the app is looked after: tminus's own, as the settings say, or that of the
 * program under whose name tminus was called (commands/programs.c).
 */
#ifndef TMINUS_RUN_MANNER_H
#define TMINUS_RUN_MANNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/signal_name.h"

#define SIGNAL_BIT(number) ((uint64_t)1 << (((unsigned)(number)-1U) & 63U))

/* What can be told of the app's life. */
enum manner_event {
	MANNER_STARTED,	  /* pid of the app */
	MANNER_RECEIVED,  /* signal */
	MANNER_REWRITTEN, /* signal, what it becomes */
	MANNER_FORWARDED, /* signal, as the app gets it */
	MANNER_DROPPED,	  /* signal */
	MANNER_SUSPENDED, /* it stops itself, too */
	MANNER_REAPED,	  /* pid, status as of waitpid(2): the app's too */
	MANNER_ENDED,	  /* the app; its exit status, as of waitpid(2) */
	MANNER_EVENTS
};

struct manner {
	signal_map becomes; /* what a signal is forwarded as; 0: not at all */
	bool follows;	 /* no stop of its own and no linger: it forwards, and ends with the app */
	bool ends_group; /* as it ends, the app's group gets TERM */
	uint64_t suspends; /* with these it stops itself, too; SIGNAL_BIT each */
	uint64_t once;	   /* these are dropped once */
	void (*tell)(enum manner_event event, int first, int second); /* NULL: nobody listens */
};

static inline void manner_tell(
	const struct manner *manner, enum manner_event event, int first, int second)
{
	if (manner->tell != NULL)
		manner->tell(event, first, second);
}

#endif
