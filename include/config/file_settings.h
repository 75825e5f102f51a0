/*
 * What must hold in [dir PATH], [template PATH], [key NAME] and [step NAME] remove, as far as the
 * settings alone say: nothing here looks at a file.
 */
#ifndef TMINUS_CONFIG_FILE_SETTINGS_H
#define TMINUS_CONFIG_FILE_SETTINGS_H

#include "config/faults.h"

struct config;

/* A key's bytes and its prefix are short enough for one message to PID 1 (steps/message.h). */
#define KEY_BYTES_LEAST 16
#define KEY_BYTES_MOST 256
#define KEY_PREFIX_MOST 64

/* Adds every fault, with the section's origin. */
void file_settings_check(const struct config *config, struct faults *faults);

#endif
