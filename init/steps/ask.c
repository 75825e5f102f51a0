#include "steps/ask.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"

#define INTERVAL_WITHOUT_PIDFD 50 /* ms between two looks, before Linux 5.3 */

/* A descriptor that is readable when the child has ended; -1 where there is no such thing.
 * pidfd_open(2) */
static int open_child(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static int64_t earlier(int64_t one, int64_t other)
{
	return one < other ? one : other;
}

/* Until the child has ended, the channel is readable, or it is time. Is the channel readable? */
static bool await_child(int child, int channel, int64_t until)
{
	struct pollfd descriptors[] = {
		{.fd = child, .events = POLLIN}, {.fd = channel, .events = POLLIN}};
	if (child < 0)
		until = earlier(until, clock_now() + INTERVAL_WITHOUT_PIDFD);
	(void)poll(descriptors, 2, clock_left(until));
	return descriptors[1].revents != 0;
}

static void end_child(pid_t pid)
{
	(void)kill(-pid, SIGKILL);
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
}

static int status_of(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int ask(const struct command *command, int64_t limit, int channel,
	const struct ask_meanwhile *meanwhile, struct error *error)
{
	struct spawned spawned;
	int status;
	pid_t ended;
	*error = (struct error){0};
	if (spawn_command(command, &spawned, error) != 0)
		return error->status;
	autoclose int child = open_child(spawned.pid);
	int64_t deadline = clock_deadline(limit);
	int64_t next = clock_now() + meanwhile->interval;
	bool wanted = true;
	while ((ended = waitpid(spawned.pid, &status, WNOHANG)) == 0 && wanted &&
		clock_now() < deadline) {
		wanted = !await_child(child, channel, earlier(next, deadline));
		if (clock_now() < next)
			continue;
		meanwhile->call(meanwhile->context);
		next = clock_now() + meanwhile->interval;
	}
	if (ended == 0)
		end_child(spawned.pid);
	if (ended != 0 && spawn_report(spawned.descriptor) == SPAWN_FAILED)
		spawn_error(spawned.descriptor, error);
	(void)close(spawned.descriptor);
	if (!wanted)
		return -1;
	return ended != 0 ? status_of(status) : 128 + SIGKILL;
}
