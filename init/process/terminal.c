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
	int found = -1;
	for (int descriptor = 2; descriptor >= 0; descriptor--)
		if (tcgetpgrp(descriptor) >= 0)
			found = descriptor;
	if (found >= 0 && getpgrp() == 0 && terminal_is_ours(found))
		lead_group(found);
	return found;
}

bool terminal_is_awaited(void)
{
	pid_t parent = getppid();
	return parent > 0 && getsid(parent) == getsid(0) && getpgid(parent) != getpgrp();
}

bool terminal_is_ours(int terminal)
{
	return terminal >= 0 && tcgetpgrp(terminal) == getpgrp();
}

void terminal_give(int terminal, pid_t group)
{
	if (terminal >= 0)
		(void)tcsetpgrp(terminal, group);
}
