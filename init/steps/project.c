#include "steps/project.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

#define STAYS_TRUE 1000 /* ms */

const struct migrations_reader *project_reader(const struct config *config)
{
	if (config->upgrade_tool == NULL || config->upgrade_trust == TRUST_TOOL)
		return NULL;
	const struct migrations_reader *reader = migrations_reader_find(config->upgrade_tool);
	bool certain = reader != NULL &&
		       (config->upgrade_migrations != NULL ||
			       migrations_is_plain(reader, config->upgrade_command.items));
	return certain ? reader : NULL;
}

const char *project_directory(const struct migrations_reader *reader, const struct config *config)
{
	if (config->upgrade_migrations != NULL)
		return config->upgrade_migrations;
	for (size_t i = 0; reader->directories[i] != NULL; i++)
		if (access(reader->directories[i], F_OK) == 0)
			return reader->directories[i];
	return reader->directories[0];
}

/* "alembic upgrade heads" */
static bool takes_all_heads(const struct config *config)
{
	const struct list *command = &config->upgrade_command;
	return command->count > 0 && text_equal(command->items[command->count - 1], "heads");
}

static struct migrations_files files_of(
	const struct migrations_reader *reader, const struct keeper_job *job)
{
	const struct config *config = job->config;
	return (struct migrations_files){
		.directory = project_directory(reader, config),
		.version_table_is_set = config->upgrade_version_table != NULL,
		.schema_is_set = config->database_schema != NULL,
		.has_no_search_path = job->wait.database->kind != DATABASE_POSTGRES,
		.all_heads = takes_all_heads(config),
	};
}

static void drop(struct project_ahead *ahead)
{
	if (ahead->project != NULL)
		ahead->project->reader->end(ahead->project);
	ahead->project = NULL;
}

/* True where there was something to drop. */
static bool drop_old(struct project_ahead *ahead)
{
	if (ahead->project == NULL || clock_now() - ahead->begun < STAYS_TRUE)
		return false;
	drop(ahead);
	return true;
}

void project_forget(struct project_ahead *ahead)
{
	drop(ahead);
	ahead->job = NULL;
}

static void begin(struct project_ahead *ahead)
{
	const struct migrations_reader *reader = project_reader(ahead->job->config);
	if (reader == NULL || reader->begin == NULL) {
		ahead->job = NULL;
		return;
	}
	const struct migrations_files files = files_of(reader, ahead->job);
	ahead->project = reader->begin(&files);
	ahead->begun = clock_now();
}

bool project_read_ahead(void *context)
{
	struct project_ahead *ahead = context;
	if (ahead->job == NULL || drop_old(ahead))
		return false;
	if (ahead->project == NULL)
		begin(ahead);
	return ahead->project != NULL && ahead->project->reader->advance(ahead->project);
}

void project_conclude(const struct migrations_reader *reader, const struct keeper_job *job,
	struct project_ahead *ahead, const struct migrations_state *state, struct finding *finding)
{
	if (ahead != NULL && !drop_old(ahead) && ahead->project != NULL) {
		reader->conclude(ahead->project, state, finding);
	} else {
		const struct migrations_files files = files_of(reader, job);
		reader->inspect(&files, state, finding);
	}
	if (ahead != NULL)
		project_forget(ahead);
}
