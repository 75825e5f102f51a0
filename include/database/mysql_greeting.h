/*
 * The greeting: the first packet of a MySQL or MariaDB server, read without its client library.
 *
 * A server that lets somebody in begins with a handshake packet; one that does not sends an error
 * in its place (too many connections, host blocked). MySQL Internals Manual, "Protocol::Handshake"
 * and "ERR_Packet".
 */
#ifndef TMINUS_DATABASE_MYSQL_GREETING_H
#define TMINUS_DATABASE_MYSQL_GREETING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "database/driver.h"

/* Are the first four bytes that a server sent none of MySQL's? A packet has its length in three and
 * its number, which is small, in the fourth; other protocols have letters there. What begins a TLS
 * record is not foreign. */
bool mysql_greeting_is_foreign(const unsigned char bytes[4]);

/* Does a greeting not say that its server has TLS? Where bytes do not hold enough of it, it does
 * not. False for an error in its place. */
bool mysql_greeting_lacks_tls(const unsigned char *bytes, size_t length);

/* Waits for a connected server's first word, as address_wait(POLLIN). A PostgreSQL on that port
 * waits for ours: when it takes long, that is told. */
int mysql_greeting_wait(const struct attempt *attempt, int descriptor, int64_t deadline);

/* Reads the greeting from a connected descriptor within the handshake's limit, and answers with a
 * login that cannot succeed, whose answer it awaits: a connection that ends without one counts as
 * broken, and max_connect_errors of them block the host (1129). 0, or -1 and failure. */
int mysql_greeting_read(const struct attempt *attempt, int descriptor, struct failure *failure);

#endif
