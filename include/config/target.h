/*
 * The form of wait targets that are no database: tcp://host:port, unix:/path,
 * http://host[:port]/path, file:/path.
 *
 * Looks at text only; steps/probe.h asks the target itself.
 */
#ifndef TMINUS_CONFIG_TARGET_H
#define TMINUS_CONFIG_TARGET_H

#include "base/error.h"

enum target_kind { TARGET_TCP, TARGET_UNIX, TARGET_HTTP, TARGET_FILE };

struct target {
	enum target_kind kind;
	char *host; /* of tcp and http: name or address, IPv6 without brackets; else NULL */
	int port;   /* of tcp and http */
	char *path; /* of unix and file, absolute; of http with its query, "/" at least */
};

/* Takes text apart; target_clear frees what *target holds. -1 and STATUS_CONFIG, with a message
 * that does not name the origin and shows no password. */
int target_parse(const char *text, struct target *target, struct error *error);
void target_clear(struct target *target);

/* Only whether target_parse would understand it. */
int target_check(const char *text, struct error *error);

#endif
