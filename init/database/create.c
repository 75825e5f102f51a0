#include "database/create.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "database/query.h"

/* Both say that somebody else was faster: PostgreSQL's duplicate_database and, from its catalog's
 * index, unique_violation; MySQL's ER_DB_CREATE_EXISTS. */
static const char *const exists[] = {"42P04", "23505", "1007"};

bool database_is_missing(const struct failure *failure)
{
	return text_equal(failure->code, "3D000") || text_equal(failure->code, "1049");
}

static bool is_there(const struct failure *failure)
{
	for (size_t i = 0; i < sizeof exists / sizeof exists[0]; i++)
		if (text_equal(failure->code, exists[i]))
			return true;
	return false;
}

/* CREATE DATABASE "name", with the kind's own quotes doubled in the name. */
static void add_statement(struct text *sql, const char *name, char quote)
{
	text_add_format(sql, "CREATE DATABASE %c", quote);
	for (; *name != '\0'; name++)
		text_add_format(sql, *name == quote ? "%c%c" : "%c", *name, *name);
	text_add_format(sql, "%c", quote);
}

int database_create(const struct database_url *url, const struct session_options *options,
	struct failure *failure)
{
	static char maintenance[] = "postgres";
	bool postgres = url->kind == DATABASE_POSTGRES;
	struct database_url server = *url;
	struct session *session = NULL;
	struct text sql = {0};
	const char *name = url->name != NULL ? url->name : url->user;
	if (name == NULL)
		return -1;
	server.name = postgres ? maintenance : NULL;
	if (session_open(&server, options, &session, failure) != 0)
		return -1;
	add_statement(&sql, name, postgres ? '"' : '`');
	int result = session_query(session, sql.bytes, NULL, failure);
	text_free(&sql);
	session_close(session);
	return result == 0 || is_there(failure) ? 0 : -1;
}
