#include "migrations/alembic.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "migrations/alembic_config.h"
#include "migrations/alembic_environment.h"
#include "migrations/alembic_graph.h"
#include "migrations/alembic_scripts.h"

#define MOST_NAMED 3

/* How far the reading of the files is. */
enum progress {
	PROJECT_NEW,
	PROJECT_CONFIGURED, /* the configuration is read, scripts are next */
	PROJECT_READ,
	PROJECT_CONCLUDED, /* the finding stands, whatever the database holds */
};

/* What the files say. */
struct project {
	struct migrations_project base;
	struct migrations_files files;
	enum progress progress;
	bool is_flask;
	struct alembic_locations locations;
	struct alembic_scripts scripts;
	struct alembic_graph graph;
	struct finding finding; /* at PROJECT_CONCLUDED */
};

struct inspection {
	const struct migrations_state *state;
	struct project *project;
	size_t *applied; /* the graph's revision of each row */
	size_t applied_count;
	struct finding *finding;
};

/* "flask db" or "alembic": what the advice begins with. */
static const char *tool_of(const struct inspection *inspection)
{
	return inspection->project->is_flask ? "flask db" : "alembic";
}

static enum progress read_configuration(struct project *project)
{
	const struct migrations_files *files = &project->files;
	struct finding *finding = &project->finding;
	bool concluded = alembic_environment_read(files, &project->is_flask, finding) != NULL ||
			 alembic_config_read(files->directory, project->is_flask,
				 &project->locations, finding) != NULL;
	return concluded ? PROJECT_CONCLUDED : PROJECT_CONFIGURED;
}

static enum progress build_graph(struct project *project)
{
	bool concluded = alembic_graph_build(&project->graph, project->scripts.items,
				 project->scripts.count, &project->finding) != NULL;
	return concluded ? PROJECT_CONCLUDED : PROJECT_READ;
}

static enum progress read_script(struct project *project)
{
	switch (alembic_scripts_advance(
		&project->scripts, &project->locations, &project->finding)) {
	case ALEMBIC_MORE:
		break;
	case ALEMBIC_READ:
		return build_graph(project);
	case ALEMBIC_CONCLUDED:
		return PROJECT_CONCLUDED;
	}
	return PROJECT_CONFIGURED;
}

static void list_heads(struct inspection *inspection)
{
	const struct alembic_graph *graph = &inspection->project->graph;
	for (size_t i = 0; i < graph->count; i++)
		if (graph->revisions[i].is_effective)
			list_append(&inspection->finding->heads, graph->revisions[i].id);
}

static void refuse_foreign(const struct inspection *inspection, const char *version)
{
	const struct alembic_graph *graph = &inspection->project->graph;
	struct finding *finding = inspection->finding;
	if (alembic_graph_may_mean(graph, version)) {
		(void)finding_set(finding, FINDING_UNKNOWN,
			"the version table has a row \"%s\", which is no revision but may mean one",
			version);
		return;
	}
	finding_advise(finding,
		"start the image that has %s, or bring its file back; only if the tables are "
		"those of another revision: %s stamp --purge REVISION (Flask-Migrate before 4.1: "
		"UPDATE alembic_version SET version_num = 'REVISION')",
		version, tool_of(inspection));
	(void)finding_set(finding, FINDING_FOREIGN,
		"the version table holds %s, which none of the %zu files below %s has (Can't "
		"locate revision identified by '%s')",
		version, graph->count, inspection->project->files.directory, version);
}

static void refuse_overlap(
	const struct inspection *inspection, const struct alembic_revision *revision)
{
	finding_advise(inspection->finding,
		"if the later revisions are really applied: DELETE FROM alembic_version WHERE "
		"version_num = '%s'",
		revision->id);
	(void)finding_set(inspection->finding, FINDING_DIVERGED,
		"the version table holds %s (%s) and a revision that stands on it (Requested "
		"revision overlaps with other requested revisions)",
		revision->id, revision->script->path);
}

/* The revision of each row, in inspection->applied. True when one has none: the conclusion. */
static bool find_rows(
	struct inspection *inspection, const struct migrations_row *rows, size_t count)
{
	const struct alembic_graph *graph = &inspection->project->graph;
	for (size_t i = 0; i < count; i++) {
		const char *version = rows[i].version != NULL ? rows[i].version : "";
		const struct alembic_revision *found = alembic_graph_find(graph, version);
		if (found == NULL) {
			refuse_foreign(inspection, version);
			return true;
		}
		inspection->applied[inspection->applied_count++] =
			(size_t)(found - graph->revisions);
	}
	return false;
}

static void list_rows(const struct inspection *inspection, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (inspection->state->rows[i].version != NULL)
			list_append(
				&inspection->finding->current, inspection->state->rows[i].version);
}

/* True when the rows are a conclusion: one is no revision of the files, or stands on another. */
static bool apply_rows(struct inspection *inspection)
{
	const struct migrations_state *state = inspection->state;
	size_t count = state->has_version_table ? state->row_count : 0;
	inspection->applied = memory_zeroed(count + 1, sizeof *inspection->applied);
	list_rows(inspection, count);
	if (find_rows(inspection, state->rows, count))
		return true;
	const struct alembic_revision *overlap =
		alembic_graph_apply(&inspection->project->graph, inspection->applied, count);
	if (overlap != NULL)
		refuse_overlap(inspection, overlap);
	return overlap != NULL;
}

static size_t count_pending(const struct inspection *inspection)
{
	const struct alembic_graph *graph = &inspection->project->graph;
	size_t pending = 0;
	for (size_t i = 0; i < graph->count; i++)
		pending += !graph->revisions[i].is_applied;
	return pending;
}

/* "a1 (migrations/versions/a1.py), b2 (...)", of the first heads. */
static char *heads_text(const struct alembic_graph *graph, size_t *count)
{
	struct text text = {0};
	*count = 0;
	for (size_t i = 0; i < graph->count; i++) {
		const struct alembic_revision *revision = &graph->revisions[i];
		if (!revision->is_head || ++*count > MOST_NAMED)
			continue;
		text_add_format(&text, "%s%s (%s)", *count > 1 ? ", " : "", revision->id,
			revision->script->path);
	}
	if (*count > MOST_NAMED)
		text_add(&text, " ...");
	return text_take(&text);
}

/* "upgrade head" wants one head, even where a depends_on makes one stand on the other. True when
 * there are several: the conclusion. */
static bool refuse_heads(const struct inspection *inspection)
{
	size_t count;
	autofree char *heads = heads_text(&inspection->project->graph, &count);
	const char *tool = tool_of(inspection);
	if (count < 2 || inspection->project->files.all_heads)
		return false;
	finding_advise(inspection->finding,
		"%s merge heads, and commit the file that it makes; if the branches are meant to "
		"stay apart, upgrade.command = %s upgrade heads",
		tool, tool);
	(void)finding_set(inspection->finding, FINDING_DIVERGED,
		"%zu heads where the upgrade wants one: %s (Multiple head revisions are present)",
		count, heads);
	return true;
}

static const struct alembic_revision *pending_below(
	const struct alembic_graph *graph, const struct alembic_revision *revision)
{
	for (size_t i = 0; i < revision->below_count; i++)
		if (!graph->revisions[revision->below[i]].is_applied)
			return &graph->revisions[revision->below[i]];
	return NULL;
}

/* A revision that is not applied and stands on none such. At least one is pending. */
static const struct alembic_revision *next_pending(const struct alembic_graph *graph)
{
	const struct alembic_revision *next = graph->revisions;
	while (next->is_applied)
		next++;
	for (const struct alembic_revision *below = next; below != NULL;
		below = pending_below(graph, next))
		next = below;
	return next;
}

static void set_pending(const struct inspection *inspection, size_t pending)
{
	const struct alembic_graph *graph = &inspection->project->graph;
	const struct alembic_revision *next = next_pending(graph);
	inspection->finding->pending = pending;
	finding_advise(inspection->finding, "%s upgrade%s", tool_of(inspection),
		inspection->project->files.all_heads ? " heads"
		: inspection->project->is_flask	     ? ""
						     : " head");
	(void)finding_set(inspection->finding, FINDING_PENDING,
		"%zu of %zu revisions are not applied, next %s (%s) (Target database is not up to "
		"date)",
		pending, graph->count, next->id, next->script->path);
}

/* Nothing is applied: a new database, or one whose tables somebody else made. */
static void conclude_unapplied(const struct inspection *inspection, size_t pending)
{
	const struct migrations_state *state = inspection->state;
	struct finding *finding = inspection->finding;
	if (state->other_tables == 0) {
		finding->pending = pending;
		(void)finding_set(
			finding, FINDING_EMPTY, "no tables yet; %zu revisions to apply", pending);
		return;
	}
	finding_advise(finding,
		"if the upgrade says that a table already exists: %s stamp REVISION, with the "
		"revision that these tables are of (the newest: %s stamp head)",
		tool_of(inspection), tool_of(inspection));
	(void)finding_set(finding, FINDING_UNVERSIONED, "%zu tables, but %s", state->other_tables,
		state->has_version_table ? "the version table is empty" : "no version table");
}

static bool advance(struct migrations_project *base)
{
	struct project *project = (struct project *)base;
	if (project->progress == PROJECT_NEW)
		project->progress = read_configuration(project);
	else if (project->progress == PROJECT_CONFIGURED)
		project->progress = read_script(project);
	return project->progress < PROJECT_READ;
}

static void judge(struct inspection *inspection)
{
	struct finding *finding = inspection->finding;
	if (inspection->state->version_tables > 1) {
		(void)finding_set(finding, FINDING_UNKNOWN, "%zu tables are called alembic_version",
			inspection->state->version_tables);
		return;
	}
	while (advance(&inspection->project->base))
		continue;
	if (inspection->project->progress == PROJECT_CONCLUDED) {
		*finding = inspection->project->finding;
		inspection->project->finding = (struct finding){0};
		return;
	}
	list_heads(inspection);
	if (apply_rows(inspection))
		return;
	size_t pending = count_pending(inspection);
	if (pending == 0 && inspection->applied_count > 0)
		(void)finding_set(finding, FINDING_AT_HEAD, "all %zu revisions are applied",
			inspection->project->graph.count);
	else if (refuse_heads(inspection))
		return;
	else if (inspection->applied_count == 0)
		conclude_unapplied(inspection, pending);
	else
		set_pending(inspection, pending);
}

static struct migrations_project *begin(const struct migrations_files *files)
{
	struct project *project = memory_zeroed(1, sizeof *project);
	*project = (struct project){.base = {.reader = &alembic_reader}, .files = *files};
	return &project->base;
}

static void conclude(struct migrations_project *base, const struct migrations_state *state,
	struct finding *finding)
{
	struct project *project = (struct project *)base;
	struct inspection inspection = {.state = state, .project = project, .finding = finding};
	judge(&inspection);
	free(inspection.applied);
}

static void end(struct migrations_project *base)
{
	struct project *project = (struct project *)base;
	alembic_graph_clear(&project->graph);
	alembic_scripts_clear(&project->scripts);
	list_clear(&project->locations.folders);
	finding_clear(&project->finding);
	free(project);
}

static void inspect(const struct migrations_files *files, const struct migrations_state *state,
	struct finding *finding)
{
	struct migrations_project *project = begin(files);
	conclude(project, state, finding);
	end(project);
}

static const char *const commands[] = {"flask db upgrade", "flask db upgrade head",
	"flask db upgrade heads", "alembic upgrade head", "alembic upgrade heads", NULL};

const struct migrations_reader alembic_reader = {
	.tool = "alembic",
	.directories = {"migrations", "alembic", NULL},
	.commands = commands,
	.version_table = "alembic_version",
	.version_column = "version_num",
	.inspect = inspect,
	.begin = begin,
	.advance = advance,
	.conclude = conclude,
	.end = end,
};
