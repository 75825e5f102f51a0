/*
 * A reader on the command line, for the oracle tests: reads cases from standard input, one line
 * each, and prints one line for each: the finding, the number pending, the reason.
 *
 *   inspect_files TOOL
 *   DIRECTORY <tab> TABLES <tab> table|locked|none [<tab> VERSION]...
 *
 * TABLES is the number of other tables; "locked" is a version table whose lock table has a lock.
 * A VERSION with a final "!" is unfinished.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "migrations/reader.h"

#define MOST_ROWS 2000

static void inspect(const struct migrations_reader *reader, char *line)
{
	struct migrations_row rows[MOST_ROWS];
	const struct migrations_files files = {.directory = strsep(&line, "\t")};
	struct migrations_state state = {.rows = rows};
	state.other_tables = strtoul(strsep(&line, "\t"), NULL, 10);
	const char *table = strsep(&line, "\t");
	state.locked = strcmp(table, "locked") == 0;
	state.has_version_table = strcmp(table, "none") != 0;
	state.version_tables = state.has_version_table;
	for (char *field = strsep(&line, "\t"); field != NULL; field = strsep(&line, "\t")) {
		size_t length = strlen(field);
		bool unfinished = length > 0 && field[length - 1] == '!';
		if (unfinished)
			field[length - 1] = '\0';
		rows[state.row_count++] =
			(struct migrations_row){.version = field, .unfinished = unfinished};
	}
	struct finding finding = {0};
	reader->inspect(&files, &state, &finding);
	printf("%s\t%zu\t%s\n", finding_name(finding.kind), finding.pending,
		finding.reason != NULL ? finding.reason : "");
	finding_clear(&finding);
}

int main(int argc, char **argv)
{
	const struct migrations_reader *reader = argc == 2 ? migrations_reader_find(argv[1]) : NULL;
	if (reader == NULL) {
		fprintf(stderr, "usage: inspect_files TOOL\n");
		return 64;
	}
	autofree char *line = NULL;
	size_t room = 0;
	for (ssize_t length; (length = getline(&line, &room, stdin)) > 0;) {
		line[strcspn(line, "\n")] = '\0';
		inspect(reader, line);
		fflush(stdout);
	}
	return 0;
}
