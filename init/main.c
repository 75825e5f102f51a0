/* tminus: PID 1 for containers. The story: block signals, secure the ground, do what was asked. */
#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"
#include "commands/commands.h"
#include "process/signals.h"

/* Closed 0, 1 or 2 would be taken by the first thing opened, and the app would write into it. */
static void hold_standard_descriptors(void)
{
	for (int descriptor = 0; descriptor <= 2; descriptor++)
		if (fcntl(descriptor, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0)
			(void)open("/", O_PATH);
}

int main(int argc, char **argv)
{
	signals_block();
	signals_reset();
	hold_standard_descriptors();
	log_configure(LOG_INFO, LOG_TEXT, LOG_COLOR_NEVER);
	return commands_main(argc, argv, environ);
}
