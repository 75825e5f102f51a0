/*
 * unclean COMMAND...: becomes COMMAND with every signal blocked and every disposition ignored, as a
 * careless parent leaves them, 32 and 33 too.
 */
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

struct kernel_action {
	void (*handler)(int);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

int main(int argc, char **argv)
{
	uint64_t all = ~(uint64_t)0;
	struct kernel_action ignore = {.handler = SIG_IGN};
	(void)argc;
	for (int number = 1; number <= 64; number++)
		(void)syscall(SYS_rt_sigaction, number, &ignore, NULL, sizeof all);
	(void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, sizeof all);
	(void)execvp(argv[1], argv + 1);
	return 127;
}
