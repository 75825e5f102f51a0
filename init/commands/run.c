/* run, boot and wait: the plan in three lengths. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "commands/commands.h"
#include "config/suggest.h"
#include "process/descendants.h"
#include "process/exec.h"
#include "process/signals.h"
#include "process/terminal.h"
#include "run/run.h"

/* An app of the same user must not read our environment or memory: both may hold credentials.
 * prctl(2), PR_SET_DUMPABLE */
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

/* Steps change the database: that there is no such app must not come out behind them. A step of the
 * user's own may well make it. */
static int look_for_app(const struct config *config, const struct plan *plan)
{
	struct error error = {0};
	if (plan->app == NULL || plan->step_count == 0 || config->step_count > 0 ||
		exec_look(config->app.items[0], config->environment.items, &error) == 0)
		return 0;
	log_error("cannot run the app: %s; no step was run", error.message);
	return error.status;
}

/* That a program is missing must not come out behind a migration alone. */
static void warn_of_programs(const struct plan *plan)
{
	struct list warnings = {0};
	plan_look_for_programs(plan, &warnings);
	for (size_t i = 0; i < warnings.count; i++)
		log_warn("%s", warnings.items[i]);
	list_clear(&warnings);
}

/* What a subcommand cannot do without. 0, or the exit status of what was said. */
static int check_scope(const struct config *config, const struct plan_request *request)
{
	enum plan_scope scope = request->scope;
	bool of_job = jobs_of_run(config, request->job) != NULL;
	bool works = scope == PLAN_BACKUP || scope == PLAN_RESTORE || scope == PLAN_GUARD;
	if (request->job != NULL && !of_job) {
		log_error("--job: there is no such job: %s", request->job);
		return STATUS_USAGE;
	}
	if (scope == PLAN_RUN && config->app.count == 0) {
		log_error(
			"nothing to run: give the app's command behind \"--\" (tminus -- gunicorn "
			"app:app), or as command in [app]; the steps alone are `tminus boot`");
		return STATUS_USAGE;
	}
	if ((scope == PLAN_RUN || scope == PLAN_BOOT) && plan_misses_backup(config)) {
		log_error("%s", PLAN_MISSES_BACKUP);
		return STATUS_CONFIG;
	}
	if (works && !HAS_DRIVERS) {
		log_error("this build of tminus has no database driver (tminus version)");
		return STATUS_CONFIG;
	}
	if (works && (config->database == NULL || config->database_level != WAIT_QUERY)) {
		log_error("there is no database with a login (DATABASE_URL, or database.url)");
		return STATUS_CONFIG;
	}
	return 0;
}

/* Nothing is done by a boot whose app could not be who it should be. */
static int try_identities(const struct plan *plan)
{
	struct error error = {0};
	unsigned lacks = 0;
	if (plan_rehearse(plan, &lacks, &error) != 0) {
		log_error("%s; nothing was started", error.message);
		return error.status;
	}
	for (const char *lack; (lack = plan_next_lack(&lacks)) != NULL;)
		log_warn("%s", lack);
	return 0;
}

static int run_scope(struct command_line *line, struct plan_request request)
{
	request.job = line->job;
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
	int refused = check_scope(config, &request);
	if (refused != 0) {
		config_free(config);
		return refused;
	}
	hide_memory();
	adopt_orphans();
	request.terminal = terminal_find();
	request.call = &line->request;
	struct plan *plan = plan_new(config, &request);
	if (request.scope != PLAN_RUN && plan->step_count == 0)
		log_warn("nothing to do: no database, no target and no step is configured");
	config_forget_origins(config);
	int status = look_for_app(config, plan);
	if (status == 0)
		warn_of_programs(plan);
	if (status == 0)
		status = try_identities(plan);
	if (status != 0)
		_exit(status);
	struct manner manner = {0};
	memcpy(manner.becomes, config->rewrites, sizeof manner.becomes);
	/* The kernel takes all back at once, and faster than we could. */
	_exit(run_plan(config, plan, &manner, signals));
}

/* "tminus confg" runs an app of that name; perhaps that was not meant. */
static void warn_of_subcommand(const struct command_line *line)
{
	char room[SUGGEST_TEXT_SIZE];
	const char *word = line->request.app_argv[0];
	if (line->dashes || word == NULL)
		return;
	if (commands_find(word) != NULL) {
		log_warn("%s is run as the app: the subcommand is %s already", word,
			line->subcommand->name);
		return;
	}
	struct suggestion suggestion = suggest_for(word);
	for (const struct subcommand *at = commands_all(); at->name != NULL; at++)
		suggest_offer(&suggestion, at->name);
	if (suggestion.best[0] != '\0')
		log_warn("%s is no subcommand of tminus and is run as the app%s", word,
			suggest_text(&suggestion, room));
}

int command_run(struct command_line *line)
{
	warn_of_subcommand(line);
	return run_scope(line, (struct plan_request){.scope = PLAN_RUN});
}

int command_boot(struct command_line *line)
{
	line->request.waits = true;
	return run_scope(line, (struct plan_request){.scope = PLAN_BOOT});
}

/* Targets on the command line take the place of the configured ones. */
static void take_targets(struct command_line *line)
{
	struct text targets = {0};
	for (char *const *word = line->request.app_argv; *word != NULL; word++)
		text_add_format(
			&targets, "%s%s", targets.length > 0 ? " " : "wait.targets=", *word);
	if (targets.length > 0)
		list_append(&line->request.set, targets.bytes);
	text_free(&targets);
	line->request.app_argv = NULL;
}

int command_wait(struct command_line *line)
{
	line->request.waits = true;
	take_targets(line);
	return run_scope(line, (struct plan_request){.scope = PLAN_WAIT});
}

int command_backup(struct command_line *line)
{
	if ((line->options & OPTION_LIST) != 0)
		return command_backup_list(line);
	if ((line->options & OPTION_JSON) != 0) {
		log_error("tminus backup knows --json only with --list");
		return STATUS_USAGE;
	}
	return run_scope(line, (struct plan_request){.scope = PLAN_BACKUP});
}

int command_restore(struct command_line *line)
{
	char *file = line->request.app_argv[0];
	struct plan_request request = {.scope = PLAN_RESTORE};
	if (file == NULL || line->request.app_argv[1] != NULL) {
		log_error("name one backup: tminus restore latest, or a file (tminus backup --list "
			  "shows them)");
		return STATUS_USAGE;
	}
	line->request.app_argv = NULL;
	request.restore.restore.file = file;
	request.restore.restore.exclude = &line->excluded;
	request.restore.restore.into = (line->options & OPTION_INTO) != 0;
	request.restore.restore.force = (line->options & OPTION_FORCE) != 0;
	request.restore.restore.data_only = (line->options & OPTION_DATA_ONLY) != 0;
	request.restore.restore.truncate = (line->options & OPTION_TRUNCATE) != 0;
	return run_scope(line, request);
}

/* The app's own command, of [app], is nothing to run under the lock. */
int command_guard(struct command_line *line)
{
	if (line->job == NULL &&
		(line->request.app_argv == NULL || line->request.app_argv[0] == NULL)) {
		log_error("nothing to run: give a command behind \"--\" (tminus guard -- flask db "
			  "downgrade)");
		return STATUS_USAGE;
	}
	line->request.beside = true;
	return run_scope(line, (struct plan_request){.scope = PLAN_GUARD,
				       .backup = (line->options & OPTION_BACKUP) != 0});
}
