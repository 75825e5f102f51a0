/*
 * The faults of a configuration: all that are found, one message each, in the order found.
 */
#ifndef TMINUS_CONFIG_FAULTS_H
#define TMINUS_CONFIG_FAULTS_H

#include "base/text.h"

/* A zeroed struct is a valid empty one; faults_free gives back what it holds. */
struct faults {
	struct list messages;
	int log_format; /* as the settings have it, for telling these */
	int log_color;
};

/* Adds one message, in the form of struct error's: "tminus.ini:14: unknown key ...". */
void faults_add(struct faults *faults, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void faults_free(struct faults *faults);

#endif
