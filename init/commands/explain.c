/* explain: what a start would run, what it would leave out, and why. Touches nothing. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "commands/commands.h"
#include "config/json.h"
#include "config/presets.h"
#include "process/signals.h"
#include "run/plan.h"

#define WHAT_WIDTH_MOST 60 /* a longer one has its reason behind it all the same */

/* The widest of the names, or of what is short enough to stand in a column. */
static int width_of(const struct plan_notes *notes, bool of_name)
{
	size_t width = strlen("STEP");
	for (size_t i = 0; i < notes->count; i++) {
		const struct plan_note *note = &notes->items[i];
		const char *text = of_name ? note->name : note->what;
		size_t length = text != NULL ? strlen(text) : 0;
		if (length > width && (of_name || length <= WHAT_WIDTH_MOST))
			width = length;
	}
	return (int)width;
}

static void show_text(const struct config *config, const struct plan_notes *notes)
{
	int name = width_of(notes, true);
	int what = width_of(notes, false);
	(void)printf("%s; preset %s; environment %s%s%s\n",
		config->file != NULL ? config->file : "no tminus.ini",
		preset_name((enum preset)config->preset), config->environment_name,
		config->role != NULL ? "; role " : "",
		config->role != NULL ? config->role->name : "");
	if (config->preset_reason != NULL)
		(void)printf("%s\n", config->preset_reason);
	(void)printf("%-4s  %-*s  %-*s  %s\n", "RUNS", name, "STEP", what, "WHAT", "WHY");
	for (size_t i = 0; i < notes->count; i++) {
		const struct plan_note *note = &notes->items[i];
		(void)printf("%-4s  %-*s  %-*s  %s\n", note->runs ? "yes" : "no", name, note->name,
			what, note->what != NULL ? note->what : "-", note->why);
	}
}

static void show_pair(const char *key, const char *value, const char *end)
{
	(void)printf("\"%s\": ", key);
	json_string(stdout, value);
	(void)fputs(end, stdout);
}

static void show_json(const struct config *config, const struct plan_notes *notes)
{
	(void)fputs("{\n", stdout);
	show_pair("file", config->file, ",\n");
	show_pair("preset", preset_name((enum preset)config->preset), ",\n");
	show_pair("preset_reason", config->preset_reason, ",\n");
	show_pair("role", config->role != NULL ? config->role->name : NULL, ",\n");
	show_pair("environment", config->environment_name, ",\n\"plan\": [");
	for (size_t i = 0; i < notes->count; i++) {
		const struct plan_note *note = &notes->items[i];
		(void)printf("%s{\"runs\": %s, ", i > 0 ? ",\n  " : "\n  ",
			note->runs ? "true" : "false");
		show_pair("step", note->name, ", ");
		show_pair("what", note->what, ", ");
		show_pair("why", note->why, "}");
	}
	(void)fputs("\n]\n}\n", stdout);
}

/* What a start says of programs, folders, keys and templates; 0 where it would go on. */
static int show_findings(const struct plan *plan)
{
	struct list warnings = {0};
	struct faults faults = {0};
	plan_look_for_programs(plan, &warnings);
	if (plan->files != NULL)
		files_look(plan->files, &warnings, &faults);
	for (size_t i = 0; i < warnings.count; i++)
		log_warn("%s", warnings.items[i]);
	for (size_t i = 0; i < faults.messages.count; i++)
		log_error("%s", faults.messages.items[i]);
	int status = faults.messages.count > 0 ? STATUS_CONFIG : 0;
	list_clear(&warnings);
	faults_free(&faults);
	return status;
}

int command_explain(struct command_line *line)
{
	struct plan_notes notes = {0};
	signals_unblock();
	struct config *config = commands_load(line);
	if (config == NULL)
		return STATUS_CONFIG;
	struct plan_request request = {.terminal = -1, .call = &line->request, .notes = &notes};
	request.scope = config->app.count > 0 ? PLAN_RUN : PLAN_BOOT;
	for (size_t i = 0; i < config->warnings.count; i++)
		log_warn("%s", config->warnings.items[i]);
	/* What else a plan has to say is in the table. */
	log_configure(
		LOG_ERROR, (enum log_format)config->log_format, (enum log_color)config->log_color);
	const struct plan *plan = plan_new(config, &request);
	if (config->app.count == 0)
		plan_notes_add(&notes, "app",
			"the command line names none (tminus explain -- COMMAND), and neither does "
			"[app] command");
	if ((line->options & OPTION_JSON) != 0)
		show_json(config, &notes);
	else
		show_text(config, &notes);
	plan_notes_free(&notes);
	int written = commands_flush();
	log_configure(
		LOG_WARN, (enum log_format)config->log_format, (enum log_color)config->log_color);
	int refused = show_findings(plan);
	return refused != 0 ? refused : written;
}
