#include "process/signals.h"

#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/signal_name.h"

/* The kernel's sigset_t: bit n-1 is signal n, on every architecture we build for. */
typedef uint64_t kernel_mask;

/* The kernel's struct sigaction; zero is SIG_DFL without flags. */
struct kernel_action {
	void *handler;
	unsigned long flags;
	void *restorer;
	kernel_mask mask;
};

static void set_mask(kernel_mask mask)
{
	(void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof mask);
}

void signals_block(void)
{
	set_mask(UINT64_MAX);
}

void signals_unblock(void)
{
	set_mask(0);
}

void signals_reset(void)
{
	static const struct kernel_action by_default;
	for (int number = 1; number <= SIGNAL_LAST; number++)
		(void)syscall(SYS_rt_sigaction, number, &by_default, NULL, sizeof(kernel_mask));
}

int signals_open(void)
{
	kernel_mask all = UINT64_MAX;
	return (int)syscall(SYS_signalfd4, -1, &all, sizeof all, SFD_CLOEXEC | SFD_NONBLOCK);
}

bool signals_next(int descriptor, struct arrival *arrival)
{
	struct signalfd_siginfo info;
	if (read(descriptor, &info, sizeof info) != (ssize_t)sizeof info)
		return false;
	arrival->number = (int)info.ssi_signo;
	arrival->sender = info.ssi_code == SI_KERNEL ? 0 : (pid_t)info.ssi_pid;
	return true;
}
