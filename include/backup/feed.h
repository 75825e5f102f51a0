/*
 * A database client that runs beside us, and reads from us what it is to do: psql, mariadb.
 *
 * tool_run waits for its tool, so it is called in a process of its own. When either end dies, the
 * other sees the end of the stream, and nothing is committed that was not sent.
 */
#ifndef TMINUS_BACKUP_FEED_H
#define TMINUS_BACKUP_FEED_H

#include <stddef.h>
#include <sys/types.h>

#include "backup/tool.h"

struct feed {
	pid_t pid;
	int input;  /* what is written here the client reads; CLOEXEC */
	int report; /* how it ended: a struct error */
};

/* Starts client, whose input it sets. 0, or -1 and STATUS_RESTORE. */
int feed_begin(struct feed *feed, struct tool_run client, struct error *error);

/* 0, or -1 when the client has ended: feed_end says why. */
int feed_write(const struct feed *feed, const char *bytes, size_t length);

/* Ends the stream and waits for the client's end. 0, or -1 and its error. */
int feed_end(struct feed *feed, struct error *error);

#endif
