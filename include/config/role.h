/*
 * The role of this container: the one that is named, else the one whose match fits the command.
 */
#ifndef TMINUS_CONFIG_ROLE_H
#define TMINUS_CONFIG_ROLE_H

#include "config/config.h"

/* Finds config->role and config->unmatched for argv, which may be NULL, and what follows for
 * upgrade, seed and backup. Unknown roles and two that match are faults. */
void role_find(struct config *config, char *const *argv, struct faults *faults);

/* Does argv match the patterns, alternatives of which stand between "|"? */
bool role_matches(const struct list *patterns, char *const *argv);

#endif
