/*
 * Failures and their classes: what each error of PostgreSQL, MySQL, SQLite, libpq, the resolver and
 * connect(2) means for somebody who waits: try again, try again for the grace, or end.
 *
 * Every error stands in exactly one row of one table. Knows no database library; owns nothing; no
 * message holds a password, because none is ever handed in.
 *
 * Sources: PostgreSQL manual, appendix A "Error Codes"; MySQL 8 "Server Error Message Reference"
 * and "Client Error Message Reference"; MariaDB "Error Codes"; SQLite "Result and Error Codes".
 */
#ifndef TMINUS_DATABASE_FAILURE_H
#define TMINUS_DATABASE_FAILURE_H

#include <stddef.h>

#include "database/session.h"

/* One class of errors. */
struct failure_class {
	enum verdict verdict;
	int status;
	bool starting;
	const char *advice; /* what to do about it; NULL where the server's own words say enough */
};

/* The class of a five-letter SQLSTATE: by the whole, else by its first two letters. Never NULL:
 * what stands in no row is retried. text is the server's message, because poolers hide a refusal
 * behind 08P01 and XX000. */
const struct failure_class *failure_of_sqlstate(const char *sqlstate, const char *text);

/* The class of an error of libpq's own, which has no SQLSTATE, by its (untranslated) text. Never
 * NULL: what stands in no row is a refusal. */
const struct failure_class *failure_of_libpq(const char *text);

/* The class of a MySQL or MariaDB error number, the server's or the client library's. Never NULL.
 * text is the message: 1045, 1524 and 2059 also say that a plugin of the client is missing. */
const struct failure_class *failure_of_mysql(unsigned number, const char *text);

/* The class of an SQLite result code, primary or extended. Never NULL. */
const struct failure_class *failure_of_sqlite(int code);

/* The class of an errno of socket(2) and connect(2). Never NULL. */
const struct failure_class *failure_of_errno(int number);

/* The same for a text that holds one's strerror(3), as libpq's do; NULL when it holds none. */
const struct failure_class *failure_of_errno_text(const char *text);

/* The classes that no error number stands for. */
enum failure_kind {
	FAILURE_UNKNOWN_HOST, /* the resolver: EAI_NONAME and its like */
	FAILURE_RESOLVER,     /* the resolver itself does not work: EAI_AGAIN */
	FAILURE_CONNECT_LIMIT,
	FAILURE_HANDSHAKE_LIMIT,
	FAILURE_CLOSED,		  /* the server hung up */
	FAILURE_FOREIGN_PROTOCOL, /* something else answers on that port */
	FAILURE_NEEDS_PASSWORD,
	FAILURE_PASSWORD_OR_TLS, /* MariaDB says the same of both */
	FAILURE_TLS,
	FAILURE_NO_AUTHORITIES, /* to verify a certificate by: the image has no bundle */
	FAILURE_RECOVERY,
	FAILURE_READ_ONLY,
	FAILURE_NO_FOLDER, /* of an SQLite file */
	FAILURE_NO_ACCESS, /* to a file or folder */
	FAILURE_NOT_READY, /* a target that answers, but not what is wanted */
	FAILURE_SETTING,   /* a parameter that the client library does not take */
	FAILURE_TARGET,	   /* a wait target of no known form */
	FAILURE_NOT_BUILT, /* the driver was left out */
	FAILURE_INTERNAL,
};
const struct failure_class *failure_of_kind(enum failure_kind kind);

/* Fills failure with the class, the code ("" for none) and the formatted message, to which the code
 * and the class's advice are added: "shop@db:5432/shop: no such role (28000); create it ...".
 * Control characters become blanks, so that it stays one line. Always -1. */
int failure_set(struct failure *failure, const struct failure_class *class, const char *code,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The tables, for the test that every error is classed exactly once. */
size_t failure_sqlstate_count(void);
const char *failure_sqlstate_at(size_t index);
size_t failure_mysql_count(void);
unsigned failure_mysql_at(size_t index);

#endif
