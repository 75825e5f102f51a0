#include "run/plan.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "config/condition.h"
#include "config/order.h"
#include "config/read_file.h"
#include "config/show.h"
#include "config/variables.h"
#include "steps/keeper.h"

/* The grace of wait children: they hold nothing that needs care. */
#define WAIT_CHILD_GRACE 1000

#define APPLICATION_NAME "PGAPPNAME"

#define WRITTEN_SIZE 300 /* of a command in messages */

/* A plan while it is being made. */
struct draft {
	const struct config *config;
	struct plan *plan;
	int terminal;
};

static struct process *add_row(struct plan *plan, const struct process_kind *kind)
{
	struct process *row = &plan->table.rows[plan->table.count++];
	*row = (struct process){.kind = *kind, .descriptor = -1};
	return row;
}

static struct plan_step *add_step(struct plan *plan, enum plan_kind kind, const char *name)
{
	struct plan_step *step = &plan->steps[plan->step_count++];
	*step = (struct plan_step){.kind = kind,
		.name = name,
		.first = &plan->table.rows[plan->table.count],
		.work = NO_WORK};
	return step;
}

static void add_wait_row(struct draft *draft, spawn_function *entry, void *context, char *label)
{
	struct plan *plan = draft->plan;
	plan->waits[plan->wait_count++] = (struct wait_state){.label = label};
	struct process_kind kind = {
		.name = label,
		.entry = entry,
		.context = context,
		.grace = WAIT_CHILD_GRACE,
	};
	(void)add_row(plan, &kind);
}

static void add_keeper(struct draft *draft, const struct wait_job *job, char *label)
{
	struct plan *plan = draft->plan;
	*plan->keeper_job = (struct keeper_job){
		.wait = *job,
		.config = draft->config,
		.works = plan->works,
		.boot_id = plan->boot_id,
	};
	plan->keeper = &plan->table.rows[plan->table.count];
	add_wait_row(draft, keeper_child, plan->keeper_job, label);
}

static char *label_of(const struct database_url *url)
{
	struct text label = {0};
	autofree char *display = database_url_display(url);
	text_add_format(&label, "%s (%s)", display, url->origin);
	return text_take(&label);
}

/* app.workdir, so that it can be entered more than once; NULL for none. */
static const char *absolute_folder(struct draft *draft)
{
	const char *folder = draft->config->app_workdir;
	char here[PATH_MAX];
	if (folder == NULL || folder[0] == '/' || getcwd(here, sizeof here) == NULL)
		return folder;
	struct text path = {0};
	text_add_format(&path, "%s/%s", here, folder);
	char *absolute = text_take(&path);
	list_append_owned(&draft->plan->texts, absolute);
	return absolute;
}

static void add_wait(struct draft *draft)
{
	const struct config *config = draft->config;
	if (config->database == NULL && config->wait_targets.count == 0)
		return;
	struct plan_step *step = add_step(draft->plan, PLAN_STEP_WAIT, "wait");
	struct wait_job job = {
		.grace = config->wait_grace,
		.stable = config->wait_stable,
		.folder = absolute_folder(draft),
		.instance = config->preset == PRESET_FLASK,
	};
	if (config->database != NULL) {
		job.database = config->database;
		job.level = config->database_level;
		job.writable = config->writable;
		add_keeper(draft, &job, label_of(config->database));
	}
	job.writable = false;
	for (size_t i = 0; i < config->wait_targets.count; i++) {
		const struct database_url *url = config->targets[i];
		job.target = config->wait_targets.items[i];
		job.database = url;
		job.level = url == NULL ? WAIT_TCP : config_wait_level(config, url);
		draft->plan->jobs[i] = job;
		add_wait_row(draft, wait_child, &draft->plan->jobs[i],
			url != NULL ? label_of(url) : url_masked(job.target));
	}
	step->count = draft->plan->wait_count;
	step->failure_status = STATUS_UNAVAILABLE;
}

/* Keeps text, cut so that a message has room for what is said of it. */
static const char *keep(struct plan *plan, char *text)
{
	if (strlen(text) > WRITTEN_SIZE)
		memcpy(text + WRITTEN_SIZE - 3, "...", 4);
	list_append_owned(&plan->texts, text);
	return text;
}

/* --- work under the lock --------------------------------------------------------------------- */

/* Is there a login, so that state, lock and ledger can be had? */
static bool coordinates(const struct config *config)
{
	return config->database != NULL && config->database_level == WAIT_QUERY &&
	       !database_url_in_memory(config->database);
}

/* The digest of a command as it is written, and of files. */
static void digest_work(struct work *work, const struct list *argv, const struct list *files)
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
static int add_work(struct draft *draft, const char *kind, const char *name, enum work_when when)
{
	struct plan *plan = draft->plan;
	bool possible = coordinates(draft->config) && plan->work_count < WORK_MOST;
	if (!possible && when != WORK_PENDING && when != WORK_ALWAYS)
		log_warn("%s%s%s runs at every start: there is no database with a login "
			 "(DATABASE_URL) in which tminus could write down what ran once",
			kind, name[0] != '\0' ? " " : "", name);
	if (!possible)
		return NO_WORK;
	if (plan->work_count == 0)
		add_step(plan, PLAN_STEP_COORDINATE, "lock")->failure_status = STATUS_LOCK;
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
static char **environment_with(char *const *variables, char *const *changes)
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

/* Makes the steps from first on, which there may be none of, the commands of work. */
static void join_work(struct draft *draft, size_t first, int work)
{
	struct plan *plan = draft->plan;
	for (size_t i = first; i < plan->step_count && work != NO_WORK; i++) {
		struct plan_step *step = &plan->steps[i];
		step->work = work;
		step->begins = i == first;
		step->ends = i + 1 == plan->step_count;
		struct command *command = &step->first->kind.command;
		command->environment = environment_with(command->environment, plan->work_variables);
	}
}

/* Behind the last command under the lock, so that the others need not wait for the rest. */
static void add_release(struct plan *plan)
{
	size_t last = plan->step_count;
	while (last > 0 && plan->steps[last - 1].work == NO_WORK)
		last--;
	if (last == 0)
		return;
	memmove(&plan->steps[last + 1], &plan->steps[last],
		(plan->step_count - last) * sizeof *plan->steps);
	plan->steps[last] = (struct plan_step){.kind = PLAN_STEP_RELEASE,
		.name = "unlock",
		.first = plan->steps[last - 1].first,
		.work = NO_WORK};
	plan->step_count++;
	plan->keeper_job->work_count = plan->work_count;
	plan->keeper_job->wait.writable = true; /* the ledger is written */
}

static void make_boot_id(char room[BOOT_ID_SIZE])
{
	unsigned char bytes[(BOOT_ID_SIZE - 1) / 2];
	if (getrandom(bytes, sizeof bytes, GRND_NONBLOCK) != (ssize_t)sizeof bytes) {
		int64_t seed = clock_now() << 16 ^ getpid();
		memcpy(bytes, &seed, sizeof bytes);
	}
	for (size_t i = 0; i < sizeof bytes; i++)
		(void)snprintf(room + 2 * i, 3, "%02x", bytes[i]);
}

/* Sessions of our commands carry a name, so that the next leader sees them: PGAPPNAME, PostgreSQL
 * manual 34.15. */
static void name_boot(struct plan *plan, const struct config *config)
{
	make_boot_id(plan->boot_id);
	(void)snprintf(plan->boot_variable, sizeof plan->boot_variable, "TMINUS_BOOT_ID=%s",
		plan->boot_id);
	(void)snprintf(plan->application_variable, sizeof plan->application_variable, "%s=%s%s",
		APPLICATION_NAME, APPLICATION_PREFIX, plan->boot_id);
	plan->boot_variables[0] = plan->boot_variable;
	plan->work_variables[0] = plan->application_variable;
	plan->environment = environment_with(config->environment.items, plan->boot_variables);
}

/* --- who runs it -------------------------------------------------------------------------------
 */

/* The app's, and that of every step which says nothing else. */
static void add_identity(struct plan *plan, const struct config *config)
{
	struct error error; /* commands_load has looked at the names */
	struct identity identity = {
		.account = config->app_user,
		.limits = &config->app_limits,
		.umask = config->app_umask,
		.no_new_privs = config->security_no_new_privs,
	};
	(void)identity_capabilities(&config->security_keep_caps, &identity.capabilities, &error);
	identity.confined = identity.capabilities != 0 ||
			    (identity.account != NULL && identity.account->uid != 0);
	plan->identities = memory_zeroed(config->step_count + 1, sizeof identity);
	plan->identities[0] = identity;
	if (identity.confined || identity.account != NULL || identity.no_new_privs ||
		identity.umask >= 0 || identity.limits->count > 0)
		plan->identity = plan->identities;
}

/* variables with what names the user in the place of what they say of it. */
static char **environment_of(struct plan *plan, const struct account *user, char *const *variables)
{
	struct list *texts = &plan->texts;
	size_t first = texts->count;
	variable_add(texts, "HOME", user->home);
	if (user->name != NULL) {
		variable_add(texts, "USER", user->name);
		variable_add(texts, "LOGNAME", user->name);
	}
	return environment_with(variables, texts->items + first);
}

/* A step's own user: root is all that tminus itself is, anybody else keeps nothing. */
static void set_step_user(struct plan *plan, struct plan_step *step, const struct account *user)
{
	struct command *command = &step->first->kind.command;
	if (user == NULL)
		return;
	struct identity *identity = &plan->identities[++plan->step_identities];
	*identity = plan->identities[0];
	identity->account = user;
	identity->capabilities = 0;
	identity->confined = user->uid != 0;
	identity->no_new_privs = identity->no_new_privs && user->uid != 0;
	command->identity = identity;
	command->environment = environment_of(plan, user, command->environment);
}

/* --------------------------------------------------------------------------------------------- */

/* One command as a step: what differs is given, the rest is the same for all. written is kept. */
static void add_command(struct draft *draft, const char *name, char *written,
	const struct list *argv, int64_t time_limit, int failure_status)
{
	const struct config *config = draft->config;
	const struct plan *plan = draft->plan;
	struct plan_step *step = add_step(draft->plan, PLAN_STEP_COMMAND, name);
	struct process_kind kind = {
		.name = name,
		.command = {.argv = argv->items,
			.environment = plan->environment,
			.identity = plan->identity,
			.workdir = config->app_workdir,
			.terminal = draft->terminal},
		.time_limit = time_limit,
		.grace = config->boot_grace,
		.linger = config->app_linger,
		.to_group = true,
	};
	(void)add_row(draft->plan, &kind);
	step->count = 1;
	step->written = keep(draft->plan, written);
	step->failure_status = failure_status;
}

/* MySQL and SQLite cannot roll DDL back: an upgrade that is cut short stays half applied. */
static bool upgrade_finishes(const struct config *config)
{
	if (config->upgrade_stop != UPGRADE_STOP_AUTO)
		return config->upgrade_stop == UPGRADE_STOP_FINISH;
	return config->database != NULL && config->database->kind != DATABASE_POSTGRES;
}

static void add_upgrade(struct draft *draft)
{
	const struct config *config = draft->config;
	if (config->upgrade_mode == UPGRADE_OFF || config->upgrade_command.count == 0)
		return;
	int work = add_work(draft, WORK_UPGRADE, "", WORK_PENDING);
	size_t first = draft->plan->step_count;
	add_command(draft, "upgrade", config_command_text(config, "upgrade", "command"),
		&config->upgrade_command, config->upgrade_timeout, STATUS_UPGRADE);
	join_work(draft, first, work);
	draft->plan->table.rows[draft->plan->table.count - 1].kind.finish =
		upgrade_finishes(config);
}

/* A production database is seeded once; elsewhere each start begins with fresh rows. */
static enum work_when seed_when(const struct config *config)
{
	static const enum work_when whens[] = {[SEED_ALWAYS] = WORK_ALWAYS,
		[SEED_ONCE] = WORK_ONCE,
		[SEED_CHANGED] = WORK_CHANGED};
	if (config->seed_when == SEED_AUTO)
		return config->production ? WORK_ONCE : WORK_ALWAYS;
	return whens[config->seed_when];
}

static void add_seeds(struct draft *draft)
{
	const struct config *config = draft->config;
	if (config->seed_when == SEED_NEVER ||
		config->seed_undo.count + config->seed_all.count == 0)
		return;
	int work = add_work(draft, WORK_SEED, "", seed_when(config));
	size_t first = draft->plan->step_count;
	if (config->seed_undo.count > 0)
		add_command(draft, "seed undo", config_command_text(config, "seed", "undo"),
			&config->seed_undo, config->seed_timeout, STATUS_STEP);
	else if (config->production && config->preset == PRESET_FLASK)
		log_info("seed undo is left out: the environment is %s", config->environment_name);
	if (config->seed_all.count > 0)
		add_command(draft, "seed all", config_command_text(config, "seed", "all"),
			&config->seed_all, config->seed_timeout, STATUS_STEP);
	join_work(draft, first, work);
	if (work != NO_WORK)
		digest_work(&draft->plan->works[work], &config->seed_all, &config->seed_watch);
}

static void add_user_step(struct draft *draft, size_t index)
{
	const struct step_settings *settings = &draft->config->steps[index];
	if (!condition_holds(settings->condition, draft->config->environment.items)) {
		log_info("step %s is left out: if = %s does not hold", settings->name,
			settings->condition);
		return;
	}
	struct text name = {0};
	text_add_format(&name, "step %s", settings->name);
	static const enum work_when whens[] = {
		[STEP_ONCE] = WORK_ONCE, [STEP_CHANGED] = WORK_CHANGED};
	int work = settings->when == STEP_ALWAYS
			   ? NO_WORK
			   : add_work(draft, WORK_STEP, settings->name, whens[settings->when]);
	size_t first = draft->plan->step_count;
	add_command(draft, keep(draft->plan, text_take(&name)),
		config_step_command_text(draft->config, index), &settings->command,
		settings->timeout, STATUS_STEP);
	struct plan_step *step = &draft->plan->steps[draft->plan->step_count - 1];
	step->continues = settings->on_failure == FAILURE_CONTINUES;
	if (settings->workdir != NULL)
		step->first->kind.command.workdir = settings->workdir;
	set_step_user(draft->plan, step, settings->user);
	join_work(draft, first, work);
	if (work != NO_WORK)
		digest_work(&draft->plan->works[work], &settings->command, NULL);
}

static void add_app(struct draft *draft)
{
	const struct config *config = draft->config;
	const struct plan *plan = draft->plan;
	struct process_kind kind = {
		.name = config->app.items[0],
		.command = {.argv = config->app.items,
			.environment = plan->environment,
			.identity = plan->identity,
			.workdir = config->app_workdir,
			.terminal = draft->terminal},
		.to_group = config->app_signal_to == SIGNAL_TO_GROUP,
	};
	draft->plan->app = add_row(draft->plan, &kind);
}

static void add_ordered(struct draft *draft, const struct ordered_step *step)
{
	switch (step->kind) {
	case ORDERED_WAIT:
		add_wait(draft);
		break;
	case ORDERED_UPGRADE:
		add_upgrade(draft);
		break;
	case ORDERED_SEED:
		add_seeds(draft);
		break;
	case ORDERED_STEP:
		add_user_step(draft, step->step);
		break;
	}
}

struct plan *plan_new(const struct config *config, enum plan_scope scope, int terminal)
{
	struct plan *plan = memory_zeroed(1, sizeof *plan);
	struct draft draft = {.config = config, .plan = plan, .terminal = terminal};
	size_t waits = config->wait_targets.count + 1;
	size_t most = waits + config->step_count + 6;
	plan->table.rows = memory_zeroed(most, sizeof *plan->table.rows);
	plan->table.terminal = terminal;
	plan->steps = memory_zeroed(most, sizeof *plan->steps);
	plan->works = memory_zeroed(config->step_count + 2, sizeof *plan->works);
	plan->keeper_job = memory_zeroed(1, sizeof *plan->keeper_job);
	name_boot(plan, config);
	add_identity(plan, config);
	plan->jobs = memory_zeroed(waits, sizeof *plan->jobs);
	plan->waits = memory_zeroed(waits, sizeof *plan->waits);
	for (size_t i = 0; i < config->order_count; i++)
		if (scope != PLAN_WAIT || config->order[i].kind == ORDERED_WAIT)
			add_ordered(&draft, &config->order[i]);
	add_release(plan);
	if (scope == PLAN_RUN)
		add_app(&draft);
	return plan;
}
