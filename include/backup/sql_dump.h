/*
 * The text of mariadb-dump and mysqldump: read line by line, and passed on in part.
 *
 * A dump is sections, each under a comment: "-- Table structure for table `users`", "-- Dumping
 * data for table `users`" with its triggers behind the rows, "-- Final view structure for view
 * `names`". No line of data begins like that: newlines are escaped there.
 */
#ifndef TMINUS_BACKUP_SQL_DUMP_H
#define TMINUS_BACKUP_SQL_DUMP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"

#define SQL_LINE_BEGIN 512 /* as much of a line as is looked at */

struct sql_dump {
	const char *path;
	bool zipped;
	char *const *environment;    /* of gzip */
	const struct list *left_out; /* tables that are not passed on, or NULL */
	const struct list *rows_of;  /* only rows of these are passed on; NULL: everything is */

	/* Gets what is passed on; below 0 ends the reading. NULL: nobody does. */
	int (*pass)(void *context, const char *bytes, size_t length);
	void *context;

	/* What was found. */
	struct list tables; /* with rows, or room for them, in it */
	bool has_routines;
	bool is_complete;      /* the last line says so */
	struct list databases; /* that it changes to */

	/* While it is read. */
	char line[SQL_LINE_BEGIN + 1];
	size_t length;
	bool decided; /* what becomes of this line */
	bool passes;
	bool stopped;
	enum { SQL_BEGINNING, SQL_STRUCTURE, SQL_DATA, SQL_OTHER } section;
	bool skips; /* the section */
};

/* Reads all of it. 0, or -1 and STATUS_RESTORE. A pass that ended it is no error. */
int sql_dump_read(struct sql_dump *dump, struct error *error);

/* Gives what was found back. */
void sql_dump_clear(struct sql_dump *dump);

/* name in backquotes; the caller frees it. */
char *sql_dump_quoted(const char *name);

#endif
