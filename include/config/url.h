/*
 * Database URLs: postgres:// postgresql:// postgresql+psycopg2:// mysql:// mysql+pymysql://
 * mariadb:// sqlite:///relative sqlite:////absolute, with percent-decoding, IPv6 literals, several
 * hosts, unix sockets and query parameters.
 *
 * Knows no database library. Sources: PostgreSQL manual 34.1.1 "Connection Strings", RFC 3986,
 * SQLAlchemy's "Database URLs".
 *
 * Raw '@', ':', '#' and '?' in a password are understood; a raw '/' is not, and the message says
 * so. Of PostgreSQL's parameters host, port, user, password and dbname take the place of the parts,
 * of the others unix_socket that of the host; they are not among the parameters.
 */
#ifndef TMINUS_CONFIG_URL_H
#define TMINUS_CONFIG_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum database_kind { DATABASE_POSTGRES, DATABASE_MYSQL, DATABASE_SQLITE };

struct database_host {
	char *name; /* host name, address (IPv6 without brackets), or a path beginning with '/' */
	int port;   /* the kind's own where the URL names none */
	bool names_host; /* name is the URL's, and not the kind's own */
	bool names_port;
};

struct url_parameter {
	char *name;
	char *value;
};

struct database_url {
	enum database_kind kind;
	struct database_host *hosts; /* at least one, except for SQLite */
	size_t host_count;
	char *user;			  /* NULL when not given */
	char *password;			  /* NULL when not given; never printed */
	char *name;			  /* database name or SQLite's path; NULL when not given */
	struct url_parameter *parameters; /* in the URL's order, decoded */
	size_t parameter_count;
	char *scheme; /* as given, "mysql+pymysql"; NULL for one from parts */
	char *origin; /* where it came from: "DATABASE_URL", "tminus.ini:14" */
};

/* Parses text; origin is copied. The result is freed with database_url_free. -1 and STATUS_CONFIG
 * with a message that names the faulty part and the origin, never the password. */
int database_url_parse(
	const char *text, const char *origin, struct database_url **result, struct error *error);
void database_url_free(struct database_url *url);

/* "postgres://app@db:5432/shop": for messages, without the password; the caller frees it. */
char *database_url_display(const struct database_url *url);

/* The same without the role: whoever logs in, it is this database. */
char *database_url_place(const struct database_url *url);

/* The value of a query parameter, or NULL. Lives as long as url. */
const char *database_url_parameter(const struct database_url *url, const char *name);

/* Does text begin with a scheme of a database ("mysql+pymysql:")? *kind is which, if not NULL. */
bool database_url_scheme(const char *text, enum database_kind *kind);

/* One from parts, all of them as they are (nothing is decoded); NULL and a port of 0 mean not
 * given. */
struct database_url *database_url_from_parts(enum database_kind kind, const char *host, int port,
	const char *user, const char *password, const char *name, const char *origin);

/* Has name no control characters? Logs, option files and manifests have lines. */
bool database_name_is_plain(const char *name);

/* Is it SQLite's database in memory, which no other process sees? Its name is NULL. */
bool database_url_in_memory(const struct database_url *url);

/* A copy of any URL (or anything else) with ******** for its password, also for those in its
 * parameters; the caller frees it. For messages; unlike database_url_display it keeps the rest. */
char *url_masked(const char *text);

/* A copy of text with postgresql:// where it had postgres://, else unchanged, byte for byte. The
 * caller frees it. */
char *database_url_normalized(const char *text);

/* What libpq takes from PGHOST and PGPORT where a URL of PostgreSQL's says nothing, so that the app
 * and tminus do not differ. Lists are left to libpq. libpq-envars */
void database_url_complete(struct database_url *url, char *const *environment);

int database_default_port(enum database_kind kind); /* 0 for SQLite */

#endif
