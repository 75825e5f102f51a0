#include "config/order.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/memory.h"
#include "config/config.h"
#include "config/suggest.h"

#define BUILTINS 3
#define NODES_MAX (BUILTINS + ORDER_STEPS_MAX)

static const char *const builtins[BUILTINS] = {
	[ORDERED_WAIT] = "wait",
	[ORDERED_UPGRADE] = "upgrade",
	[ORDERED_SEED] = "seed",
};

/* The nodes are the built-in steps and, from BUILTINS on, the user's. */
struct graph {
	const struct step_settings *steps;
	size_t count;		  /* of nodes */
	bool (*edge)[NODES_MAX];  /* [one][other]: one comes before other */
	bool (*reach)[NODES_MAX]; /* the same over any number of edges */
	bool done[NODES_MAX];
	bool late[NODES_MAX]; /* comes as late as it can */
};

static const struct step_settings *step_of(const struct graph *graph, size_t node)
{
	return &graph->steps[node - BUILTINS];
}

static const char *node_name(const struct graph *graph, size_t node)
{
	return node < BUILTINS ? builtins[node] : step_of(graph, node)->name;
}

/* Adds an edge and what follows from it for reach. */
static void add_edge(struct graph *graph, size_t one, size_t other)
{
	graph->edge[one][other] = true;
	if (graph->reach[one][other])
		return;
	for (size_t from = 0; from < graph->count; from++) {
		if (from != one && !graph->reach[from][one])
			continue;
		graph->reach[from][other] = true;
		for (size_t to = 0; to < graph->count; to++)
			if (graph->reach[other][to])
				graph->reach[from][to] = true;
	}
}

static bool find_node(const struct graph *graph, const char *name, size_t *node)
{
	for (*node = 0; *node < graph->count; ++*node)
		if (text_equal(node_name(graph, *node), name))
			return true;
	return false;
}

static void refuse_name(const struct graph *graph, size_t node, const char *key, const char *name,
	struct faults *faults)
{
	char room[SUGGEST_TEXT_SIZE];
	struct suggestion suggestion = suggest_for(name);
	for (size_t i = 0; i < graph->count; i++)
		suggest_offer(&suggestion, node_name(graph, i));
	faults_add(faults, "%s: %s of [step %s]: there is no step \"%s\"%s",
		step_of(graph, node)->origin, key, node_name(graph, node), name,
		suggest_text(&suggestion, room));
}

/* The edges that node's after or before ask for. */
static int add_named_edges(struct graph *graph, size_t node, bool after, struct faults *faults)
{
	const struct step_settings *step = step_of(graph, node);
	const struct list *names = after ? &step->after : &step->before;
	int status = 0;
	for (size_t i = 0; i < names->count; i++) {
		size_t other;
		if (!find_node(graph, names->items[i], &other)) {
			refuse_name(
				graph, node, after ? "after" : "before", names->items[i], faults);
			status = -1;
		} else {
			add_edge(graph, after ? other : node, after ? node : other);
		}
	}
	return status;
}

/* Puts node behind the last built-in step, from latest on, that it does not have to precede. */
static void add_default_edge(struct graph *graph, size_t node, size_t latest)
{
	for (size_t builtin = latest + 1; builtin-- > 0;) {
		if (graph->reach[node][builtin])
			continue;
		add_edge(graph, builtin, node);
		return;
	}
}

static void add_defaults(struct graph *graph)
{
	for (size_t node = BUILTINS; node < graph->count; node++) {
		const struct step_settings *step = step_of(graph, node);
		if (step->after.count > 0)
			continue;
		graph->late[node] = step->before.count > 0 || graph->reach[node][ORDERED_SEED];
		add_default_edge(graph, node, step->before.count > 0 ? ORDERED_WAIT : ORDERED_SEED);
	}
}

static bool is_ready(const struct graph *graph, size_t node)
{
	if (graph->done[node])
		return false;
	for (size_t other = 0; other < graph->count; other++)
		if (graph->edge[other][node] && !graph->done[other])
			return false;
	return true;
}

/* The first ready node of the range that is late or not, as asked; graph->count when none is. */
static size_t find_ready(const struct graph *graph, size_t from, size_t to, bool late)
{
	for (size_t node = from; node < to; node++)
		if (graph->late[node] == late && is_ready(graph, node))
			return node;
	return graph->count;
}

/* The late node to take now: one that holds up the next of the others, else the first. */
static size_t find_late(const struct graph *graph)
{
	for (size_t next = 0; next < graph->count; next++) {
		if (graph->done[next] || graph->late[next])
			continue;
		for (size_t node = BUILTINS; node < graph->count; node++)
			if (graph->late[node] && graph->reach[node][next] && is_ready(graph, node))
				return node;
	}
	return find_ready(graph, BUILTINS, graph->count, true);
}

/* Steps with after come as soon as they can, then built-in ones, late ones when nothing else can.
 */
static size_t find_next(const struct graph *graph)
{
	size_t node = find_ready(graph, BUILTINS, graph->count, false);
	if (node == graph->count)
		node = find_ready(graph, 0, BUILTINS, false);
	return node != graph->count ? node : find_late(graph);
}

/* How many edges lie between each node and target; graph->count where there is no way. */
static void measure_distances(const struct graph *graph, size_t target, size_t *distance)
{
	for (size_t node = 0; node < graph->count; node++)
		distance[node] = node == target ? 0 : graph->count;
	for (size_t round = 0; round < graph->count; round++)
		for (size_t node = 0; node < graph->count; node++)
			for (size_t next = 0; next < graph->count; next++)
				if (graph->edge[node][next] && distance[next] + 1 < distance[node])
					distance[node] = distance[next] + 1;
}

/* Names the shortest circle through the first step that has to come before itself. */
static void refuse_cycle(const struct graph *graph, struct faults *faults)
{
	size_t distance[NODES_MAX];
	size_t start = BUILTINS;
	while (!graph->reach[start][start])
		start++;
	measure_distances(graph, start, distance);
	struct text path = {0};
	text_add(&path, node_name(graph, start));
	size_t node = start;
	do {
		size_t best = graph->count;
		for (size_t next = 0; next < graph->count; next++)
			if (graph->edge[node][next] &&
				(best == graph->count || distance[next] < distance[best]))
				best = next;
		node = best;
		text_add_format(&path, " -> %s", node_name(graph, node));
	} while (node != start);
	faults_add(faults, "%s: after and before go round in a circle: %s",
		step_of(graph, start)->origin, path.bytes);
	text_free(&path);
}

static bool has_cycle(const struct graph *graph)
{
	for (size_t node = 0; node < graph->count; node++)
		if (graph->reach[node][node])
			return true;
	return false;
}

static struct ordered_step *walk(struct graph *graph, size_t *order_count)
{
	struct ordered_step *order = memory_zeroed(graph->count, sizeof *order);
	*order_count = 0;
	for (size_t taken = 0; taken < graph->count; taken++) {
		size_t node = find_next(graph);
		graph->done[node] = true;
		struct ordered_step *next = &order[*order_count];
		if (node < BUILTINS)
			*next = (struct ordered_step){.kind = (enum ordered_kind)node};
		else
			*next = (struct ordered_step){ORDERED_STEP, node - BUILTINS};
		if (node < BUILTINS || step_of(graph, node)->command.count > 0 ||
			step_of(graph, node)->remove.count > 0)
			++*order_count;
	}
	return order;
}

static int add_edges(struct graph *graph, struct faults *faults)
{
	int status = 0;
	add_edge(graph, ORDERED_WAIT, ORDERED_UPGRADE);
	add_edge(graph, ORDERED_UPGRADE, ORDERED_SEED);
	for (size_t node = BUILTINS; node < graph->count; node++)
		if (add_named_edges(graph, node, true, faults) != 0 ||
			add_named_edges(graph, node, false, faults) != 0)
			status = -1;
	return status;
}

/* What a graph is not needed for, as most often. */
static struct ordered_step *order_builtins(size_t *order_count)
{
	struct ordered_step *order = memory_zeroed(BUILTINS, sizeof *order);
	for (size_t i = 0; i < BUILTINS; i++)
		order[i].kind = (enum ordered_kind)i;
	*order_count = BUILTINS;
	return order;
}

struct ordered_step *order_steps(
	const struct step_settings *steps, size_t count, size_t *order_count, struct faults *faults)
{
	if (count == 0)
		return order_builtins(order_count);
	*order_count = 0;
	if (count > ORDER_STEPS_MAX) {
		faults_add(faults, "%s: more than %d steps", steps[ORDER_STEPS_MAX].origin,
			ORDER_STEPS_MAX);
		return NULL;
	}
	struct graph graph = {.steps = steps, .count = BUILTINS + count};
	autofree bool(*edge)[NODES_MAX] = memory_zeroed(graph.count, sizeof *edge);
	autofree bool(*reach)[NODES_MAX] = memory_zeroed(graph.count, sizeof *reach);
	graph.edge = edge;
	graph.reach = reach;
	if (add_edges(&graph, faults) != 0)
		return NULL;
	if (has_cycle(&graph)) {
		refuse_cycle(&graph, faults);
		return NULL;
	}
	add_defaults(&graph);
	return walk(&graph, order_count);
}
