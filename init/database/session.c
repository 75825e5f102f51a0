#include "database/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "database/driver.h"
#include "database/failure.h"

#define SOCKET_PATH_SIZE 256

struct session {
	enum database_kind kind;
	const struct db_driver *driver;
	struct connection *connection;
	struct database_host *host; /* the URL's; NULL for SQLite */
};

struct kind {
	const char *name;
	const struct db_driver *driver; /* NULL where this build has none */
};

static const struct kind kinds[] = {
	[DATABASE_POSTGRES] = {.name = "PostgreSQL",
#ifdef WITH_POSTGRES
		.driver = &postgres_driver
#endif
	},
	[DATABASE_MYSQL] = {.name = "MySQL",
#ifdef WITH_MYSQL
		.driver = &mysql_driver
#endif
	},
	[DATABASE_SQLITE] = {.name = "SQLite",
#ifdef WITH_SQLITE
		.driver = &sqlite_driver
#endif
	},
};

/* One walk through hosts and addresses. */
struct search {
	const struct db_driver *driver;
	struct attempt attempt;
	struct connection *connection; /* what it found */
	struct failure failure;	       /* the one that says most, so far */
	bool failed;		       /* there is such a one */
};

/* "shop@db:5432/shop (10.0.0.3)", "shop@[/run/postgresql/.s.PGSQL.5432]/shop" */
static void name_place(struct attempt *attempt, const char *socket_path)
{
	const struct database_url *url = attempt->url;
	const struct database_host *host = attempt->host;
	const char *name = socket_path != NULL ? socket_path : host->name;
	const char *numeric = attempt->address != NULL ? attempt->address->text : "";
	bool brackets = socket_path != NULL || strchr(name, ':') != NULL;
	bool shown = numeric[0] != '\0' && !text_equal(numeric, name);
	char port[16] = "";
	if (socket_path == NULL)
		(void)snprintf(port, sizeof port, ":%d", host->port);
	(void)snprintf(attempt->place, sizeof attempt->place, "%s%s%s%s%s%s%s%s%s%s%s",
		url->user != NULL ? url->user : "", url->user != NULL ? "@" : "",
		brackets ? "[" : "", name, brackets ? "]" : "", port, url->name != NULL ? "/" : "",
		url->name != NULL ? url->name : "", shown ? " (" : "", shown ? numeric : "",
		shown ? ")" : "");
}

/* At WAIT_TCP: connects, and reads what the driver has to read. */
static int touch(const struct search *search, struct failure *failure)
{
	const struct attempt *attempt = &search->attempt;
	autoclose int descriptor = address_connect(
		attempt->address, attempt->options->connect_limit, attempt->place, failure);
	if (descriptor < 0)
		return -1;
	if (search->driver->greet == NULL)
		return 0;
	return search->driver->greet(attempt, descriptor, failure);
}

static int try_address(struct search *search, struct failure *failure)
{
	switch (search->attempt.options->level) {
	case WAIT_TCP:
		return touch(search, failure);
	case WAIT_READY:
		if (search->driver->ready == NULL)
			return touch(search, failure);
		return search->driver->ready(&search->attempt, failure);
	case WAIT_AUTO:
	case WAIT_QUERY:
		break;
	}
	return search->driver->open(&search->attempt, &search->connection, failure);
}

/* How much a failure says: a starting server more than a server's error, that more than silence. */
static int weight(const struct failure *failure)
{
	if (failure->verdict != VERDICT_RETRY)
		return 3;
	if (failure->starting)
		return 2;
	return failure->code[0] != '\0' ? 1 : 0;
}

/* Remembers a failure. True when it ends the search: what one server refuses the others refuse too,
 * and servers count wrong logins. libpq does likewise. */
static bool note(struct search *search, const struct failure *failure)
{
	if (!search->failed || weight(failure) > weight(&search->failure))
		search->failure = *failure;
	search->failed = true;
	return failure->verdict != VERDICT_RETRY;
}

/* True when the search is over: something was found, or refused. */
static bool try_addresses(struct search *search, const struct address_list *addresses)
{
	for (size_t i = 0; i < addresses->count; i++) {
		struct failure failure = {0};
		search->attempt.address = &addresses->items[i];
		name_place(&search->attempt, NULL);
		if (try_address(search, &failure) == 0) {
			search->failed = false;
			return true;
		}
		if (note(search, &failure))
			return true;
	}
	return false;
}

static bool try_name(struct search *search)
{
	const struct database_host *host = search->attempt.host;
	struct address_list addresses;
	struct failure failure = {0};
	if (address_resolve(host->name, host->port, &addresses, &failure) != 0)
		return note(search, &failure);
	bool over = try_addresses(search, &addresses);
	search->attempt.address = NULL;
	address_list_free(&addresses);
	return over;
}

static bool try_socket(struct search *search)
{
	char path[SOCKET_PATH_SIZE];
	struct address address;
	struct failure failure = {0};
	search->driver->socket_path(search->attempt.host, path, sizeof path);
	if (address_of_path(path, &address, &failure) != 0)
		return note(search, &failure);
	search->attempt.address = &address;
	name_place(&search->attempt, path);
	bool failed = try_address(search, &failure) != 0;
	search->attempt.address = NULL;
	if (failed)
		return note(search, &failure);
	search->failed = false;
	return true;
}

static void search_hosts(struct search *search)
{
	const struct database_url *url = search->attempt.url;
	for (size_t i = 0; i < url->host_count; i++) {
		search->attempt.host = &url->hosts[i];
		bool is_path = url->hosts[i].name[0] == '/';
		if (is_path ? try_socket(search) : try_name(search))
			return;
	}
}

static void search_file(struct search *search)
{
	struct failure failure = {0};
	if (search->driver->open(&search->attempt, &search->connection, &failure) != 0)
		(void)note(search, &failure);
}

static void tell(const struct search *search, struct failure *failure)
{
	*failure = search->failure;
	size_t hosts = search->attempt.url->host_count;
	if (hosts < 2 || failure->verdict != VERDICT_RETRY)
		return;
	int used = snprintf(
		failure->message, sizeof failure->message, "none of %zu hosts is usable; ", hosts);
	(void)snprintf(failure->message + used, sizeof failure->message - (size_t)used, "%.*s",
		(int)sizeof failure->message - used - 1, search->failure.message);
}

int session_open(const struct database_url *url, const struct session_options *options,
	struct session **result, struct failure *failure)
{
	const struct kind *kind = &kinds[url->kind];
	*result = NULL;
	if (!HAS_DRIVERS || kind->driver == NULL)
		return failure_set(failure, failure_of_kind(FAILURE_NOT_BUILT), "",
			"this tminus was built without %s", kind->name);
	struct search search = {
		.driver = kind->driver, .attempt = {.url = url, .options = options}};
	if (kind->driver->socket_path == NULL)
		search_file(&search);
	else
		search_hosts(&search);
	if (search.failed) {
		tell(&search, failure);
		return -1;
	}
	if (search.connection == NULL)
		return 0;
	*result = memory_zeroed(1, sizeof **result);
	**result = (struct session){.kind = url->kind,
		.driver = kind->driver,
		.connection = search.connection,
		.host = search.attempt.url->host_count > 0
				? &url->hosts[search.attempt.host - url->hosts]
				: NULL};
	return 0;
}

int session_check(struct session *session, bool writable, struct failure *failure)
{
	return session->driver->check(session->connection, writable, failure);
}

int session_query(
	struct session *session, const char *sql, struct rows *rows, struct failure *failure)
{
	if (rows != NULL)
		rows_clear(rows);
	return session->driver->query(session->connection, sql, rows, failure);
}

char *session_literal(struct session *session, const char *text)
{
	return session->driver->literal(session->connection, text);
}

enum database_kind session_kind(const struct session *session)
{
	return session->kind;
}

int session_backend(const struct session *session)
{
	return session->connection->backend;
}

const char *session_server(const struct session *session)
{
	return session->connection->server;
}

void session_choose_host(const struct session *session, struct database_url *url)
{
	if (session->host == NULL)
		return;
	url->hosts = session->host;
	url->host_count = 1;
}

char *session_tool_options(const struct database_url *url)
{
	const struct db_driver *driver = kinds[url->kind].driver;
	return driver == NULL || driver->tool_options == NULL ? NULL : driver->tool_options(url);
}

int session_copy(struct session *from, struct session *to, void (*tick)(void *context),
	void *context, struct failure *failure)
{
	return from->driver->copy(from->connection, to->connection, tick, context, failure);
}

void session_close(struct session *session)
{
	if (session == NULL)
		return;
	session->driver->close(session->connection);
	free(session);
}
