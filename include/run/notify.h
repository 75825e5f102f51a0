/*
 * sd_notify(3), in both directions: what the app says of itself, and what tminus says to the
 * manager that started it (systemd, podman --sdnotify=container).
 *
 * With app.notify the app gets a NOTIFY_SOCKET of tminus's, and what it says is passed on. Without
 * it tminus says READY=1 when the app has been executed. Never blocks, allocates nothing.
 */
#ifndef TMINUS_RUN_NOTIFY_H
#define TMINUS_RUN_NOTIFY_H

#include <stdbool.h>

#define NOTIFY_SIZE 2048 /* of a datagram; what is longer is cut */

struct notify {
	const char *manager; /* our own NOTIFY_SOCKET, NULL for none */
	int descriptor;	     /* of the app's socket; -1 without app.notify */
	bool ready;	     /* it said READY=1 */
	char says[256];	     /* its last STATUS= */
};

/* The app's NOTIFY_SOCKET for this boot, "@tminus-0123456789abcdef": an abstract socket needs no
 * folder and no permission, and its name cannot be guessed. unix(7) */
#define NOTIFY_ADDRESS "@tminus-"

/* Fills notify and, where address is not NULL, opens the app's socket there; manager is our own
 * NOTIFY_SOCKET, or NULL. A failure is said. */
void notify_begin(struct notify *notify, const char *manager, const char *address);

/* Takes what the app has said. True when something of it is new. */
bool notify_take(struct notify *notify);

/* Tells the manager, where there is one; "READY=1", lines of sd_notify(3). */
void notify_send(const struct notify *notify, const char *lines);

#endif
