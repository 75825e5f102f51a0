/*
 * What lives on behind boot: the app, the services beside it, and timed jobs at their times.
 *
 * Decides whether one that has ended comes back, and says so; starts and stops all of them
 * together. What the end of one means for the rest is run.c's. Allocates nothing.
 */
#ifndef TMINUS_RUN_SERVICES_H
#define TMINUS_RUN_SERVICES_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "process/table.h"

struct supervised {
	struct process *process;
	enum restart restart;
	int64_t limit;	   /* restarts in a row; 0 = no limit */
	bool essential;	   /* its end is the end of all */
	bool with_app;	   /* it starts when the app is up */
	unsigned restarts; /* in a row; written by services.c alone */
};

struct services {
	struct supervised *all;
	size_t count;
};

/* The entry of process, or NULL. */
struct supervised *services_find(const struct services *services, const struct process *process);

/* The app is up: those that wait for that are started. */
void services_start(const struct services *services, struct process_table *table);

/* Each that lives, but for except (which may be NULL), gets signal, and none is started again. */
void services_stop(const struct services *services, struct process_table *table, int signal,
	const struct process *except);

/* The first that lives or will live again; NULL when there is none. */
const struct supervised *services_alive(const struct services *services);

/* It has ended, and nothing is to stop: is it started again? Says so, and why when it is not. */
bool services_revive(struct supervised *supervised);

#endif
