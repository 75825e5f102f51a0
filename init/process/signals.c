#include "process/signals.h"

#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/signal_name.h"

/* The kernel's sigset_t: bit n-1 is signal n, on every architecture we build for. */
typedef uint64_t kernel_mask;

#define TAKEN_AT_ONCE 8

/* The kernel's struct sigaction; zero is SIG_DFL without flags. */
struct kernel_action {
	void (*handler)(int);
	unsigned long flags;
	void *restorer;
	kernel_mask mask;
};

/* What the parent left to us. */
static struct {
	kernel_mask blocked;
	kernel_mask ignored;
	bool known; /* blocked is */
} inherited;

/* The mask that the program was started with, where something has changed it before main:
 * docker/static/start.S */
const uint64_t *signals_at_start(void) __attribute__((weak));

static kernel_mask bit(int number)
{
	return (kernel_mask)1 << (number - 1);
}

static void swap_mask(kernel_mask mask, kernel_mask *before)
{
	(void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, before, sizeof mask);
}

static void set_mask(kernel_mask mask)
{
	swap_mask(mask, NULL);
}

void signals_block(void)
{
	kernel_mask before = 0;
	swap_mask(UINT64_MAX, &before);
	if (!inherited.known)
		inherited.blocked = signals_at_start != NULL ? *signals_at_start() : before;
	inherited.known = true;
}

void signals_unblock(void)
{
	set_mask(0);
}

void signals_reset(void)
{
	const struct kernel_action by_default = {0};
	for (int number = 1; number <= SIGNAL_LAST; number++) {
		struct kernel_action before = {0};
		(void)syscall(SYS_rt_sigaction, number, &by_default, &before, sizeof(kernel_mask));
		if (before.handler == SIG_IGN && number != SIGCHLD)
			inherited.ignored |= bit(number);
	}
}

void signals_restore(void)
{
	static const struct kernel_action ignore = {.handler = SIG_IGN};
	for (int number = 1; number <= SIGNAL_LAST; number++)
		if ((inherited.ignored & bit(number)) != 0)
			(void)syscall(SYS_rt_sigaction, number, &ignore, NULL, sizeof(kernel_mask));
	set_mask(inherited.blocked);
}

int signals_open(void)
{
	kernel_mask all = UINT64_MAX;
	return (int)syscall(SYS_signalfd4, -1, &all, sizeof all, SFD_CLOEXEC);
}

size_t signals_take(int descriptor, struct arrival *arrivals, size_t room)
{
	struct signalfd_siginfo infos[TAKEN_AT_ONCE];
	size_t wanted = room < TAKEN_AT_ONCE ? room : TAKEN_AT_ONCE;
	ssize_t length = read(descriptor, infos, wanted * sizeof infos[0]);
	size_t count = length > 0 ? (size_t)length / sizeof infos[0] : 0;
	for (size_t i = 0; i < count; i++) {
		arrivals[i].number = (int)infos[i].ssi_signo;
		arrivals[i].sender = infos[i].ssi_code == SI_KERNEL ? 0 : (pid_t)infos[i].ssi_pid;
	}
	return count;
}

void signals_suspend(int number)
{
	(void)kill(0, number);
	set_mask(UINT64_MAX & ~bit(number));
	set_mask(UINT64_MAX);
}

bool signals_pending(int descriptor)
{
	struct pollfd ready = {.fd = descriptor, .events = POLLIN};
	return poll(&ready, 1, 0) == 1;
}
