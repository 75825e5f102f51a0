/*
 * precondition: may a work that is due be left out, because what it would bring is there already?
 *
 * In the keeper's own session, as the role that works on the database.
 */
#ifndef TMINUS_STEPS_PRECONDITION_H
#define TMINUS_STEPS_PRECONDITION_H

#include "database/session.h"
#include "steps/work.h"

/* Asks for the tables of work->if_empty and the file of work->unless_file. schema is where tables
 * without one are, NULL for the search path. 1 when there is nothing to do, with the reason in
 * room; 0 when there is, with what is worth telling in room, "" for nothing; -1 and failure. */
int precondition_ask(const struct work *work, struct session *session, const char *schema,
	char *room, size_t size, struct failure *failure);

#endif
