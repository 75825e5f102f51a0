#include "database/driver.h"

#include <ctype.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "database/certificates.h"
#include "database/failure.h"

#define MOST_KEYWORDS 80 /* libpq 18 knows 50 */

struct postgres {
	struct connection base;
	PGconn *conn;
	struct meanwhile meanwhile;
};

/* A login on its way. */
struct login {
	const struct attempt *attempt;
	PGconn *conn;
	int64_t connect_deadline;
	int64_t handshake_deadline; /* CLOCK_NEVER until the TCP connection stands */
};

/* As address_wait; until then there may be something to do. */
static int await_answer(
	PGconn *conn, const struct meanwhile *meanwhile, short events, int64_t deadline)
{
	int descriptor = PQsocket(conn);
	while (meanwhile->work != NULL && !address_is_ready(descriptor, events) &&
		!clock_passed(deadline) && meanwhile->work(meanwhile->context))
		continue;
	return address_wait(descriptor, events, deadline);
}

/* --- parameters ------------------------------------------------------------------------------ */

struct keywords {
	const char *names[MOST_KEYWORDS + 1];
	const char *values[MOST_KEYWORDS + 1];
	size_t count;
};

static void add_keyword(struct keywords *keywords, const char *name, const char *value)
{
	if (value == NULL || keywords->count == MOST_KEYWORDS)
		return;
	keywords->names[keywords->count] = name;
	keywords->values[keywords->count++] = value;
}

/* What tminus itself says to libpq; the URL's parameters do not change it. */
static bool is_own(const char *name)
{
	static const char *const own[] = {"host", "hostaddr", "port", "user", "password", "dbname",
		"application_name", "connect_timeout", "client_encoding"};
	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
		if (text_equal(own[i], name))
			return true;
	return false;
}

/* The words of other drivers for sslmode: node-postgres, JDBC, asyncpg, Go. */
static const char *translate(const char *name, const char *value)
{
	static const struct {
		const char *theirs;
		const char *libpq;
	} modes[] = {{"no-verify", "require"}, {"true", "require"}, {"1", "require"},
		{"yes", "require"}, {"on", "require"}, {"false", "disable"}, {"0", "disable"},
		{"no", "disable"}, {"off", "disable"}};
	if (!text_equal(name, "sslmode"))
		return value;
	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
		if (text_equal(modes[i].theirs, value))
			return modes[i].libpq;
	return value;
}

/* Those parameters of the URL that libpq knows; SQLAlchemy's and Prisma's are none of its business.
 */
static void add_parameters(
	struct keywords *keywords, const struct database_url *url, const PQconninfoOption *known)
{
	for (size_t i = 0; i < url->parameter_count; i++) {
		const struct url_parameter *parameter = &url->parameters[i];
		if (is_own(parameter->name))
			continue;
		for (const PQconninfoOption *option = known; option->keyword != NULL; option++)
			if (text_equal(option->keyword, parameter->name))
				add_keyword(keywords, parameter->name,
					translate(parameter->name, parameter->value));
	}
}

/*
 * libpq gets the name for TLS (host) and the address to connect to (hostaddr), so that each address
 * has its own limit. GSSAPI is off unless the URL asks for it: it would look for tickets first.
 * PostgreSQL manual 34.1.2
 */
static PGconn *start(const struct attempt *attempt)
{
	const struct database_url *url = attempt->url;
	char port[16];
	(void)snprintf(port, sizeof port, "%d", attempt->host->port);
	struct keywords keywords = {0};
	add_keyword(&keywords, "gssencmode", "disable");
	PQconninfoOption *known = PQconndefaults();
	if (known != NULL)
		add_parameters(&keywords, url, known);
	add_keyword(&keywords, "host", attempt->host->name);
	if (attempt->address->text[0] != '\0')
		add_keyword(&keywords, "hostaddr", attempt->address->text);
	add_keyword(&keywords, "port", port);
	add_keyword(&keywords, "user", url->user);
	if (attempt->options->level != WAIT_READY)
		add_keyword(&keywords, "password", url->password);
	add_keyword(&keywords, "dbname", url->name);
	add_keyword(&keywords, "application_name", attempt->options->application_name);
	(void)certificates_find(); /* for sslrootcert=system */
	PGconn *conn = PQconnectStartParams(keywords.names, keywords.values, 0);
	PQconninfoFree(known);
	return conn;
}

/* value in quotes. PostgreSQL manual 34.1.1.1 */
static void add_value(struct text *text, const char *name, const char *value)
{
	if (value == NULL || value[0] == '\0')
		return;
	text_add_format(text, "%s%s='", text->length > 0 ? " " : "", name);
	for (; *value != '\0'; value++) {
		if (*value == '\'' || *value == '\\')
			text_add_byte(text, '\\');
		text_add_byte(text, *value);
	}
	text_add_byte(text, '\'');
}

static void add_hosts(struct text *text, const struct database_url *url)
{
	struct text names = {0};
	struct text ports = {0};
	for (size_t i = 0; i < url->host_count; i++) {
		text_add_format(&names, "%s%s", i > 0 ? "," : "", url->hosts[i].name);
		text_add_format(&ports, "%s%d", i > 0 ? "," : "", url->hosts[i].port);
	}
	add_value(text, "host", names.bytes);
	add_value(text, "port", ports.bytes);
	text_free(&names);
	text_free(&ports);
}

static char *postgres_tool_options(const struct database_url *url)
{
	struct text text = {0};
	struct keywords keywords = {0};
	PQconninfoOption *known = PQconndefaults();
	if (known != NULL)
		add_parameters(&keywords, url, known);
	add_hosts(&text, url);
	add_value(&text, "user", url->user);
	add_value(&text, "dbname", url->name);
	for (size_t i = 0; i < keywords.count; i++)
		if (!text_equal(keywords.names[i], "sslpassword"))
			add_value(&text, keywords.names[i], keywords.values[i]);
	PQconninfoFree(known);
	return text_take(&text);
}

/* --- errors ---------------------------------------------------------------------------------- */

/* A server's message within libpq's. The server's own part of it is "FATAL:  28P01: text". */
struct server_error {
	char sqlstate[6]; /* "" when there is none */
	char text[300];
};

static bool is_sqlstate(const char *text)
{
	for (size_t i = 0; i < 5; i++)
		if (!isdigit((unsigned char)text[i]) && !(text[i] >= 'A' && text[i] <= 'Z'))
			return false;
	return text[5] == ':' && text[6] == ' ';
}

static void copy_line(char *room, size_t size, const char *text)
{
	int length = (int)strcspn(text, "\n");
	(void)snprintf(room, size, "%.*s", length, text);
}

/*
 * libpq has no function for the SQLSTATE of a connection that failed; with PQERRORS_VERBOSE it
 * stands in the message. The last one counts: with sslmode=prefer there may be two attempts.
 * PostgreSQL manual 34.11, PQsetErrorVerbosity
 */
static struct server_error find_server_error(const char *message)
{
	struct server_error error = {0};
	for (const char *at = strstr(message, ":  "); at != NULL; at = strstr(at + 3, ":  "))
		if (is_sqlstate(at + 3)) {
			memcpy(error.sqlstate, at + 3, 5);
			copy_line(error.text, sizeof error.text, at + 10);
		}
	return error;
}

/* libpq's own words, without 'connection to server at "db" (10.0.0.3), port 5432 failed: ' */
static void find_own_error(const char *message, char *room, size_t size)
{
	static const char failed[] = " failed: ";
	const char *text = message;
	for (const char *at = strstr(text, "connection to server "); at != NULL;
		at = strstr(at + 1, "connection to server ")) {
		const char *end = strstr(at, failed);
		text = end != NULL ? end + sizeof failed - 1 : at;
	}
	copy_line(room, size, text);
}

/* sslrootcert=system, and the system has none. */
static bool lacks_authorities(PGconn *conn)
{
	bool system = false;
	PQconninfoOption *options = PQconninfo(conn);
	for (const PQconninfoOption *at = options; at != NULL && at->keyword != NULL; at++)
		if (text_equal(at->keyword, "sslrootcert") && at->val != NULL)
			system = text_equal(at->val, "system");
	PQconninfoFree(options);
	return system && certificates_find() == NULL;
}

/* The failure that conn's message tells. */
static int tell_failure(const char *place, PGconn *conn, struct failure *failure)
{
	const char *message = PQerrorMessage(conn);
	struct server_error server = find_server_error(message);
	if (server.sqlstate[0] != '\0')
		return failure_set(failure, failure_of_sqlstate(server.sqlstate, server.text),
			server.sqlstate, "%s: %s", place, server.text);
	char text[300];
	find_own_error(message, text, sizeof text);
	const struct failure_class *class = failure_of_errno_text(text);
	if (PQconnectionNeedsPassword(conn))
		class = failure_of_kind(FAILURE_NEEDS_PASSWORD);
	if (class == NULL && strstr(text, "certificate") != NULL && lacks_authorities(conn))
		class = failure_of_kind(FAILURE_NO_AUTHORITIES);
	if (class == NULL)
		class = failure_of_libpq(text);
	return failure_set(failure, class, "", "%s: %s", place, text);
}

/* What libpq prints to stderr by itself otherwise. */
static void ignore_notice(void *context, const char *message)
{
	(void)context;
	(void)message;
}

/* --- login ----------------------------------------------------------------------------------- */

/* The deadline that holds now. CONNECTION_STARTED: connect(2) has not finished yet. */
static int64_t current_deadline(struct login *login)
{
	if (login->handshake_deadline != CLOCK_NEVER)
		return login->handshake_deadline;
	if (PQstatus(login->conn) == CONNECTION_STARTED)
		return login->connect_deadline;
	login->handshake_deadline = clock_deadline(login->attempt->options->handshake_limit);
	return login->handshake_deadline;
}

static int tell_late(const struct login *login, struct failure *failure)
{
	const struct session_options *options = login->attempt->options;
	if (login->handshake_deadline == CLOCK_NEVER)
		return address_late(login->attempt->place, options->connect_limit, failure);
	return address_silent(login->attempt->place, options->handshake_limit, failure);
}

/* Drives the login to its end. PostgreSQL manual 34.1, PQconnectPoll */
static int finish_login(struct login *login, struct failure *failure)
{
	PostgresPollingStatusType state = PGRES_POLLING_WRITING;
	while (state != PGRES_POLLING_OK) {
		short events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
		if (state == PGRES_POLLING_FAILED)
			return tell_failure(login->attempt->place, login->conn, failure);
		if (await_answer(login->conn, &login->attempt->options->meanwhile, events,
			    current_deadline(login)) == 0)
			return tell_late(login, failure);
		state = PQconnectPoll(login->conn);
	}
	(void)current_deadline(login);
	return 0;
}

/* PQconnectStartParams fails at once for a parameter that is wrong, and for a unix socket that is
 * not there. */
static int tell_start(const struct login *login, struct failure *failure)
{
	const char *message = PQerrorMessage(login->conn);
	if (strstr(message, "connection to server") != NULL ||
		failure_of_errno_text(message) != NULL)
		return tell_failure(login->attempt->place, login->conn, failure);
	return failure_set(failure, failure_of_kind(FAILURE_SETTING), "", "%s: %s",
		login->attempt->place, message);
}

/* The deadlines are login->...; the connection, good or not, is the caller's to finish. */
static int log_in(struct login *login, struct failure *failure)
{
	const struct session_options *options = login->attempt->options;
	login->connect_deadline = clock_deadline(options->connect_limit);
	login->handshake_deadline = CLOCK_NEVER;
	login->conn = start(login->attempt);
	if (login->conn == NULL)
		return failure_set(failure, failure_of_kind(FAILURE_INTERNAL), "", "out of memory");
	(void)PQsetErrorVerbosity(login->conn, PQERRORS_VERBOSE);
	(void)PQsetNoticeProcessor(login->conn, ignore_notice, NULL);
	if (PQstatus(login->conn) == CONNECTION_BAD)
		return tell_start(login, failure);
	return finish_login(login, failure);
}

/* --- queries --------------------------------------------------------------------------------- */

static int tell_result(
	const struct postgres *postgres, const PGresult *result, struct failure *failure)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	if (sqlstate == NULL || text == NULL)
		return tell_failure(postgres->base.place, postgres->conn, failure);
	return failure_set(failure, failure_of_sqlstate(sqlstate, text), sqlstate, "%s: %s",
		postgres->base.place, text);
}

/* 1 when libpq has read a whole result, 0 when deadline is over, -1 when the connection broke. */
static int await_result(const struct postgres *postgres, int64_t deadline)
{
	PGconn *conn = postgres->conn;
	for (;;) {
		int unsent = PQflush(conn);
		if (unsent < 0)
			return -1;
		if (unsent == 0 && !PQisBusy(conn))
			return 1;
		short events = (short)(unsent > 0 ? POLLIN | POLLOUT : POLLIN);
		if (await_answer(conn, &postgres->meanwhile, events, deadline) == 0)
			return 0;
		if (!PQconsumeInput(conn))
			return -1;
	}
}

/* Sends one statement and waits for its last result, which is the caller's to clear, when 0 is
 * returned. By the simple protocol: poolers cannot keep prepared statements. */
static int ask(struct postgres *postgres, const char *query, int64_t deadline, PGresult **last,
	struct failure *failure)
{
	*last = NULL;
	if (!PQsendQuery(postgres->conn, query))
		return tell_failure(postgres->base.place, postgres->conn, failure);
	for (;;) {
		int ready = await_result(postgres, deadline);
		PGresult *result = ready > 0 ? PQgetResult(postgres->conn) : NULL;
		if (ready == 0) {
			PQclear(*last);
			return address_silent(postgres->base.place, postgres->base.limit, failure);
		}
		if (result == NULL)
			break;
		PQclear(*last);
		*last = result;
	}
	ExecStatusType status = PQresultStatus(*last);
	if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
		return 0;
	(void)tell_result(postgres, *last, failure);
	PQclear(*last);
	return -1;
}

static int postgres_query(
	struct connection *connection, const char *sql, struct rows *rows, struct failure *failure)
{
	struct postgres *postgres = (struct postgres *)connection;
	PGresult *result = NULL;
	if (ask(postgres, sql, clock_deadline(connection->limit), &result, failure) != 0)
		return -1;
	int columns = rows != NULL ? PQnfields(result) : 0;
	for (int row = 0; columns > 0 && row < PQntuples(result); row++)
		for (int column = 0; column < columns; column++)
			list_append(&rows->values, PQgetvalue(result, row, column));
	if (rows != NULL)
		rows->columns = (size_t)columns;
	PQclear(result);
	return 0;
}

/* PostgreSQL manual 34.3.4, PQescapeLiteral: by the connection's encoding. */
static char *postgres_literal(struct connection *connection, const char *text)
{
	const struct postgres *postgres = (const struct postgres *)connection;
	char *literal = PQescapeLiteral(postgres->conn, text, strlen(text));
	char *copy = memory_copy(literal != NULL ? literal : "''");
	PQfreemem(literal);
	return copy;
}

/* One round trip that says both: usable, and writable. transaction_read_only is on in recovery, and
 * by default_transaction_read_only of the server, the database or the role. */
#define WRITABLE_QUERY                            \
	"SELECT pg_catalog.pg_is_in_recovery(), " \
	"pg_catalog.current_setting('transaction_read_only')"

static int check_writable(
	const struct postgres *postgres, const PGresult *row, struct failure *failure)
{
	if (PQntuples(row) != 1)
		return tell_result(postgres, row, failure);
	if (PQgetvalue(row, 0, 0)[0] == 't')
		return failure_set(failure, failure_of_kind(FAILURE_RECOVERY), "",
			"%s: in recovery, read-only", postgres->base.place);
	if (text_equal(PQgetvalue(row, 0, 1), "on"))
		return failure_set(failure, failure_of_kind(FAILURE_READ_ONLY), "",
			"%s: read-only (default_transaction_read_only)", postgres->base.place);
	return 0;
}

static int check_until(
	struct postgres *postgres, bool writable, int64_t deadline, struct failure *failure)
{
	PGresult *row = NULL;
	if (ask(postgres, writable ? WRITABLE_QUERY : "SELECT 1", deadline, &row, failure) != 0)
		return -1;
	int result = writable ? check_writable(postgres, row, failure) : 0;
	PQclear(row);
	return result;
}

static int postgres_check(struct connection *connection, bool writable, struct failure *failure)
{
	struct postgres *postgres = (struct postgres *)connection;
	return check_until(postgres, writable, clock_deadline(connection->limit), failure);
}

static void postgres_close(struct connection *connection)
{
	struct postgres *postgres = (struct postgres *)connection;
	PQfinish(postgres->conn);
	free(postgres);
}

/* "PostgreSQL 15.6" of "15.6 (Debian 15.6-0+deb12u1)" */
static void name_server(struct postgres *postgres)
{
	const char *version = PQparameterStatus(postgres->conn, "server_version");
	if (version == NULL)
		version = "";
	(void)snprintf(postgres->base.server, sizeof postgres->base.server, "PostgreSQL %.*s",
		(int)strcspn(version, " "), version);
}

static int postgres_open(
	const struct attempt *attempt, struct connection **connection, struct failure *failure)
{
	struct login login = {.attempt = attempt};
	if (log_in(&login, failure) != 0) {
		PQfinish(login.conn);
		return -1;
	}
	struct postgres *postgres = memory_zeroed(1, sizeof *postgres);
	postgres->conn = login.conn;
	postgres->meanwhile = attempt->options->meanwhile;
	postgres->base.limit = attempt->options->handshake_limit;
	postgres->base.backend = PQbackendPID(login.conn);
	(void)snprintf(postgres->base.place, sizeof postgres->base.place, "%s", attempt->place);
	name_server(postgres);
	bool writable = attempt->options->writable;
	if (check_until(postgres, writable, login.handshake_deadline, failure) != 0) {
		postgres_close(&postgres->base);
		return -1;
	}
	*connection = &postgres->base;
	return 0;
}

/* Any answer of the server's counts but "cannot connect now", as with pg_isready. No password is
 * sent: the server asks for one and has answered with that, and no wrong login is counted. */
static int postgres_ready(const struct attempt *attempt, struct failure *failure)
{
	struct login login = {.attempt = attempt};
	int result = log_in(&login, failure);
	bool asked = result != 0 && PQconnectionNeedsPassword(login.conn);
	PQfinish(login.conn);
	if (result == 0 || asked)
		return 0;
	return failure->code[0] != '\0' && !failure->starting ? 0 : -1;
}

/* runtime.config, unix_socket_directories */
static void postgres_socket_path(const struct database_host *host, char *room, size_t size)
{
	(void)snprintf(room, size, "%s/.s.PGSQL.%d", host->name, host->port);
}

const struct db_driver postgres_driver = {
	.socket_path = postgres_socket_path,
	.ready = postgres_ready,
	.open = postgres_open,
	.check = postgres_check,
	.query = postgres_query,
	.literal = postgres_literal,
	.tool_options = postgres_tool_options,
	.close = postgres_close,
};
