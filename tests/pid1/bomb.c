/*
 * bomb DEPTH [COMMAND...]: a fork bomb of short-lived processes. Each forks two, waits for none and
 * ends, DEPTH times: 2^DEPTH - 1 processes, nearly all of them orphans. Where fork(2) is refused it
 * goes on with fewer. The first process becomes COMMAND.
 */
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int depth = argc > 1 ? atoi(argv[1]) : 1;
	int first = 1;
	while (depth-- > 0) {
		pid_t left = fork();
		if (left == 0) {
			first = 0;
			continue;
		}
		pid_t right = fork();
		if (right == 0) {
			first = 0;
			continue;
		}
		break;
	}
	if (first && argc > 2)
		(void)execvp(argv[2], argv + 2);
	return 0;
}
