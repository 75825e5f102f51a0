/*
 * The role of this container: the one that is named, else the one whose match fits the command.
 */
#ifndef TMINUS_CONFIG_ROLE_H
#define TMINUS_CONFIG_ROLE_H

#include "config/config.h"

/* Finds config->role and config->unmatched for argv, which may be NULL, and what follows for
 * upgrade, seed and backup. An unknown role and two that match are faults. */
void role_find(struct config *config, char *const *argv, struct faults *faults);

/* Unknown roles in any roles = are faults, and who seeds or backs up and does not upgrade. */
void role_check(const struct config *config, struct faults *faults);

/* Does argv match the patterns, alternatives of which stand between "|"? */
bool role_matches(const struct list *patterns, char *const *argv);

#endif
