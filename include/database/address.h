/*
 * Addresses: resolving a host name and connecting to one address within a limit.
 *
 * The resolver blocks, so this is for forked children, never for PID 1. A descriptor that
 * address_connect returns is the caller's, non-blocking and CLOEXEC.
 */
#ifndef TMINUS_DATABASE_ADDRESS_H
#define TMINUS_DATABASE_ADDRESS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "database/session.h"

struct address {
	struct sockaddr_storage socket;
	socklen_t length;
	char text[64]; /* the numeric address; "" for a unix socket */
};

struct address_list {
	struct address *items;
	size_t count;
};

/* Every address of name, a host name or a numeric address, in the resolver's order. Freed with
 * address_list_free. 0, or -1 and failure. getaddrinfo(3) */
int address_resolve(const char *name, int port, struct address_list *list, struct failure *failure);
void address_list_free(struct address_list *list);

/* The address of the unix socket at path. 0, or -1 and failure when path is too long. unix(7) */
int address_of_path(const char *path, struct address *address, struct failure *failure);

/* Connects within limit ms. The descriptor, or -1 with failure filled; place says where in it. */
int address_connect(
	const struct address *address, int64_t limit, const char *place, struct failure *failure);

/* The failures of the two limits, worded once for everybody. -1 and failure. */
int address_late(const char *place, int64_t limit, struct failure *failure);
int address_silent(const char *place, int64_t limit, struct failure *failure);

/* Are there events (POLLIN, POLLOUT) on descriptor, or an error? poll(2) */
bool address_is_ready(int descriptor, short events);

/* Waits for events (POLLIN, POLLOUT) on descriptor: 1 when there are any, 0 when deadline (clock.h)
 * is over, -1 and errno. A signal does not end it. */
int address_wait(int descriptor, short events, int64_t deadline);

#endif
