/*
 * Who a child is: user, groups, capabilities, umask and resource limits.
 *
 * All names are numbers before it is used: between fork and exec it makes system calls and nothing
 * else. What it takes off cannot be had back, and it makes sure of that. capabilities(7),
 * credentials(7)
 */
#ifndef TMINUS_PROCESS_IDENTITY_H
#define TMINUS_PROCESS_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "config/account.h"
#include "config/limits.h"

struct identity {
	const struct account *account; /* NULL: the user that we are */
	const struct limits *limits;
	int64_t umask;	       /* -1: ours */
	uint64_t capabilities; /* that are kept, by number */
	bool confined;	       /* all others are given up, for this process and what it starts */
	bool no_new_privs;
};

/* The numbers of capabilities by name (cap_net_bind_service, NET_BIND_SERVICE) as bits. -1 and
 * STATUS_CONFIG when there is none of a name. cap_from_name(3) */
int identity_capabilities(const struct list *names, uint64_t *capabilities, struct error *error);

/* Becomes identity. -1 and STATUS_CONFIG, with a message that names the setting, when the kernel
 * refuses: the process is then neither the one nor the other and should end. */
int identity_assume(const struct identity *identity, struct error *error);

/* Becomes it in a child that ends at once: what identity_assume would say, with nothing changed.
 * Forks, reaps that child and may block as long as it takes: before the loop only. */
int identity_rehearse(const struct identity *identity, struct error *error);

/* What root in a container may lack to look after a process of that identity. */
enum identity_lacks { IDENTITY_LACKS_KILL = 1, IDENTITY_LACKS_SETPCAP = 2 };
unsigned identity_lacks(const struct identity *identity);

#endif
