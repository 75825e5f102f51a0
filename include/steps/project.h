/*
 * The project's migrations, as the settings describe them: which reader reads them, and where.
 *
 * Many files take as long to open as a login does. So they are read while the server answers, when
 * nothing of ours comes between the wait and the look at them; only the first look uses what was
 * read so early, and only within a second.
 */
#ifndef TMINUS_STEPS_PROJECT_H
#define TMINUS_STEPS_PROJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "migrations/reader.h"
#include "steps/work.h"

/* What was read ahead. One of job alone is valid and has read nothing. */
struct project_ahead {
	const struct keeper_job *job;	    /* NULL: nothing is to be read ahead */
	struct migrations_project *project; /* NULL: none */
	int64_t begun;			    /* ms, clock_now */
};

/* The reader that reads them natively; NULL where the tool alone decides, or must be asked. */
const struct migrations_reader *project_reader(const struct config *config);

/* The folder of the migrations: the setting's, else the first of the reader's that is there. */
const char *project_directory(const struct migrations_reader *reader, const struct config *config);

/* For session_options.meanwhile, with a struct project_ahead: reads a file more. False when there
 * is none left, and when what was read has become too old; the next call begins anew then. */
bool project_read_ahead(void *context);

/* As reader->inspect, with what was read ahead, which is used up: nothing more is read ahead
 * afterwards. ahead may be NULL. */
void project_conclude(const struct migrations_reader *reader, const struct keeper_job *job,
	struct project_ahead *ahead, const struct migrations_state *state, struct finding *finding);

/* Frees what was read, and reads nothing ahead any more. */
void project_forget(struct project_ahead *ahead);

#endif
