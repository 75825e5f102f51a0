#include "config/checks.h"

#include <string.h>

#include "base/text.h"
#include "config/given.h"
#include "config/target.h"

#define DURATION_SIZE 32

typedef void check(struct config *config, struct faults *faults);

/* What is looked after beside boot needs a tminus that stays. */
static void check_services(struct config *config, struct faults *faults)
{
	struct error error;
	for (size_t i = 0; i < config->service_count; i++) {
		const struct service_settings *service = &config->services[i];
		if (service->ready == NULL)
			continue;
		if (service->after == AFTER_APP)
			faults_add(faults,
				"%s: [service %s]: ready goes with after = boot: the app waits for "
				"it",
				service->origin, service->name);
		if (target_check(service->ready, &error) != 0)
			faults_add(faults, "%s: [service %s]: %s", service->origin, service->name,
				error.message);
	}
}

static void check_jobs(struct config *config, struct faults *faults)
{
	for (size_t i = 0; i < config->job_count; i++) {
		const struct job_settings *job = &config->jobs[i];
		if (job->command.count > 0 && job->schedule.minutes == 0)
			faults_add(faults, "%s: [job %s] has no schedule", job->origin, job->name);
		if (job->single == SINGLE_YES && !config_coordinates(config))
			faults_add(faults,
				"%s: [job %s]: single = yes needs a database with a login",
				job->origin, job->name);
	}
}

static void check_exec_mode(struct config *config, struct faults *faults)
{
	bool stays = config->app_restart != RESTART_NEVER || config->service_count > 0 ||
		     config->job_count > 0;
	if (config->app_mode == APP_EXEC && stays)
		faults_add(faults,
			"%s: app.mode = exec leaves no tminus for app.restart, services and jobs",
			origins_plain(config->origins, "app", "mode")->origin);
}

/* seed.undo deletes rows: in production it needs a second word. The preset's own is not there. */
static void check_seed(struct config *config, struct faults *faults)
{
	const struct given *undo = origins_plain(config->origins, "seed", "undo");
	if (config->production && config->seed_undo.count > 0 && !config->seed_production_undo)
		faults_add(faults,
			"%s: seed.undo would delete rows in production (environment \"%s\"); say "
			"seed.production_undo = yes if that is meant",
			undo->origin, config->environment_name);
}

static bool upgrades_with_alembic(const struct config *config)
{
	return config->upgrade_tool != NULL && text_equal(config->upgrade_tool, "alembic") &&
	       list_has(&config->upgrade_command, "upgrade");
}

/* What upgrade.unversioned = stamp:REVISION must not be: to "head" it would hide for ever what the
 * tables lack of the newest revision. */
static const char *stamp_fault(const struct config *config)
{
	const char *revision = config->stamp;
	if (text_equal(revision, "head") || text_equal(revision, "heads"))
		return "would mark every revision as applied, and what the tables lack of them "
		       "would be missing for ever; name the revision that the tables are at";
	if (revision[0] == '\0' || text_equal(revision, "base") ||
		revision[strcspn(revision, "@+-:, \t")] != '\0')
		return "names no revision: give the id of one file, as stamp:1f0c6d3a9b52";
	if (!upgrades_with_alembic(config))
		return "is known of Alembic and Flask-Migrate alone (upgrade.tool = alembic, and "
		       "an upgrade.command with the word upgrade)";
	if (config->upgrade_trust == TRUST_TOOL)
		return "needs tminus to read the state, which upgrade.trust = tool forbids";
	return NULL;
}

static void check_unversioned(struct config *config, struct faults *faults)
{
	const char *text = config->upgrade_unversioned;
	const char *origin = origins_plain(config->origins, "upgrade", "unversioned")->origin;
	const char *fault = NULL;
	if (text != NULL && text_starts_with(text, "stamp:")) {
		config->unversioned = UNVERSIONED_STAMPS;
		config->stamp = text + strlen("stamp:");
		fault = stamp_fault(config);
	} else if (text != NULL && text_equal(text, "refuse")) {
		config->unversioned = UNVERSIONED_REFUSES;
	} else if (text == NULL || !text_equal(text, "run")) {
		fault = "is not one of run, refuse, stamp:REVISION";
	}
	if (fault != NULL)
		faults_add(faults, "%s: upgrade.unversioned: \"%s\" %s", origin,
			text != NULL ? text : "", fault);
}

static void check_extensions(struct config *config, struct faults *faults)
{
	const char *origin = origins_plain(config->origins, "database", "extensions")->origin;
	if (config->database_extensions.count == 0)
		return;
	if (!config_coordinates(config))
		faults_add(faults,
			"%s: database.extensions needs a database with a login (DATABASE_URL)",
			origin);
	else if (config->database->kind != DATABASE_POSTGRES)
		faults_add(faults, "%s: database.extensions is for PostgreSQL alone", origin);
}

static void check_seed_tables(struct config *config, struct faults *faults)
{
	if (config->seed_if_empty.count > 0 && !config_coordinates(config))
		faults_add(faults, "%s: seed.if_empty needs a database with a login (DATABASE_URL)",
			origins_plain(config->origins, "seed", "if_empty")->origin);
}

/* Stability is looked for within the limit. */
static void check_wait(struct config *config, struct faults *faults)
{
	char room[2][DURATION_SIZE];
	if (config->wait_timeout <= 0 || config->wait_stable < config->wait_timeout)
		return;
	faults_add(faults,
		"%s: wait.stable = %s is not shorter than wait.timeout = %s, so that nothing could "
		"ever be ready in time",
		origins_plain(config->origins, "wait", "stable")->origin,
		text_duration(config->wait_stable, room[0], DURATION_SIZE),
		text_duration(config->wait_timeout, room[1], DURATION_SIZE));
}

/* A way back must be known before it is needed. */
static void check_way_back(struct config *config, struct faults *faults)
{
	const char *origin = origins_plain(config->origins, "upgrade", "on_failure")->origin;
	if (config->upgrade_on_failure == UPGRADE_ROLLS_BACK && !upgrades_with_alembic(config) &&
		config->upgrade_rollback.count == 0)
		faults_add(faults,
			"%s: upgrade.on_failure = rollback needs the command in upgrade.rollback",
			origin);
	if (config->upgrade_on_failure == UPGRADE_RESTORES && config->upgrade_mode == UPGRADE_RUN &&
		(config->backup_directory == NULL || config->backup_when == BACKUP_NEVER))
		faults_add(faults,
			"%s: upgrade.on_failure = restore needs a backup: set backup.directory",
			origin);
}

static void check_health(struct config *config, struct faults *faults)
{
	struct error error = {.message = "it is not of the form http://host:port/path"};
	const char *url = config->health_url;
	if (url != NULL && (!text_starts_with(url, "http://") || target_check(url, &error) != 0))
		faults_add(faults, "%s: health.url: %s",
			origins_plain(config->origins, "health", "url")->origin, error.message);
}

void checks_run(struct config *config, struct faults *faults)
{
	static check *const checks[] = {
		check_wait,
		check_seed,
		check_way_back,
		check_seed_tables,
		check_extensions,
		check_unversioned,
		check_health,
		check_services,
		check_jobs,
		check_exec_mode,
	};
	for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
		checks[i](config, faults);
}
