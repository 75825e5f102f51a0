/*
 * An INI file as a list of keys and where each stands. Parsed by inih, whose limits are kept away
 * from the user: its buffers (200 bytes in the distribution's build) never see a value.
 *
 *   [section] or [step NAME], key = value or key: value or key ?= value, # and ; begin a comment at
 * the start of a line only (" ;" inside a value belongs to it), a line that is indented deeper than
 * its key continues the value, with a newline between. UTF-8, with or without byte order mark; CRLF
 * is accepted. Keys have at most 49 bytes, sections 249, lines 4,096.
 */
#ifndef TMINUS_CONFIG_INI_H
#define TMINUS_CONFIG_INI_H

#include <stdbool.h>
#include <stddef.h>

#include "config/faults.h"

#define INI_NAME_MAX 49
#define INI_SECTION_MAX 249 /* a path may be in it */
#define INI_LINE_MAX 4096
#define INI_ENTRIES_MAX 4096

struct ini_entry {
	char *section; /* "" before the first one; blanks in it are single spaces */
	char *key;     /* NULL: this only says that the section stands at line */
	char *value;   /* NULL with key; "" when nothing stands behind the sign */
	size_t line;
	bool if_unset; /* ?= */
};

struct ini_document {
	struct ini_entry *entries; /* in the file's order */
	size_t count;
};

/* Parses contents; name is the file's for messages ("tminus.ini"). Faults are added for every line
 * that is not understood and for a key that stands twice in a section; the others are in document
 * all the same. document is given back with ini_clear. */
void ini_parse_text(const char *name, const char *contents, size_t length,
	struct ini_document *document, struct faults *faults);
void ini_clear(struct ini_document *document);

#endif
