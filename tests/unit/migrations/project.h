/* A project in a folder of the test's own, and what a reader concludes about it. */
#ifndef TMINUS_TESTS_PROJECT_H
#define TMINUS_TESTS_PROJECT_H

#include <fcntl.h>

#include "../config/folder.h"
#include "base/memory.h"
#include "migrations/reader.h"

#define MOST_ROWS 8

/* A new folder, empty. */
static inline void project_begin(void **state)
{
	assert_int_equal(folder_leave(state), 0);
	assert_int_equal(folder_enter(state), 0);
}

/* Writes a file, with the folders that it needs. */
static inline void project_write(const char *path, const char *contents)
{
	char parent[256];
	for (const char *slash = path; (slash = strchr(slash, '/')) != NULL; slash++) {
		(void)snprintf(parent, sizeof parent, "%.*s", (int)(slash - path), path);
		(void)mkdir(parent, 0755);
	}
	folder_write_bytes(path, contents, strlen(contents));
}

/* What tool's reader concludes from files and the rows up to a NULL; the caller clears it. */
static inline struct finding project_inspect(
	const char *tool, struct migrations_files files, const char *const *versions)
{
	const struct migrations_reader *reader = migrations_reader_find(tool);
	struct migrations_row rows[MOST_ROWS] = {{NULL, false}};
	struct migrations_state state = {.has_version_table = true, .version_tables = 1};
	struct finding finding = {0};
	assert_non_null(reader);
	state.rows = rows;
	while (versions[state.row_count] != NULL) {
		rows[state.row_count].version = versions[state.row_count];
		state.row_count++;
	}
	if (files.directory == NULL)
		files.directory = reader->directories[0];
	reader->inspect(&files, &state, &finding);
	return finding;
}

/* The same, and only its kind and a part of its reason are looked at. */
static inline void project_check(const char *row, const char *tool, struct migrations_files files,
	const char *const *versions, enum finding_kind kind, const char *reason)
{
	struct finding finding = project_inspect(tool, files, versions);
	CHECK_TEXT(row, finding_name(finding.kind), finding_name(kind));
	CHECK_HOLDS(row, finding.reason != NULL ? finding.reason : "(none)", reason);
	finding_clear(&finding);
}

#endif
