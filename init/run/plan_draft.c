#include "run/plan_draft.h"

#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "config/condition.h"
#include "config/given.h"
#include "config/read_file.h"
#include "config/show.h"
#include "config/variables.h"
#include "config/words.h"

/* The grace of wait children: they hold nothing that needs care. */
#define WAIT_CHILD_GRACE 1000

#define WRITTEN_SIZE 300 /* of a command in messages */

struct process *draft_row(struct plan *plan, const struct process_kind *kind)
{
	struct process *row = &plan->table.rows[plan->table.count++];
	*row = (struct process){.kind = *kind, .descriptor = -1};
	return row;
}

struct plan_step *draft_step(struct plan *plan, enum plan_kind kind, const char *name)
{
	struct plan_step *step = &plan->steps[plan->step_count++];
	*step = (struct plan_step){.kind = kind,
		.name = name,
		.first = &plan->table.rows[plan->table.count],
		.work = NO_WORK};
	return step;
}

void draft_wait_row(struct draft *draft, spawn_function *entry, void *context, char *label)
{
	struct plan *plan = draft->plan;
	plan->waits[plan->wait_count++] = (struct wait_state){.label = label};
	struct process_kind kind = {
		.name = label,
		.entry = entry,
		.context = context,
		.grace = WAIT_CHILD_GRACE,
	};
	(void)draft_row(plan, &kind);
}

struct plan_step *draft_child(struct draft *draft, const char *name, spawn_function *entry,
	void *context, int failure_status)
{
	struct plan_step *step = draft_step(draft->plan, PLAN_STEP_CHILD, name);
	struct process_kind kind = {
		.name = name,
		.entry = entry,
		.context = context,
		.grace = draft->config->boot_grace,
		.to_group = true,
	};
	(void)draft_row(draft->plan, &kind);
	step->count = 1;
	step->failure_status = failure_status;
	return step;
}

/* Keeps text, cut so that a message has room for what is said of it. */
static const char *keep(struct plan *plan, char *text)
{
	if (strlen(text) > WRITTEN_SIZE)
		memcpy(text + WRITTEN_SIZE - 3, "...", 4);
	list_append_owned(&plan->texts, text);
	return text;
}

/* The digest of a command as it is written, and of files. */
void draft_digest(struct work *work, const struct list *argv, const struct list *files)
{
	struct sha256 sha;
	sha256_begin(&sha);
	for (size_t i = 0; i < argv->count; i++)
		sha256_add(&sha, argv->items[i], strlen(argv->items[i]) + 1);
	for (size_t i = 0; files != NULL && i < files->count; i++) {
		struct text contents = {0};
		struct error error;
		if (read_file(files->items[i], &contents, &error) == 0)
			sha256_add(&sha, contents.bytes, contents.length);
		else
			log_warn("seed.watch: %s", error.message);
		text_free(&contents);
	}
	sha256_end(&sha, work->digest);
}

/* The index of a new work, or NO_WORK where there is no database to coordinate in. */
int draft_work(struct draft *draft, const char *kind, const char *name, enum work_when when)
{
	struct plan *plan = draft->plan;
	bool possible =
		HAS_DRIVERS && config_coordinates(draft->config) && plan->work_count < WORK_MOST;
	if (!possible && (when == WORK_ONCE || when == WORK_CHANGED))
		log_warn("%s%s%s runs at every start: there is no database with a login "
			 "(DATABASE_URL) in which tminus could write down what ran once",
			kind, name[0] != '\0' ? " " : "", name);
	if (!possible)
		return NO_WORK;
	if (plan->work_count == 0)
		draft_step(plan, PLAN_STEP_COORDINATE, "lock")->failure_status = STATUS_LOCK;
	plan->works[plan->work_count] = (struct work){.kind = kind, .name = name, .when = when};
	return (int)plan->work_count++;
}

static size_t count_of(char *const *strings)
{
	size_t count = 0;
	while (strings != NULL && strings[count] != NULL)
		count++;
	return count;
}

/* variables with changes, NAME=value each, in the place of older ones. The strings are borrowed. */
char **draft_environment(char *const *variables, char *const *changes)
{
	size_t count = 0;
	size_t most = count_of(variables) + count_of(changes);
	char **environment = memory_zeroed(most + 1, sizeof *environment);
	for (; variables != NULL && *variables != NULL; variables++)
		if (variable_value_of(changes, *variables, strcspn(*variables, "=")) == NULL)
			environment[count++] = *variables;
	for (; *changes != NULL; changes++)
		environment[count++] = *changes;
	return environment;
}

void draft_variables(struct plan_step *step, char *const *variables)
{
	struct command *command = &step->first->kind.command;
	command->environment = draft_environment(command->environment, variables);
}

/* Makes the steps from first on, which there may be none of, the commands of work. */
void draft_join(struct draft *draft, size_t first, int work)
{
	struct plan *plan = draft->plan;
	for (size_t i = first; i < plan->step_count && work != NO_WORK; i++) {
		struct plan_step *step = &plan->steps[i];
		step->work = work;
		step->begins = i == first;
		step->ends = i + 1 == plan->step_count;
		if (step->kind == PLAN_STEP_COMMAND)
			draft_variables(step, plan->work_variables);
	}
}

/* One command as a step: what differs is given, the rest is the same for all. written is kept. */
void draft_command(struct draft *draft, const char *name, char *written, const struct list *argv,
	int64_t time_limit, int failure_status)
{
	const struct config *config = draft->config;
	const struct plan *plan = draft->plan;
	struct plan_step *step = draft_step(draft->plan, PLAN_STEP_COMMAND, name);
	struct process_kind kind = {
		.name = name,
		.command = {.argv = argv->items,
			.environment = plan->environment,
			.identity = plan->identity,
			.workdir = config->app_workdir,
			.terminal = draft->request->terminal},
		.time_limit = time_limit,
		.grace = config->boot_grace,
		.linger = config->app_linger,
		.to_group = true,
	};
	(void)draft_row(draft->plan, &kind);
	step->count = 1;
	step->written = keep(draft->plan, written);
	step->failure_status = failure_status;
}

bool draft_omits(
	const struct draft *draft, const char *title, const char *origin, const char *condition)
{
	if (condition_holds(condition, draft->config->environment.items))
		return false;
	draft_note_left_out(draft, title, origin, condition);
	log_info("%s is left out: if = %s does not hold", title, condition);
	return true;
}

static bool is_for_others(
	const struct draft *draft, const char *title, const char *origin, const struct list *roles)
{
	if (config_has_role(draft->config, roles))
		return false;
	autofree char *written = words_join(roles->items);
	draft_note(draft, false, title, NULL, "%s; roles = %s", origin, written);
	log_info("%s is left out: roles = %s", title, written);
	return true;
}

const char *draft_name(const struct draft *draft, enum named_kind kind, const char *name)
{
	struct text text = {0};
	text_add_format(&text, "%s %s", settings_kind_name(kind), name);
	return keep(draft->plan, text_take(&text));
}

bool draft_leaves_out(struct draft *draft, enum named_kind kind, const char *name,
	const char *origin, const struct list *roles, const char *condition)
{
	if (condition == NULL && roles->count == 0)
		return false;
	const char *title = draft_name(draft, kind, name);
	return is_for_others(draft, title, origin, roles) ||
	       draft_omits(draft, title, origin, condition);
}

/* The command of a section, with argv, which may be another than its own. Nobody's terminal. */
struct plan_step *draft_named(struct draft *draft, enum named_kind kind, size_t index,
	const char *name, const struct list *argv)
{
	draft_command(draft, draft_name(draft, kind, name),
		config_named_text(draft->config, kind, index, "command"), argv, 0, STATUS_STEP);
	return &draft->plan->steps[draft->plan->step_count - 1];
}

void draft_place(struct draft *draft, struct plan_step *step, const char *workdir,
	const struct account *user)
{
	if (workdir != NULL)
		step->first->kind.command.workdir = workdir;
	draft_user(draft->plan, step, user);
}
