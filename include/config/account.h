/*
 * Users and groups, by name or number, from /etc/passwd and /etc/group themselves.
 *
 * Not through the C library's name services: a static program in an image from scratch has none,
 * and elsewhere they may ask the network. Numbers work without the files. passwd(5), group(5)
 */
#ifndef TMINUS_CONFIG_ACCOUNT_H
#define TMINUS_CONFIG_ACCOUNT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

#define ACCOUNT_FILES "/etc"

struct account {
	char *text;   /* as it was given: "app", "1000:1000" */
	char *origin; /* where, for messages: "tminus.ini:12" */
	uid_t uid;
	gid_t gid;
	char *name;    /* NULL: a number that is not in the file */
	char *home;    /* "/" then */
	gid_t *groups; /* gid first, then the supplementary ones */
	size_t group_count;
};

/* Finds the user that text means: NAME, UID, NAME:GROUP or UID:GID. A name counts before a number.
 * With a group there are no supplementary ones, as in docker run --user; a UID without an entry has
 * the group of the same number. files is the folder of passwd and group. *account is freed with
 * account_free. -1 and STATUS_CONFIG. */
int account_find(const char *text, const char *origin, const char *files, struct account **account,
	struct error *error);
void account_free(struct account *account);

/* Makes gid the account's group in the place of its own; the supplementary ones stay. */
void account_set_group(struct account *account, gid_t gid);

/* The group that text means, GROUP or GID. -1 and STATUS_CONFIG. */
int account_find_group(const char *text, const char *files, gid_t *gid, struct error *error);

#endif
