#include "process/terminal.h"

#include <unistd.h>

int terminal_find(void)
{
	for (int descriptor = 0; descriptor <= 2; descriptor++)
		if (tcgetpgrp(descriptor) == getpgrp())
			return descriptor;
	return -1;
}

void terminal_give(int terminal, pid_t group)
{
	if (terminal >= 0)
		(void)tcsetpgrp(terminal, group);
}
