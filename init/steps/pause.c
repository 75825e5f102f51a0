#include "steps/pause.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"

int pause_for(int channel, int64_t milliseconds)
{
	struct pollfd parent = {.fd = channel, .events = POLLIN};
	int64_t until = clock_now() + milliseconds;
	for (;;) {
		int result = poll(&parent, 1, clock_left(until));
		if (result == 0)
			return 0;
		if (result > 0 || errno != EINTR)
			return -1;
	}
}

int64_t pause_jitter(struct pause *pause, int64_t interval)
{
	if (pause->jitter == 0)
		pause->jitter = (unsigned)getpid() ^ (unsigned)clock_now();
	pause->jitter = pause->jitter * 1103515245U + 12345U;
	return interval - (int64_t)(pause->jitter >> 16) % (interval / 4 + 1);
}

int pause_grow(struct pause *pause, int channel, int64_t first, int64_t last)
{
	if (pause->interval < first)
		pause->interval = first;
	int64_t interval = pause_jitter(pause, pause->interval);
	int64_t next = pause->interval + pause->interval / 2;
	pause->interval = next < last ? next : last;
	return pause_for(channel, interval);
}
