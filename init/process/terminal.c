#include "process/terminal.h"

#include <unistd.h>

/* A group led from outside this PID namespace is 0 here and could not be put back into the
 * foreground later: lead one of our own. pid_namespaces(7) */
static void lead_group(int terminal)
{
	(void)setpgid(0, 0);
	(void)tcsetpgrp(terminal, getpgrp());
}

int terminal_find(void)
{
	for (int descriptor = 0; descriptor <= 2; descriptor++) {
		pid_t foreground = tcgetpgrp(descriptor);
		if (foreground < 0 || foreground != getpgrp())
			continue;
		if (getpgrp() == 0)
			lead_group(descriptor);
		return descriptor;
	}
	return -1;
}

bool terminal_is_ours(int terminal)
{
	return tcgetpgrp(terminal) == getpgrp();
}

void terminal_give(int terminal, pid_t group)
{
	if (terminal >= 0)
		(void)tcsetpgrp(terminal, group);
}
