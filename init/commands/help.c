/* help and version. */
#include <stdio.h>

#include "base/version.h"
#include "commands/commands.h"
#include "config/help.h"
#include "process/signals.h"

static const char drivers[] = ""
#ifdef WITH_POSTGRES
			      " postgres"
#endif
#ifdef WITH_MYSQL
			      " mysql"
#endif
#ifdef WITH_SQLITE
			      " sqlite"
#endif
	;

const char *command_version_number(void)
{
	return TMINUS_VERSION;
}

int command_version(struct command_line *line)
{
	signals_unblock();
	(void)line;
	(void)printf("tminus %s, drivers:%s\n", command_version_number(),
		drivers[0] != '\0' ? drivers : " none");
	return commands_flush();
}

int command_help(struct command_line *line)
{
	signals_unblock();
	(void)line;
	(void)printf(
		"tminus: PID 1 that waits for the database, migrates, seeds and runs the app\n\n"
		"usage: tminus [--config FILE] [--set SECTION.KEY=VALUE]... [SUBCOMMAND] [--] "
		"[COMMAND...]\n\n");
	for (const struct subcommand *at = commands_all(); at->name != NULL; at++)
		(void)printf("  tminus %s%s%s\n      %s\n", at->name, at->arguments[0] ? " " : "",
			at->arguments, at->help);
	(void)printf("\n");
	config_help_settings(stdout);
	return commands_flush();
}
