#include "run/plan.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
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
#include "config/words.h"
#include "run/notify.h"
#include "steps/backup.h"
#include "steps/keeper.h"

/* The grace of wait children: they hold nothing that needs care. */
#define WAIT_CHILD_GRACE 1000

#define APPLICATION_NAME "PGAPPNAME"

#define WRITTEN_SIZE 300 /* of a command in messages */

#define STEPS_MOST 12  /* of tminus's own, and the app */
#define WORKS_OWN 3    /* backup, upgrade, seed */
#define BACKUPS_MOST 2 /* a backup, and a restore */

/* A plan while it is being made. */
struct draft {
	const struct config *config;
	struct plan *plan;
	const struct plan_request *request;
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

static void add_login_row(struct draft *draft, struct wait_job job)
{
	struct plan *plan = draft->plan;
	struct wait_job *kept = &plan->jobs[draft->config->wait_targets.count + plan->wait_count];
	*kept = job;
	add_wait_row(draft, wait_child, kept, label_of(job.database));
}

/* Where the upgrade has a role of its own, the app's must be able to log in as well. */
static void add_app_login(struct draft *draft, struct wait_job job)
{
	const struct config *config = draft->config;
	job.database = config->database;
	job.level = config->database_level;
	add_login_row(draft, job);
}

/* Without a driver there is nothing to keep: a wait child says what is missing. */
static void add_database_row(struct draft *draft, const struct wait_job *job)
{
	if (HAS_DRIVERS)
		add_keeper(draft, job, label_of(job->database));
	else
		add_login_row(draft, *job);
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
	const struct database_url *work = config_work_database(config);
	if (work != NULL) {
		job.database = work;
		job.level = config_wait_level(config, work);
		job.writable = config->writable;
		job.create = config->database_create;
		add_database_row(draft, &job);
	}
	job.writable = false;
	job.create = false;
	if (config->upgrade_database != NULL && config->database != NULL)
		add_app_login(draft, job);
	for (size_t i = 0; i < config->wait_targets.count; i++) {
		const struct database_url *url = config->targets[i];
		job.target = config->wait_targets.items[i];
		job.database = url;
		job.level = url == NULL ? WAIT_TCP : config_wait_level(config, url);
		draft->plan->jobs[i] = job;
		add_wait_row(draft, wait_child, &draft->plan->jobs[i],
			url != NULL ? label_of(url) : url_masked(job.target));
	}
	step->waits = draft->plan->waits;
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

bool plan_misses_backup(const struct config *config)
{
	return config->backup_directory != NULL && config->backup_when != BACKUP_NEVER &&
	       config->upgrade_command.count > 0 && config->upgrade_mode == UPGRADE_RUN &&
	       !config_coordinates(config);
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
	bool possible =
		HAS_DRIVERS && config_coordinates(draft->config) && plan->work_count < WORK_MOST;
	if (!possible && (when == WORK_ONCE || when == WORK_CHANGED))
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

static void add_variables(struct plan_step *step, char *const *variables)
{
	struct command *command = &step->first->kind.command;
	command->environment = environment_with(command->environment, variables);
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
		if (step->kind == PLAN_STEP_COMMAND)
			add_variables(step, plan->work_variables);
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

/* The upgrade works as a role of its own where one is set. */
static char *upgrade_variable(struct draft *draft)
{
	const struct config *config = draft->config;
	if (config->upgrade_url == NULL)
		return NULL;
	autofree char *url = config->database_normalize
				     ? database_url_normalized(config->upgrade_url)
				     : memory_copy(config->upgrade_url);
	struct text variable = {0};
	text_add_format(&variable, "DATABASE_URL=%s", url);
	char *text = text_take(&variable);
	list_append_owned(&draft->plan->texts, text);
	return text;
}

/* Sessions of our commands carry a name, so that the next leader sees them: PGAPPNAME, PostgreSQL
 * manual 34.15. */
static void name_boot(struct draft *draft)
{
	struct plan *plan = draft->plan;
	make_boot_id(plan->boot_id);
	(void)snprintf(plan->boot_variable, sizeof plan->boot_variable, "TMINUS_BOOT_ID=%s",
		plan->boot_id);
	(void)snprintf(plan->application_variable, sizeof plan->application_variable, "%s=%s%s",
		APPLICATION_NAME, APPLICATION_PREFIX, plan->boot_id);
	plan->boot_variables[0] = plan->boot_variable;
	plan->work_variables[0] = plan->application_variable;
	(void)snprintf(plan->revision_variable, sizeof plan->revision_variable, REVISION_VARIABLE);
	plan->upgrade_variables[0] = plan->application_variable;
	plan->upgrade_variables[1] = plan->revision_variable;
	plan->upgrade_variables[2] = upgrade_variable(draft);
	plan->environment =
		environment_with(draft->config->environment.items, plan->boot_variables);
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
	size_t most = 1 + config->step_count + config->service_count + config->job_count;
	plan->identities = memory_zeroed(most, sizeof identity);
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
			.terminal = draft->request->terminal},
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

/* A function of ours in a child, as a step of work. */
static void add_child(struct draft *draft, const char *name, spawn_function *entry,
	struct backup_job job, int work, int failure_status)
{
	struct plan *plan = draft->plan;
	struct plan_step *step = add_step(plan, PLAN_STEP_CHILD, name);
	struct backup_job *kept = &plan->backups[plan->backup_count++];
	struct process_kind kind = {
		.name = name,
		.entry = entry,
		.context = kept,
		.time_limit = draft->config->backup_timeout,
		.grace = draft->config->boot_grace,
		.to_group = true,
	};
	*kept = job;
	kept->config = draft->config;
	kept->wait = &plan->keeper_job->wait;
	kept->boot_id = plan->boot_id;
	(void)add_row(plan, &kind);
	step->count = 1;
	step->failure_status = failure_status;
	join_work(draft, plan->step_count - 1, work);
}

/* A work that is a run of a job is done when the ledger knows of it: replicas come one by one. */
static int add_own_work(struct draft *draft, const char *kind, enum work_when when)
{
	const char *run = draft->request->job;
	const struct job_settings *job = jobs_of_run(draft->config, run);
	if (job == NULL)
		return add_work(draft, kind, "", when);
	int work = add_work(draft, WORK_JOB, job->name, WORK_LATER);
	if (work != NO_WORK)
		(void)snprintf(draft->plan->works[work].digest, SHA256_TEXT, "%s",
			run + strlen(job->name) + 1);
	return work;
}

static void add_backup(struct draft *draft, enum work_when when, const char *reason)
{
	int work = add_own_work(draft, WORK_BACKUP, when);
	if (HAS_DRIVERS && work != NO_WORK)
		add_child(draft, WORK_BACKUP, backup_child, (struct backup_job){.reason = reason},
			work, STATUS_BACKUP);
}

/* A backup is made where a directory is named for it. */
static void add_backup_of_boot(struct draft *draft)
{
	const struct config *config = draft->config;
	bool always = config->backup_when == BACKUP_ALWAYS;
	if (config->backup_directory != NULL && config->backup_when != BACKUP_NEVER)
		add_backup(
			draft, always ? WORK_ALWAYS : WORK_CHANGES, always ? "boot" : WORK_UPGRADE);
}

static void add_restore(struct draft *draft)
{
	struct backup_job job = draft->request->restore;
	int work = add_work(draft, WORK_RESTORE, "", WORK_ALWAYS);
	job.reason = WORK_RESTORE;
	if (HAS_DRIVERS && work != NO_WORK)
		add_child(draft, WORK_RESTORE, restore_child, job, work, STATUS_RESTORE);
}

/* --- what has a name ---------------------------------------------------------------------------
 */

static bool is_left_out(
	const struct draft *draft, enum named_kind kind, const char *name, const char *condition)
{
	if (condition_holds(condition, draft->config->environment.items))
		return false;
	log_info("%s %s is left out: if = %s does not hold", settings_kind_name(kind), name,
		condition);
	return true;
}

/* The command of a section, with argv, which may be another than its own. Nobody's terminal. */
static struct plan_step *add_named(struct draft *draft, enum named_kind kind, size_t index,
	const char *name, const struct list *argv)
{
	struct text text = {0};
	text_add_format(&text, "%s %s", settings_kind_name(kind), name);
	add_command(draft, keep(draft->plan, text_take(&text)),
		config_named_command_text(draft->config, kind, index), argv, 0, STATUS_STEP);
	return &draft->plan->steps[draft->plan->step_count - 1];
}

static void place(struct draft *draft, struct plan_step *step, const char *workdir,
	const struct account *user)
{
	if (workdir != NULL)
		step->first->kind.command.workdir = workdir;
	set_step_user(draft->plan, step, user);
}

/* argv is its own, or that of tminus, which then runs it. */
static struct plan_step *add_job_command(struct draft *draft, size_t index, const struct list *argv)
{
	const struct job_settings *job = &draft->config->jobs[index];
	struct plan_step *step = add_named(draft, NAMED_JOB, index, job->name, argv);
	if (argv == &job->command)
		place(draft, step, job->workdir, job->user);
	step->first->kind.time_limit = job->timeout;
	return step;
}

static void add_guarded(struct draft *draft)
{
	const struct config *config = draft->config;
	if (draft->request->backup)
		add_backup(draft, WORK_ALWAYS, WORK_GUARD);
	int work = add_own_work(draft, WORK_GUARD, WORK_ALWAYS);
	size_t first = draft->plan->step_count;
	const struct job_settings *job = jobs_of_run(config, draft->request->job);
	if (job != NULL && draft->request->call->app_argv[0] == NULL)
		add_job_command(draft, (size_t)(job - config->jobs), &job->command);
	else
		add_command(draft, "guard", words_join(config->app.items), &config->app, 0,
			STATUS_STEP);
	draft->plan->steps[first].own_status = true;
	join_work(draft, first, work);
}

/* MySQL and SQLite cannot roll DDL back: an upgrade that is cut short stays half applied. */
static bool upgrade_finishes(const struct config *config)
{
	if (config->upgrade_stop != UPGRADE_STOP_AUTO)
		return config->upgrade_stop == UPGRADE_STOP_FINISH;
	return config->database != NULL && config->database->kind != DATABASE_POSTGRES;
}

/* "flask db upgrade -d x head" becomes "flask db downgrade -d x" and the revision, which is known
 * when it is needed. */
static void make_downgrade(struct draft *draft, struct list *argv)
{
	const struct list *command = &draft->config->upgrade_command;
	for (size_t i = 0; i < command->count; i++) {
		const char *word = command->items[i];
		if (!text_equal(word, "head") && !text_equal(word, "heads"))
			list_append(argv, text_equal(word, "upgrade") ? "downgrade" : word);
	}
	list_append(argv, "REVISION");
}

/* Its last word lies in the variable's room: the loop, which learns it, allocates nothing. */
static void add_rollback(struct draft *draft)
{
	struct plan *plan = draft->plan;
	const struct config *config = draft->config;
	const struct list *argv = &config->upgrade_rollback;
	bool own = argv->count > 0;
	if (!own) {
		make_downgrade(draft, &plan->downgrade);
		argv = &plan->downgrade;
	}
	char *written =
		own ? config_command_text(config, "upgrade", "rollback") : words_join(argv->items);
	add_command(draft, "rollback", written, argv, config->upgrade_timeout, STATUS_UPGRADE);
	if (own)
		return;
	free(plan->downgrade.items[argv->count - 1]);
	plan->downgrade.items[argv->count - 1] =
		plan->revision_variable + strlen(REVISION_VARIABLE);
}

/* What is done after a failed upgrade: a step that stands beside the others. */
static void add_way_back(struct draft *draft)
{
	struct plan *plan = draft->plan;
	const struct config *config = draft->config;
	struct backup_job job = {.reason = WORK_RESTORE};
	if (config->upgrade_on_failure == UPGRADE_STOPS)
		return;
	if (config->upgrade_on_failure == UPGRADE_ROLLS_BACK)
		add_rollback(draft);
	else if (HAS_DRIVERS)
		add_child(draft, WORK_RESTORE, restore_child, job, NO_WORK, STATUS_UPGRADE);
	plan->back = plan->steps[--plan->step_count];
	if (plan->back.kind == PLAN_STEP_COMMAND)
		add_variables(&plan->back, plan->upgrade_variables);
	plan->back.first->kind.finish = true;
}

static void add_upgrade_commands(struct draft *draft)
{
	const struct config *config = draft->config;
	struct plan *plan = draft->plan;
	add_command(draft, "upgrade", config_command_text(config, "upgrade", "command"),
		&config->upgrade_command, config->upgrade_timeout, STATUS_UPGRADE);
	plan->steps[plan->step_count - 1].first->kind.finish = upgrade_finishes(config);
	if (config->verify_command.count > 0)
		add_command(draft, "verify", config_command_text(config, "verify", "command"),
			&config->verify_command, config->verify_timeout, STATUS_VERIFY);
}

static void add_upgrade(struct draft *draft)
{
	const struct config *config = draft->config;
	struct plan *plan = draft->plan;
	if (config->upgrade_mode == UPGRADE_OFF || config->upgrade_command.count == 0)
		return;
	if (config->upgrade_mode == UPGRADE_RUN)
		add_backup_of_boot(draft);
	int work = add_work(draft, WORK_UPGRADE, "", WORK_PENDING);
	size_t first = plan->step_count;
	if (config->upgrade_mode == UPGRADE_WAIT)
		return;
	add_upgrade_commands(draft);
	join_work(draft, first, work);
	for (size_t i = first; work != NO_WORK && i < plan->step_count; i++)
		add_variables(&plan->steps[i], plan->upgrade_variables);
	if (work != NO_WORK)
		add_way_back(draft);
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
	if (config->seed_when == SEED_NEVER || config->upgrade_mode == UPGRADE_WAIT ||
		config->seed_undo.count + config->seed_all.count == 0)
		return;
	int work = add_work(draft, WORK_SEED, "", seed_when(config));
	size_t first = draft->plan->step_count;
	if (config->seed_undo.count > 0)
		add_command(draft, "seed undo", config_command_text(config, "seed", "undo"),
			&config->seed_undo, config->seed_timeout, STATUS_STEP);
	else if (config->production && config->preset == PRESET_FLASK)
		log_debug("seed undo is left out: the environment is %s", config->environment_name);
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
	if (is_left_out(draft, NAMED_STEP, settings->name, settings->condition))
		return;
	static const enum work_when whens[] = {
		[STEP_ONCE] = WORK_ONCE, [STEP_CHANGED] = WORK_CHANGED};
	int work = settings->when == STEP_ALWAYS
			   ? NO_WORK
			   : add_work(draft, WORK_STEP, settings->name, whens[settings->when]);
	size_t first = draft->plan->step_count;
	struct plan_step *step =
		add_named(draft, NAMED_STEP, index, settings->name, &settings->command);
	step->first->kind.time_limit = settings->timeout;
	step->continues = settings->on_failure == FAILURE_CONTINUES;
	place(draft, step, settings->workdir, settings->user);
	join_work(draft, first, work);
	if (work != NO_WORK)
		digest_work(&draft->plan->works[work], &settings->command, NULL);
}

/* Whoever becomes the app gives it the manager's own socket. */
static char **app_environment(struct draft *draft)
{
	struct plan *plan = draft->plan;
	bool becomes = draft->config->app_mode == APP_EXEC;
	const char *manager = getenv("NOTIFY_SOCKET");
	if (!draft->config->app_notify || (becomes && manager == NULL))
		return plan->environment;
	if (!becomes)
		plan->notify_address = plan->notify_variable + strlen("NOTIFY_SOCKET=");
	(void)snprintf(plan->notify_variable, sizeof plan->notify_variable, "NOTIFY_SOCKET=%s%s",
		becomes ? manager : NOTIFY_ADDRESS, becomes ? "" : plan->boot_id);
	plan->notify_variables[0] = plan->notify_variable;
	return environment_with(plan->environment, plan->notify_variables);
}

/* --- what lives on behind boot ------------------------------------------------------------------
 */

static struct supervised *supervise(struct plan *plan, struct process *process)
{
	struct supervised *one = &plan->services.all[plan->services.count++];
	*one = (struct supervised){.process = process};
	return one;
}

static void restart(struct supervised *one, int policy, const struct config *config)
{
	one->restart = (enum restart)policy;
	one->limit = config->app_restart_limit;
	one->process->kind.sweeps = one->restart != RESTART_NEVER;
}

/* The app waits until the service can be used, as boot waits for targets. */
static void add_ready(struct draft *draft, const char *target)
{
	struct plan *plan = draft->plan;
	struct plan_step *step = add_step(plan, PLAN_STEP_WAIT, "wait");
	struct wait_job *job = &plan->jobs[plan->wait_count];
	*job = (struct wait_job){
		.target = target, .level = WAIT_TCP, .grace = draft->config->wait_grace};
	step->waits = &plan->waits[plan->wait_count];
	step->count = 1;
	step->failure_status = STATUS_UNAVAILABLE;
	add_wait_row(draft, wait_child, job, url_masked(target));
}

static void add_service(struct draft *draft, size_t index)
{
	struct plan *plan = draft->plan;
	const struct service_settings *settings = &draft->config->services[index];
	if (settings->command.count == 0 ||
		is_left_out(draft, NAMED_SERVICE, settings->name, settings->condition))
		return;
	struct plan_step *step =
		add_named(draft, NAMED_SERVICE, index, settings->name, &settings->command);
	step->first->kind.command.terminal = -1;
	place(draft, step, settings->workdir, settings->user);
	struct supervised *one = supervise(plan, step->first);
	restart(one, settings->restart, draft->config);
	one->essential = settings->essential;
	one->with_app = settings->after == AFTER_APP;
	step->kind = PLAN_STEP_SERVICE;
	if (one->with_app)
		plan->step_count--; /* a row, and no step */
	else if (settings->ready != NULL)
		add_ready(draft, settings->ready);
}

/* The path of this very program; where there is no /proc, its name. */
static char *own_program(void)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof path);
	return length > 0 ? memory_copy_bytes(path, (size_t)length) : memory_copy("tminus");
}

/* tminus as it was called itself, with a subcommand in the place of the app. */
static void call_tminus(const struct draft *draft, struct list *argv)
{
	const struct config_request *call = draft->request->call;
	list_append_owned(argv, own_program());
	if (call->file != NULL) {
		list_append(argv, "--config");
		list_append(argv, call->file);
	}
	for (size_t i = 0; i < call->set.count; i++) {
		list_append(argv, "--set");
		list_append(argv, call->set.items[i]);
	}
}

/* The command of a job's runs. One that replicas share is a work of a tminus of its own, which asks
 * the ledger whether another has done it. */
static const struct list *job_argv(
	const struct draft *draft, const struct job_settings *settings, struct job *job)
{
	const struct list *command = &settings->command;
	bool own = job_is_own(settings);
	bool locks = job_locks(settings);
	bool single = settings->single == SINGLE_YES || (settings->single == SINGLE_AUTO && locks);
	if (!own && !single)
		return command;
	if (own && !locks && single) {
		log_warn("job %s: of tminus's own commands only backup and guard can be single",
			settings->name);
		single = false;
	}
	struct list *argv = memory_zeroed(1, sizeof *argv);
	call_tminus(draft, argv);
	if (locks || !own)
		list_append(argv, locks ? command->items[1] : "guard");
	if (single) {
		job->run = memory_zeroed(1, JOB_RUN_SIZE);
		list_append_owned(argv, job->run);
	}
	for (size_t i = locks ? 2 : 1; own && i < command->count; i++)
		list_append(argv, command->items[i]);
	return argv;
}

static void add_job(struct draft *draft, size_t index)
{
	struct plan *plan = draft->plan;
	const struct job_settings *settings = &draft->config->jobs[index];
	struct job *job = &plan->timed[plan->timed_count];
	if (settings->command.count == 0 ||
		is_left_out(draft, NAMED_JOB, settings->name, settings->condition))
		return;
	const struct list *argv = job_argv(draft, settings, job);
	const struct plan_step *step = add_job_command(draft, index, argv);
	struct command *command = &step->first->kind.command;
	plan->step_count--; /* a row, and no step */
	command->terminal = -1;
	if (argv != &settings->command) {
		command->environment = draft->request->call->environment;
		command->identity = NULL;
		command->workdir = NULL;
	}
	job->process = step->first;
	job->settings = settings;
	plan->timed_count++;
	(void)supervise(plan, step->first);
}

static void add_app(struct draft *draft)
{
	const struct config *config = draft->config;
	struct plan *plan = draft->plan;
	struct process_kind kind = {
		.name = config->app.items[0],
		.command = {.argv = config->app.items,
			.environment = app_environment(draft),
			.identity = plan->identity,
			.workdir = config->app_workdir,
			.terminal = draft->request->terminal},
		.to_group = config->app_signal_to == SIGNAL_TO_GROUP,
	};
	plan->app = add_row(plan, &kind);
	struct supervised *app = supervise(plan, plan->app);
	restart(app, config->app_restart, config);
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

static void add_boot(struct draft *draft)
{
	for (size_t i = 0; i < draft->config->order_count; i++)
		add_ordered(draft, &draft->config->order[i]);
}

static void add_run(struct draft *draft)
{
	add_boot(draft);
	add_release(draft->plan);
	for (size_t i = 0; i < draft->config->service_count; i++)
		add_service(draft, i);
	add_app(draft);
	for (size_t i = 0; i < draft->config->job_count; i++)
		add_job(draft, i);
}

static void add_waiting_backup(struct draft *draft)
{
	add_wait(draft);
	add_backup(draft, WORK_ALWAYS, WORK_BACKUP);
}

static void add_waiting_restore(struct draft *draft)
{
	add_wait(draft);
	add_restore(draft);
}

static void add_waiting_guard(struct draft *draft)
{
	add_wait(draft);
	add_guarded(draft);
}

static void (*const scopes[])(struct draft *draft) = {
	[PLAN_RUN] = add_run,
	[PLAN_BOOT] = add_boot,
	[PLAN_WAIT] = add_wait,
	[PLAN_BACKUP] = add_waiting_backup,
	[PLAN_RESTORE] = add_waiting_restore,
	[PLAN_GUARD] = add_waiting_guard,
};

struct plan *plan_new(const struct config *config, const struct plan_request *request)
{
	struct plan *plan = memory_zeroed(1, sizeof *plan);
	struct draft draft = {.config = config, .plan = plan, .request = request};
	size_t beside = config->service_count + config->job_count;
	size_t waits = config->wait_targets.count + 2 /* the keeper, the app's login */ +
		       config->service_count;
	size_t most = waits + config->step_count + beside + STEPS_MOST;
	plan->table.rows = memory_zeroed(most, sizeof *plan->table.rows);
	plan->table.terminal = request->terminal;
	plan->steps = memory_zeroed(most, sizeof *plan->steps);
	plan->works = memory_zeroed(config->step_count + WORKS_OWN, sizeof *plan->works);
	plan->keeper_job = memory_zeroed(1, sizeof *plan->keeper_job);
	plan->backups = memory_zeroed(BACKUPS_MOST, sizeof *plan->backups);
	plan->services.all = memory_zeroed(beside + 1, sizeof *plan->services.all);
	plan->timed = memory_zeroed(config->job_count, sizeof *plan->timed);
	name_boot(&draft);
	add_identity(plan, config);
	plan->jobs = memory_zeroed(waits, sizeof *plan->jobs);
	plan->waits = memory_zeroed(waits, sizeof *plan->waits);
	scopes[request->scope](&draft);
	if (request->scope != PLAN_RUN)
		add_release(plan);
	plan->keeper_job->work_count = plan->work_count;
	return plan;
}
