#include "migrations/alembic_graph.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* depth-first search: not seen, on the way down from the start, done. */
enum { UNSEEN, ON_PATH, DONE };

static const struct list *strings_of(const struct alembic_script *script, enum alembic_name name)
{
	return &script->values[name].strings;
}

static int compare_revisions(const void *one, const void *other)
{
	return strcmp(((const struct alembic_revision *)one)->id,
		((const struct alembic_revision *)other)->id);
}

static int compare_labels(const void *one, const void *other)
{
	return strcmp(((const struct alembic_label *)one)->name,
		((const struct alembic_label *)other)->name);
}

struct alembic_revision *alembic_graph_find(const struct alembic_graph *graph, const char *id)
{
	const struct alembic_revision key = {.id = id};
	return bsearch(&key, graph->revisions, graph->count, sizeof key, compare_revisions);
}

static const struct alembic_label *find_label(const struct alembic_graph *graph, const char *name)
{
	const struct alembic_label key = {.name = name};
	return bsearch(&key, graph->labels, graph->label_count, sizeof key, compare_labels);
}

static bool is_beginning_of_one(const struct alembic_graph *graph, const char *text)
{
	for (size_t i = 0; i < graph->count; i++)
		if (text_starts_with(graph->revisions[i].id, text))
			return true;
	for (size_t i = 0; i < graph->label_count; i++)
		if (text_starts_with(graph->labels[i].name, text))
			return true;
	return false;
}

bool alembic_graph_may_mean(const struct alembic_graph *graph, const char *text)
{
	return strpbrk(text, "@-+") != NULL || text_equal(text, "head") ||
	       text_equal(text, "heads") || text_equal(text, "base") ||
	       is_beginning_of_one(graph, text);
}

static struct finding *add_revisions(struct alembic_graph *graph,
	const struct alembic_script *scripts, size_t count, struct finding *finding)
{
	graph->revisions = memory_zeroed(count + 1, sizeof *graph->revisions);
	graph->count = count;
	for (size_t i = 0; i < count; i++)
		graph->revisions[i] = (struct alembic_revision){.script = &scripts[i],
			.id = alembic_script_id(&scripts[i]),
			.is_head = true,
			.is_effective = true};
	qsort(graph->revisions, count, sizeof *graph->revisions, compare_revisions);
	for (size_t i = 1; i < count; i++) {
		const struct alembic_revision *pair = &graph->revisions[i - 1];
		if (!text_equal(pair[0].id, pair[1].id))
			continue;
		finding_advise(finding, "give one of the two files a revision of its own");
		return finding_set(finding, FINDING_UNKNOWN,
			"revision %s stands in %s and in %s; Alembic takes one of them", pair[0].id,
			pair[0].script->path, pair[1].script->path);
	}
	return NULL;
}

static size_t count_labels(const struct alembic_graph *graph)
{
	size_t count = 0;
	for (size_t i = 0; i < graph->count; i++)
		count += strings_of(graph->revisions[i].script, ALEMBIC_BRANCH_LABELS)->count;
	return count;
}

static struct finding *refuse_label(const struct alembic_graph *graph,
	const struct alembic_label *label, struct finding *finding)
{
	finding_advise(finding, "give that branch another name");
	return finding_set(finding, FINDING_BROKEN,
		"%s: branch label \"%s\" is already used, by a revision or a label",
		graph->revisions[label->revision].script->path, label->name);
}

static struct finding *add_labels(struct alembic_graph *graph, struct finding *finding)
{
	graph->labels = memory_zeroed(count_labels(graph) + 1, sizeof *graph->labels);
	for (size_t i = 0; i < graph->count; i++) {
		const struct list *labels =
			strings_of(graph->revisions[i].script, ALEMBIC_BRANCH_LABELS);
		for (size_t label = 0; label < labels->count; label++)
			graph->labels[graph->label_count++] =
				(struct alembic_label){labels->items[label], i};
	}
	qsort(graph->labels, graph->label_count, sizeof *graph->labels, compare_labels);
	for (size_t i = 0; i < graph->label_count; i++) {
		const struct alembic_label *label = &graph->labels[i];
		bool is_twice = i > 0 && text_equal(label[-1].name, label->name);
		if (is_twice || alembic_graph_find(graph, label->name) != NULL)
			return refuse_label(graph, label, finding);
	}
	return NULL;
}

static struct finding *refuse_target(const struct alembic_graph *graph,
	const struct alembic_revision *revision, enum alembic_name name, const char *target,
	struct finding *finding)
{
	/* How Alembic takes an abbreviated depends_on depends on its version. */
	bool is_abbreviated = name == ALEMBIC_DEPENDS_ON && is_beginning_of_one(graph, target);
	if (is_abbreviated)
		finding_advise(finding, "write the whole identifier");
	else
		finding_advise(finding, "bring the file of %s back, or correct %s", target,
			alembic_name_text(name));
	return finding_set(finding, is_abbreviated ? FINDING_UNKNOWN : FINDING_BROKEN,
		"%s: %s names %s, which no file has (Can't locate revision identified by '%s')",
		revision->script->path, alembic_name_text(name), target, target);
}

static struct alembic_revision *resolve(
	const struct alembic_graph *graph, enum alembic_name name, const char *target)
{
	struct alembic_revision *found = alembic_graph_find(graph, target);
	if (found != NULL || name == ALEMBIC_DOWN_REVISION)
		return found;
	const struct alembic_label *label = find_label(graph, target);
	return label != NULL ? &graph->revisions[label->revision] : NULL;
}

static struct finding *add_edges(struct alembic_graph *graph, struct alembic_revision *revision,
	enum alembic_name name, struct finding *finding)
{
	const struct list *targets = strings_of(revision->script, name);
	for (size_t i = 0; i < targets->count; i++) {
		struct alembic_revision *target = resolve(graph, name, targets->items[i]);
		if (target == NULL)
			return refuse_target(graph, revision, name, targets->items[i], finding);
		revision->below[revision->below_count++] = (size_t)(target - graph->revisions);
		target->is_effective = false;
		if (name == ALEMBIC_DOWN_REVISION)
			target->is_head = false;
	}
	if (name == ALEMBIC_DOWN_REVISION)
		revision->down_count = revision->below_count;
	return NULL;
}

static struct finding *connect_all(struct alembic_graph *graph, struct finding *finding)
{
	for (size_t i = 0; i < graph->count; i++) {
		struct alembic_revision *revision = &graph->revisions[i];
		size_t most = strings_of(revision->script, ALEMBIC_DOWN_REVISION)->count +
			      strings_of(revision->script, ALEMBIC_DEPENDS_ON)->count;
		revision->below = memory_zeroed(most + 1, sizeof *revision->below);
		if (add_edges(graph, revision, ALEMBIC_DOWN_REVISION, finding) != NULL ||
			add_edges(graph, revision, ALEMBIC_DEPENDS_ON, finding) != NULL)
			return finding;
	}
	return NULL;
}

/* One step of a depth-first search: to the next revision below the last of the path, or back. */
struct step {
	struct alembic_revision *revision;
	size_t next;
};

/* A revision that stands on itself, through the one that *through is set to; NULL when start leads
 * to none. path has room for every revision. */
static const struct alembic_revision *find_cycle_from(struct alembic_graph *graph,
	struct step *path, struct alembic_revision *start, const struct alembic_revision **through)
{
	size_t length = 0;
	path[length++] = (struct step){start, 0};
	start->visit = ON_PATH;
	while (length > 0) {
		struct step *last = &path[length - 1];
		if (last->next == last->revision->below_count) {
			last->revision->visit = DONE;
			length--;
			continue;
		}
		*through = last->revision;
		struct alembic_revision *below =
			&graph->revisions[last->revision->below[last->next++]];
		if (below->visit == ON_PATH)
			return below;
		if (below->visit == DONE)
			continue;
		below->visit = ON_PATH;
		path[length++] = (struct step){below, 0};
	}
	return NULL;
}

static size_t edge_count(const struct alembic_revision *revision, bool with_dependencies)
{
	return with_dependencies ? revision->below_count : revision->down_count;
}

static bool stands_on_grounded(const struct alembic_graph *graph,
	const struct alembic_revision *revision, bool with_dependencies)
{
	size_t count = edge_count(revision, with_dependencies);
	for (size_t i = 0; i < count; i++)
		if (graph->revisions[revision->below[i]].is_applied)
			return true;
	return count == 0;
}

/* Does a way lead from every revision down to one that stands on nothing? Where none does, Alembic
 * sees the cycle and refuses; it works on with others, in a way of its own. Uses is_applied. */
static bool is_grounded(struct alembic_graph *graph, bool with_dependencies)
{
	size_t grounded = 0;
	size_t before;
	for (size_t i = 0; i < graph->count; i++)
		graph->revisions[i].is_applied = false;
	do {
		before = grounded;
		for (size_t i = 0; i < graph->count; i++) {
			struct alembic_revision *revision = &graph->revisions[i];
			if (revision->is_applied ||
				!stands_on_grounded(graph, revision, with_dependencies))
				continue;
			revision->is_applied = true;
			grounded++;
		}
	} while (grounded > before);
	return grounded == graph->count;
}

static struct finding *refuse_cycle(struct alembic_graph *graph,
	const struct alembic_revision *revision, const struct alembic_revision *through,
	struct finding *finding)
{
	bool is_seen = !is_grounded(graph, false) || !is_grounded(graph, true);
	finding_advise(finding, "correct down_revision or depends_on in one of the two");
	return finding_set(finding, is_seen ? FINDING_BROKEN : FINDING_UNKNOWN,
		"%s: revision %s stands on itself, through %s (Cycle is detected in revisions)",
		revision->script->path, revision->id, through->script->path);
}

static struct finding *find_cycle(struct alembic_graph *graph, struct finding *finding)
{
	autofree struct step *path = memory_zeroed(graph->count + 1, sizeof *path);
	for (size_t i = 0; i < graph->count; i++) {
		struct alembic_revision *start = &graph->revisions[i];
		if (start->visit != UNSEEN)
			continue;
		const struct alembic_revision *through;
		const struct alembic_revision *found =
			find_cycle_from(graph, path, start, &through);
		if (found != NULL)
			return refuse_cycle(graph, found, through, finding);
	}
	return NULL;
}

struct finding *alembic_graph_build(struct alembic_graph *graph,
	const struct alembic_script *scripts, size_t count, struct finding *finding)
{
	if (add_revisions(graph, scripts, count, finding) != NULL ||
		add_labels(graph, finding) != NULL || connect_all(graph, finding) != NULL ||
		find_cycle(graph, finding) != NULL)
		return finding;
	return NULL;
}

void alembic_graph_clear(struct alembic_graph *graph)
{
	for (size_t i = 0; i < graph->count; i++)
		free(graph->revisions[i].below);
	free(graph->revisions);
	free(graph->labels);
	*graph = (struct alembic_graph){0};
}

/* Marks what revision stands on, without itself. waiting has room for every revision. */
static void apply_below(struct alembic_graph *graph, size_t *waiting, size_t revision)
{
	size_t count = 0;
	waiting[count++] = revision;
	while (count > 0) {
		const struct alembic_revision *above = &graph->revisions[waiting[--count]];
		for (size_t i = 0; i < above->below_count; i++) {
			if (graph->revisions[above->below[i]].is_applied)
				continue;
			graph->revisions[above->below[i]].is_applied = true;
			waiting[count++] = above->below[i];
		}
	}
}

const struct alembic_revision *alembic_graph_apply(
	struct alembic_graph *graph, const size_t *applied, size_t count)
{
	autofree size_t *waiting = memory_zeroed(graph->count + 1, sizeof *waiting);
	for (size_t i = 0; i < count; i++)
		apply_below(graph, waiting, applied[i]);
	for (size_t i = 0; i < count; i++)
		if (graph->revisions[applied[i]].is_applied)
			return &graph->revisions[applied[i]];
	for (size_t i = 0; i < count; i++)
		graph->revisions[applied[i]].is_applied = true;
	return NULL;
}
