/*
 * One database session, whichever database it is.
 *
 * Sequential and blocking: for the keeper and other forked children, never for PID 1. Every failure
 * is classed once, by the driver's own table (failure.h): try again, try again for the grace, or
 * refuse. Nothing here logs, exits or prints a password.
 */
#ifndef TMINUS_DATABASE_SESSION_H
#define TMINUS_DATABASE_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "config/url.h"

/* Is there any driver in this build? Without one nothing needs the keeper and all that it does. */
#if defined WITH_POSTGRES || defined WITH_MYSQL || defined WITH_SQLITE
#define HAS_DRIVERS true
#else
#define HAS_DRIVERS false
#endif

/* What to do about a failure. */
enum verdict {
	VERDICT_RETRY,	/* it may pass: until wait.timeout, then status 69 */
	VERDICT_GRACE,	/* it rarely passes by itself: for wait.grace, then status 77 */
	VERDICT_REFUSE, /* it cannot pass: end now with status */
};

struct failure {
	enum verdict verdict;
	int status;	   /* exit status when it is given up: 69, 77, 78 ... */
	bool starting;	   /* the server says that it is starting: probe again in 10 ms */
	char code[12];	   /* SQLSTATE or the client library's error number; "" when neither */
	char message[512]; /* the reason in one line, for the user, with what to do */
};

/* What can be done while an answer of the server's is awaited, as long as the session lives. */
struct meanwhile {
	/* Does a piece, a millisecond of work at most; false when there is none left for now. NULL
	 * for nothing to do; not called where the client library waits by itself. */
	bool (*work)(void *context);
	void *context; /* outlives the session */
};

struct session_options {
	enum wait_level level; /* WAIT_TCP, WAIT_READY or WAIT_QUERY */
	bool writable; /* at WAIT_QUERY a read-only or recovering server is not good enough */
	int64_t connect_limit;	      /* ms for the TCP connect of one address */
	int64_t handshake_limit;      /* ms for everything after it: TLS, login, SELECT 1 */
	const char *application_name; /* shown by the server where it can; NULL for none */
	/* Is told what is waited for where a server keeps silent that is to speak first; NULL for
	 * nobody. */
	void (*tell)(void *context, const char *text);
	void *context;
	struct meanwhile meanwhile;
};

struct session;

/*
 * Opens a session as far as options->level asks. Several hosts are tried in their order, each
 * address of a name in the resolver's; with writable the first writable one wins. What one server
 * refuses (VERDICT_GRACE, VERDICT_REFUSE) ends the search, because servers count wrong logins.
 *
 * WAIT_TCP: connect(2) succeeds; WAIT_READY: the server answers, without credentials; WAIT_QUERY:
 * login and SELECT 1. SQLite has one level: the file can be read, or written, or created. 0 with
 * *result set (at WAIT_TCP and WAIT_READY it may be NULL: nothing stays open), else -1 with failure
 * filled and *result NULL.
 */
int session_open(const struct database_url *url, const struct session_options *options,
	struct session **result, struct failure *failure);

/* Runs SELECT 1, and where writable is set checks that, on an open session. 0, or -1 and failure.
 */
int session_check(struct session *session, bool writable, struct failure *failure);

/* "PostgreSQL 15.6", "MariaDB 10.11.6", "SQLite 3.40.1"; lives as long as the session. */
const char *session_server(const struct session *session);

void session_close(struct session *session); /* NULL is fine */

/* Leaves of url, a copy of the session's, the one host that the session has found: what a tool does
 * is done where the session has looked. */
void session_choose_host(const struct session *session, struct database_url *url);

/* What the database's own tools need to reach url; the caller frees it. PostgreSQL: a connection
 * string, without password, which is PGPASSWORD's. MySQL: an option file with the password in it,
 * which both MySQL's tools and MariaDB's read. NULL for SQLite. PostgreSQL manual 34.1.1; MySQL
 * manual 6.2.2.2; MariaDB "Configuring with Option Files" */
char *session_tool_options(const struct database_url *url);

/* SQLite: makes the database of to a copy of that of from, as it is at one moment, while others
 * write; tick(context) is called now and then. to keeps its file. 0, or -1 and failure: to is as it
 * was. SQLite "Online Backup API" */
int session_copy(struct session *from, struct session *to, void (*tick)(void *context),
	void *context, struct failure *failure);

#endif
