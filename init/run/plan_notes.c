#include <stdarg.h>
#include <stdlib.h>

#include "base/memory.h"
#include "config/condition.h"
#include "config/expand.h"
#include "config/given.h"
#include "config/show.h"
#include "process/exec.h"
#include "run/plan_draft.h"

static void add(struct plan_notes *notes, const struct plan_note *note)
{
	notes->items = memory_resized(notes->items, notes->count + 1, sizeof *notes->items);
	notes->items[notes->count++] = *note;
}

void plan_notes_add(struct plan_notes *notes, const char *name, const char *why)
{
	const struct plan_note note = {.name = memory_copy(name), .why = memory_copy(why)};
	add(notes, &note);
}

void draft_note(const struct draft *draft, bool runs, const char *name, const char *what,
	const char *format, ...)
{
	struct plan_notes *notes = draft->request->notes;
	struct text why = {0};
	va_list arguments;
	if (notes == NULL)
		return;
	va_start(arguments, format);
	text_add_arguments(&why, format, arguments);
	va_end(arguments);
	const struct plan_note note = {.runs = runs,
		.name = memory_copy(name),
		.what = what != NULL ? memory_copy(what) : NULL,
		.why = text_take(&why)};
	add(notes, &note);
}

const char *draft_when(const struct draft *draft, int work)
{
	static const char *const texts[] = {
		[WORK_PENDING] = "where migrations are pending, by one replica",
		[WORK_MISSING] = "where they are missing, by one replica",
		[WORK_UNVERSIONED] = "where there are tables, and no version table",
		[WORK_CHANGES] = "before an upgrade that changes something",
		[WORK_ALWAYS] = "at every start, by one replica after the other",
		[WORK_ONCE] = "once for each database",
		[WORK_CHANGED] = "where its command or its files have changed",
		[WORK_LATER] = "by one replica",
	};
	return work == NO_WORK ? "at every start" : texts[draft->plan->works[work].when];
}

void draft_note_setting(const struct draft *draft, const char *name, const char *section,
	const char *key, const char *when)
{
	if (draft->request->notes == NULL)
		return;
	const struct config *config = draft->config;
	const struct given *given = origins_plain(config->origins, section, key);
	autofree char *what = config_command_text(config, section, key);
	draft_note(draft, true, name, what, "%s; %s",
		given->origin != NULL ? given->origin : "default", when);
}

/* Paths and owners are no secrets, as what comes into a command may be. */
static char *expanded(const struct config *config, const char *text)
{
	struct error error;
	char *result;
	const struct expand_names names = {.environment = config->environment.items};
	return expand_text(text, &names, &result, &error) == 0 ? result : memory_copy(text);
}

void draft_note_named(const struct draft *draft, enum named_kind kind, size_t index,
	const char *key, const char *condition, const char *when)
{
	if (draft->request->notes == NULL)
		return;
	const struct config *config = draft->config;
	const struct given_section *section = &config->origins->named[kind].items[index];
	bool of_files = settings_kind_is_path(kind) || kind == NAMED_KEY;
	autofree char *written = config_named_text(config, kind, index, key);
	autofree char *what = of_files ? expanded(config, written) : memory_copy(written);
	autofree char *name = of_files ? expanded(config, section->name) : NULL;
	const char *title = draft_name(draft, kind, name != NULL ? name : section->name);
	autofree char *holds = condition_reason(condition, config->environment.items);
	draft_note(draft, true, title, what, "%s; %s%s%s", section->origin, when,
		condition != NULL ? "; " : "", condition != NULL ? holds : "");
}

void draft_note_no(const struct draft *draft, enum named_kind kind, const char *name,
	const char *origin, const char *reason)
{
	if (draft->request->notes == NULL)
		return;
	draft_note(draft, false, draft_name(draft, kind, name), NULL, "%s; %s", origin, reason);
}

void draft_note_left_out(
	const struct draft *draft, const char *title, const char *origin, const char *condition)
{
	if (draft->request->notes == NULL)
		return;
	autofree char *reason = condition_reason(condition, draft->config->environment.items);
	draft_note(draft, false, title, NULL, "%s; if = %s does not hold: %s", origin, condition,
		reason);
}

void draft_note_switched_off(const struct draft *draft, enum named_kind kind)
{
	if (draft->request->notes == NULL)
		return;
	const struct given_sections *sections = &draft->config->origins->named[kind];
	int key = settings_find_named(kind, "command");
	for (size_t i = 0; i < sections->count; i++) {
		const struct given *given = &sections->items[i].keys[key];
		if (given->text != NULL && given->text[0] == '\0')
			draft_note_no(draft, kind, sections->items[i].name, given->origin,
				"its command is made empty");
	}
}

void plan_look_for_programs(const struct plan *plan, struct list *warnings)
{
	for (size_t i = 0; plan->step_count > 0 && i < plan->table.count; i++) {
		const struct process_kind *kind = &plan->table.rows[i].kind;
		char *const *argv = kind->command.argv;
		struct error error;
		struct text warning = {0};
		if (argv == NULL || exec_look(argv[0], kind->command.environment, &error) == 0)
			continue;
		text_add_format(&warning, "%s will fail, unless what runs before it brings %s: %s",
			kind->name, argv[0], error.message);
		list_append_owned(warnings, text_take(&warning));
	}
}

void plan_notes_free(struct plan_notes *notes)
{
	for (size_t i = 0; i < notes->count; i++) {
		free(notes->items[i].name);
		free(notes->items[i].what);
		free(notes->items[i].why);
	}
	free(notes->items);
	*notes = (struct plan_notes){0};
}
