/* config: what is in force, and where it came from. */
#include <stdio.h>

#include "commands/commands.h"
#include "config/help.h"
#include "config/show.h"
#include "process/signals.h"

int command_config(struct command_line *line)
{
	signals_unblock();
	if ((line->options & OPTION_EXAMPLE) != 0) {
		config_example(stdout);
		return commands_flush();
	}
	struct config *config = commands_load(line);
	if (config == NULL)
		return STATUS_CONFIG;
	config_show(config, stdout, (line->options & OPTION_JSON) != 0);
	config_free(config);
	return commands_flush();
}
