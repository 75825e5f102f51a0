#include "run/services.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

/* From one restart in a row to the next the pause doubles. */
#define FIRST_PAUSE 1000
#define LONGEST_PAUSE 30000

/* Who has lived this long begins with the shortest pause again. */
#define HEALTHY_AFTER 60000

#define TEXT_SIZE 96

struct supervised *services_find(const struct services *services, const struct process *process)
{
	for (size_t i = 0; i < services->count; i++)
		if (services->all[i].process == process)
			return &services->all[i];
	return NULL;
}

void services_start(const struct services *services, struct process_table *table)
{
	for (size_t i = 0; i < services->count; i++)
		if (services->all[i].with_app)
			process_start(table, services->all[i].process);
}

/* How long they may take is the caller's to measure: it is one time for all. */
void services_stop(const struct services *services, struct process_table *table, int signal,
	const struct process *except)
{
	for (size_t i = 0; i < services->count; i++) {
		struct process *process = services->all[i].process;
		if (process == except || !process_is_alive(process))
			continue;
		process_stop(table, process, signal);
		process->deadline = CLOCK_NEVER;
	}
}

const struct supervised *services_alive(const struct services *services)
{
	for (size_t i = 0; i < services->count; i++)
		if (process_is_alive(services->all[i].process))
			return &services->all[i];
	return NULL;
}

static int64_t pause_before(unsigned restart)
{
	int64_t pause = FIRST_PAUSE;
	while (restart-- > 0 && pause < LONGEST_PAUSE)
		pause *= 2;
	return pause < LONGEST_PAUSE ? pause : LONGEST_PAUSE;
}

static bool is_wanted(const struct supervised *supervised)
{
	const struct process *process = supervised->process;
	if (supervised->restart == RESTART_NEVER || process->failed)
		return false;
	return supervised->restart == RESTART_ALWAYS || !process_went_well(process);
}

bool services_revive(struct supervised *supervised)
{
	char how[TEXT_SIZE];
	char room[TEXT_SIZE];
	struct process *process = supervised->process;
	if (!is_wanted(supervised))
		return false;
	if (process->ended_at - process->started_at >= HEALTHY_AFTER)
		supervised->restarts = 0;
	const char *name = process->kind.name;
	(void)process_end(process, how, sizeof how);
	if (supervised->limit > 0 && supervised->restarts >= supervised->limit) {
		log_error("%s %s, and is not started again: %u restarts in a row did not help "
			  "(app.restart_limit)",
			name, how, supervised->restarts);
		return false;
	}
	int64_t pause = pause_before(supervised->restarts++);
	log_warn("%s %s; it is started again in %s (restart %u in a row)", name, how,
		text_duration(pause, room, sizeof room), supervised->restarts);
	process_rest(process, pause);
	return true;
}
