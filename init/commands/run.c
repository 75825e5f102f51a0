/* run, boot and wait: the plan in three lengths. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "commands/commands.h"
#include "process/descendants.h"
#include "process/signals.h"
#include "process/terminal.h"
#include "run/run.h"

/* An app of the same user must not read our environment or memory: both may hold credentials.
 * Everything below /proc/self that we need is open by now. prctl(2), PR_SET_DUMPABLE */
static void hide_memory(void)
{
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static void adopt_orphans(void)
{
	if (descendants_adopt() != 0)
		log_debug("cannot become a subreaper (%s): orphans go to the namespace's PID 1",
			strerror(errno));
}

static int run_scope(struct command_line *line, enum plan_scope scope)
{
	autoclose int signals = signals_open();
	if (signals < 0) {
		log_error("signalfd: %s", strerror(errno));
		return STATUS_INTERNAL;
	}
	struct config *config = commands_load(line);
	if (config == NULL)
		return STATUS_CONFIG;
	log_configure((enum log_level)config->log_level, (enum log_format)config->log_format,
		(enum log_color)config->log_color);
	if (config->preset_reason != NULL)
		log_info("%s", config->preset_reason);
	for (size_t i = 0; i < config->warnings.count; i++)
		log_warn("%s", config->warnings.items[i]);
	if (scope == PLAN_RUN && config->app.count == 0) {
		log_error(
			"nothing to run: give the app's command behind \"--\" (tminus -- gunicorn "
			"app:app), or as command in [app]; the steps alone are `tminus boot`");
		config_free(config);
		return STATUS_USAGE;
	}
	hide_memory();
	adopt_orphans();
	struct plan *plan = plan_new(config, scope, terminal_find());
	/* The kernel takes all back at once, and faster than we could. */
	_exit(run_plan(config, plan, signals));
}

int command_run(struct command_line *line)
{
	return run_scope(line, PLAN_RUN);
}

int command_boot(struct command_line *line)
{
	return run_scope(line, PLAN_BOOT);
}

int command_wait(struct command_line *line)
{
	return run_scope(line, PLAN_WAIT);
}
