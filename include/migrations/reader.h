/*
 * The readers: one for each migration tool that tminus understands without starting it.
 *
 * A reader takes the tool's files and the rows of its version table, and concludes. It talks to no
 * database, starts nothing, writes nothing and never follows a path out of the migrations folder
 * but where the tool would. Files are hostile until they are read: binary, huge, unreadable, a
 * loop of links give FINDING_UNKNOWN or FINDING_BROKEN and never more.
 *
 * The one rule: never FINDING_AT_HEAD where the tool would find work. In doubt FINDING_UNKNOWN.
 */
#ifndef TMINUS_MIGRATIONS_READER_H
#define TMINUS_MIGRATIONS_READER_H

#include <stdbool.h>
#include <stddef.h>

#include "migrations/finding.h"

/* Where the tool's files are. Borrowed. */
struct migrations_files {
	const char *directory; /* as in upgrade.migrations, or the reader's own default */
	/* What the settings vouch for, so that an env.py or a configuration that speaks of these
	 * can be read all the same: upgrade.version_table and database.schema. */
	bool version_table_is_set;
	bool schema_is_set;
	bool has_no_search_path; /* only PostgreSQL has one: elsewhere a file that sets it is
				    harmless */
	bool all_heads; /* Alembic: the command is "upgrade heads", so several heads are no fault */
};

/* One row of the version table. */
struct migrations_row {
	const char *version;
	bool unfinished; /* dirty, finished_at is null ...: the reader's mark_column */
};

/* What the database holds. Borrowed. */
struct migrations_state {
	bool has_version_table;
	size_t version_tables; /* of that name in all schemas; more than one is not certain */
	size_t other_tables;   /* with no row: the user's own, without extensions' and tminus's */
	const struct migrations_row *rows;
	size_t row_count;
	bool locked; /* the tool's own lock row says that somebody is at work or died there (Knex)
		      */
};

struct migrations_reader;

/* A reading of the files; a reader that has one has its own beginning with this. */
struct migrations_project {
	const struct migrations_reader *reader;
};

struct migrations_reader {
	const char *tool;	    /* as in upgrade.tool: "alembic" */
	const char *directories[4]; /* where the files are when nothing says so; NULL-terminated */
	/* How the tool is called when it works on those folders and that table alone, the words
	 * joined by blanks; NULL-terminated. */
	const char *const *commands;
	const char *version_table;
	const char *version_column;
	const char *lock_table;	 /* NULL: the tool has none */
	const char *lock_column; /* truthy when locked */

	/* Reads the files and concludes. finding is a zeroed one, and the caller's to clear. */
	void (*inspect)(const struct migrations_files *files, const struct migrations_state *state,
		struct finding *finding);

	/* The same in pieces, for a reader that opens many files: begin gives a project, which end
	 * frees; advance reads a file, and is false when there is none left; conclude, once, reads
	 * what is left. NULL, all four, for a reader that has little to read. */
	struct migrations_project *(*begin)(const struct migrations_files *files);
	bool (*advance)(struct migrations_project *project);
	void (*conclude)(struct migrations_project *project, const struct migrations_state *state,
		struct finding *finding);
	void (*end)(struct migrations_project *project);
};

/* Is argv one of the reader's commands, perhaps behind a runner ("poetry run", "bundle exec",
 * "npx")? With an option or an argument more the tool may well look elsewhere. */
bool migrations_is_plain(const struct migrations_reader *reader, char *const *argv);

/* The reader of that name; NULL when there is none. */
const struct migrations_reader *migrations_reader_find(const char *tool);

#endif
