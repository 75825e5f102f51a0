#include "database/extensions.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "database/catalog.h"

static bool is_listed(const struct rows *rows, const char *name)
{
	for (size_t i = 0; i < rows_count(rows); i++)
		if (text_equal(rows_value(rows, i, 0), name))
			return true;
	return false;
}

int extensions_missing(struct session *session, const struct list *wanted, struct list *missing,
	struct failure *failure)
{
	struct rows rows = {0};
	list_clear(missing);
	int result = session_query(
		session, "SELECT extname FROM pg_catalog.pg_extension", &rows, failure);
	for (size_t i = 0; result == 0 && i < wanted->count; i++)
		if (!is_listed(&rows, wanted->items[i]))
			list_append(missing, wanted->items[i]);
	rows_clear(&rows);
	return result;
}

/* 0A000 is feature_not_supported, before PostgreSQL 13 it is 58P01, undefined_file: the server has
 * no files of that extension. */
static bool is_not_installed(const struct failure *failure)
{
	return text_equal(failure->code, "0A000") || text_equal(failure->code, "58P01");
}

static void advise(const struct session *session, const struct database_url *url, const char *name,
	struct failure *failure)
{
	struct text message = {0};
	const char *user = url->user != NULL ? url->user : "of the login";
	const char *database = url->name != NULL ? url->name : user;
	text_add_format(&message, "extension %s: %s", name, failure->message);
	/* Of the classes that may pass are connections, resources, the operator and transactions.
	 */
	static const char *const passing[] = {"08", "40", "53", "57"};
	bool passes = failure->code[0] == '\0';
	for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++)
		passes = passes || text_starts_with(failure->code, passing[i]);
	if (!passes) {
		failure->status = STATUS_UPGRADE;
		failure->verdict = VERDICT_REFUSE;
	}
	if (text_equal(failure->code, "42501")) {
		text_add_format(&message,
			"; the role %s may not create it in the database %s: let a superuser do "
			"so, or name a role that may in upgrade.url",
			user, database);
		failure->status = STATUS_REFUSED;
	} else if (is_not_installed(failure)) {
		text_add_format(&message,
			"; the server (%s) of the database %s does not have it: install its "
			"package there",
			session_server(session), database);
	}
	(void)snprintf(failure->message, sizeof failure->message, "%s", message.bytes);
	text_free(&message);
}

int extension_create(struct session *session, const struct database_url *url, const char *name,
	struct failure *failure)
{
	struct text sql = {0};
	const struct catalog_names names = {0};
	autofree char *quoted = catalog_quoted(session, &names, name);
	text_add_format(&sql, "CREATE EXTENSION IF NOT EXISTS %s", quoted);
	int result = session_query(session, sql.bytes, NULL, failure);
	text_free(&sql);
	if (result != 0)
		advise(session, url, name, failure);
	return result;
}
