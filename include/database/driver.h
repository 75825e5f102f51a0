/*
 * What a database driver does for session.c. One row per database; a driver's header file is
 * included in the driver's own file alone.
 *
 * A driver works on one attempt: one address of one host. It knows nothing of several hosts, nor of
 * resolving.
 */
#ifndef TMINUS_DATABASE_DRIVER_H
#define TMINUS_DATABASE_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "config/url.h"
#include "database/address.h"
#include "database/query.h"
#include "database/session.h"

#define PLACE_SIZE 200

/* One address to try. Borrowed: everything lives as long as the call. */
struct attempt {
	const struct database_url *url;
	const struct session_options *options;
	const struct database_host *host; /* NULL for SQLite */
	const struct address *address;	  /* NULL for SQLite */
	char place[PLACE_SIZE]; /* "shop@db:5432/shop (10.0.0.3)": the beginning of every message */
};

/* An open session; each driver has its own beginning with this. */
struct connection {
	char place[PLACE_SIZE];
	char server[64];
	int64_t limit; /* ms for one check */
	int backend;   /* the server's process, as the login was told; 0 where it was not */
};

struct db_driver {
	/* Where the unix socket is, for a host that is a path. NULL for SQLite, which has no hosts.
	 */
	void (*socket_path)(const struct database_host *host, char *room, size_t size);

	/* At WAIT_TCP, on a descriptor that has connected: what else is read of the server so that
	 * it does not take the probe for an attack. NULL: nothing. The descriptor stays the
	 * caller's. */
	int (*greet)(const struct attempt *attempt, int descriptor, struct failure *failure);

	/* At WAIT_READY: 0 when the server answers, without logging in. NULL: greet says it. */
	int (*ready)(const struct attempt *attempt, struct failure *failure);

	/* At WAIT_QUERY: logs in and checks as check does. */
	int (*open)(const struct attempt *attempt, struct connection **connection,
		struct failure *failure);

	/* SELECT 1, and that it can be written where writable says so. */
	int (*check)(struct connection *connection, bool writable, struct failure *failure);

	/* Runs one statement; adds what it gives to rows, which is an empty one or NULL. */
	int (*query)(struct connection *connection, const char *sql, struct rows *rows,
		struct failure *failure);

	/* text as a literal, quotes included; the caller frees it. */
	char *(*literal)(struct connection *connection, const char *text);

	/* As session_tool_options, and session_copy. NULL where there is no such thing. */
	char *(*tool_options)(const struct database_url *url);
	int (*copy)(struct connection *from, struct connection *to, void (*tick)(void *context),
		void *context, struct failure *failure);
	void (*close)(struct connection *connection);
};

/* One row each, in the driver's own file; what is left out of a build is not there. */
extern const struct db_driver postgres_driver;
extern const struct db_driver mysql_driver;
extern const struct db_driver sqlite_driver;

#endif
