/*
 * The history that revision files make together: who stands on whom, what is a head, what is
 * applied.
 *
 * Borrows the scripts. Names are resolved as Alembic does: a down_revision is an identifier; a
 * depends_on is an identifier or a branch label. Time is n log n.
 */
#ifndef TMINUS_MIGRATIONS_ALEMBIC_GRAPH_H
#define TMINUS_MIGRATIONS_ALEMBIC_GRAPH_H

#include <stdbool.h>
#include <stddef.h>

#include "migrations/alembic_script.h"
#include "migrations/finding.h"

struct alembic_revision {
	const struct alembic_script *script;
	const char *id;
	size_t *below; /* revisions that it stands on: down_revision, then depends_on */
	size_t below_count;
	size_t down_count; /* of them from down_revision */
	bool is_head;	   /* in nobody's down_revision: what "upgrade head" counts */
	bool is_effective; /* and in nobody's depends_on: what the version table holds in the end */
	bool is_applied;
	int visit;
};

struct alembic_label {
	const char *name;
	size_t revision;
};

struct alembic_graph {
	struct alembic_revision *revisions; /* by identifier */
	size_t count;
	struct alembic_label *labels; /* by name */
	size_t label_count;
};

/* The graph of count scripts, none of whose values is uncertain. NULL; or finding, with what makes
 * it none. graph is a zeroed one, and given back with alembic_graph_clear in both cases. */
struct finding *alembic_graph_build(struct alembic_graph *graph,
	const struct alembic_script *scripts, size_t count, struct finding *finding);
void alembic_graph_clear(struct alembic_graph *graph);

/* The revision of that identifier; NULL when there is none. */
struct alembic_revision *alembic_graph_find(const struct alembic_graph *graph, const char *id);

/* Would Alembic take text, which is no identifier, for a revision all the same: for a label, the
 * beginning of one identifier, "head", a relative one? */
bool alembic_graph_may_mean(const struct alembic_graph *graph, const char *text);

/* Marks what the count revisions of these indexes stand on, and then themselves, as applied. NULL;
 * or one of them that another stands on, which Alembic refuses. */
const struct alembic_revision *alembic_graph_apply(
	struct alembic_graph *graph, const size_t *applied, size_t count);

#endif
