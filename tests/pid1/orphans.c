/*
 * orphans COUNT: leaves COUNT orphans behind by double forks, as fast as it can, waits for its own
 * children, and says "done". Each orphan ends at once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void leave_orphan(void)
{
	pid_t child = fork();
	if (child == 0) {
		(void)fork();
		_exit(0);
	}
	if (child > 0)
		(void)waitpid(child, NULL, 0);
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 1;
	for (int i = 0; i < count; i++)
		leave_orphan();
	(void)!write(STDOUT_FILENO, "done\n", 5);
	if (argc > 2)
		(void)execvp(argv[2], argv + 2);
	return 0;
}
