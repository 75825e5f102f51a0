/*
 * Which database it is: from database.url, from parts, or from the platform's variables.
 *
 * The first of these that is there:
 *   1. database.url; set to "" it means: none, look no further
 *   2. database.host, or database.kind = sqlite with database.name
 *   3. DATABASE_URL, or the file that DATABASE_URL_FILE names
 *   4. PGHOST (else POSTGRES_HOST), with PGPORT PGUSER PGPASSWORD PGDATABASE; for each of them
 *      POSTGRES_PORT POSTGRES_USER POSTGRES_PASSWORD POSTGRES_DB where it is not set
 *   5. MYSQL_HOST (else MARIADB_HOST), with MYSQL_TCP_PORT or MYSQL_PORT, MYSQL_USER,
 *      MYSQL_PASSWORD, MYSQL_DATABASE or the same names with MARIADB_
 * database.kind leaves out what is of another kind in 4 and 5. database.user, password and name,
 * where given, take the place of a URL's or the variables' own. Passwords in 4 and 5 may come from
 * a file (PGPASSWORD_FILE, ...). "tcp://..." in a _PORT is Kubernetes's and is ignored.
 */
#ifndef TMINUS_CONFIG_DATABASE_SETTINGS_H
#define TMINUS_CONFIG_DATABASE_SETTINGS_H

#include "config/config.h"

/* The database in *url, NULL when there is none. config has its settings and origins already;
 * environment has DATABASE_URL where it came from a file. handed gets what children need to reach
 * the same database, as NAME=value: DATABASE_URL where settings say which it is, a password that
 * came from a file. An SQLite database in memory counts as none, with a warning. */
void database_settings_find(const struct config *config, char *const *environment,
	struct database_url **url, struct list *handed, struct list *warnings,
	struct faults *faults);

#endif
