/*
 * Small files that configure: the INI file and secrets.
 *
 * Only a regular file is read: a FIFO or a device in its place would block PID 1, or never end.
 */
#ifndef TMINUS_CONFIG_READ_FILE_H
#define TMINUS_CONFIG_READ_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/text.h"
#include "config/faults.h"

#define FILE_SIZE_MAX ((size_t)1 << 20)

/* The whole file in *contents, which may hold NUL bytes. -1 and STATUS_CONFIG, with a message that
 * begins with path, when it cannot be read, is not a regular file or is above FILE_SIZE_MAX. */
int read_file(const char *path, struct text *contents, struct error *error);

/* May others than root change the file at path? Then *fault says how and what to do about it, and
 * *certain is false on a file system that shows every mode as 0777 (9p, drvfs, fuse, virtiofs). */
bool file_is_exposed(const char *path, bool *certain, struct error *fault);

/* May what the file says be done? Only root refuses a file that is exposed, with a fault, or a
 * warning where the mode is not certain: anybody else's tminus can do no more than whoever wrote
 * it. */
bool file_is_trusted(const char *path, struct list *warnings, struct faults *faults);

#endif
