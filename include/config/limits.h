/*
 * Resource limits as text: "nofile=65536 core=0 memlock=64M:unlimited". getrlimit(2)
 */
#ifndef TMINUS_CONFIG_LIMITS_H
#define TMINUS_CONFIG_LIMITS_H

#include <stddef.h>
#include <sys/resource.h>

#include "base/error.h"
#include "base/text.h"

struct limit {
	int resource;
	const char *name; /* "nofile" */
	struct rlimit values;
};

struct limits {
	struct limit *rows;
	size_t count;
};

/* Reads words of the form NAME=SOFT:HARD, or NAME=BOTH; a value is a number, a size or unlimited.
 * rows is freed with free(3). -1 and STATUS_CONFIG, with limits unchanged or longer. */
int limits_read(const struct list *words, struct limits *limits, struct error *error);

#endif
