#include "backup/sql_dump.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "backup/tool.h"
#include "base/memory.h"

#define BLOCK 65536

static const char data_of[] = "-- Dumping data for table ";
static const char table_of[] = "-- Table structure for table ";

/* What begins a section that is none of a table's. */
static const char *const others[] = {"-- Temporary table structure for view ",
	"-- Temporary view structure for view ", "-- Final view structure for view ",
	"-- Dumping routines for database ", "-- Dumping events for database ",
	"-- Sequence structure for ", NULL};

void sql_dump_clear(struct sql_dump *dump)
{
	list_clear(&dump->tables);
	list_clear(&dump->databases);
}

char *sql_dump_quoted(const char *name)
{
	struct text text = {0};
	text_add_byte(&text, '`');
	for (; *name != '\0'; name++) {
		if (*name == '`')
			text_add_byte(&text, '`');
		text_add_byte(&text, *name);
	}
	text_add_byte(&text, '`');
	return text_take(&text);
}

static char *unquoted(const char *quoted)
{
	struct text text = {0};
	for (const char *at = quoted + 1; *at != '\0' && at[1] != '\0'; at++) {
		text_add_byte(&text, *at);
		if (*at == '`' && at[1] == '`' && at[2] != '\0')
			at++;
	}
	return text_take(&text);
}

static bool skips_table(const struct sql_dump *dump, const char *table, bool is_data)
{
	if (dump->left_out != NULL && list_has(dump->left_out, table))
		return true;
	return dump->rows_of != NULL && (!is_data || !list_has(dump->rows_of, table));
}

/* Does the line begin a section? */
static bool begin_section(struct sql_dump *dump)
{
	bool is_data = text_starts_with(dump->line, data_of);
	if (is_data || text_starts_with(dump->line, table_of)) {
		size_t behind = is_data ? sizeof data_of - 1 : sizeof table_of - 1;
		autofree char *table = unquoted(dump->line + behind);
		dump->section = is_data ? SQL_DATA : SQL_STRUCTURE;
		dump->skips = skips_table(dump, table, is_data);
		if (!list_has(&dump->tables, table))
			list_append(&dump->tables, table);
		return true;
	}
	for (size_t i = 0; others[i] != NULL; i++)
		if (text_starts_with(dump->line, others[i])) {
			dump->section = SQL_OTHER;
			dump->skips = dump->rows_of != NULL;
			dump->has_routines = dump->has_routines || strstr(others[i], "routines");
			return true;
		}
	return false;
}

/* Of a dump of rows alone: the statements, whose rows may have lines of their own. What locks a
 * table or switches its keys off would end the transaction. */
static bool is_row(const char *line)
{
	return text_starts_with(line, "INSERT ") || text_starts_with(line, "REPLACE ") ||
	       line[0] == '(';
}

/* The database is the one that we are in, whatever the dump's was. */
static bool changes_database(struct sql_dump *dump)
{
	const char *name = dump->line + sizeof "USE " - 1;
	if (text_starts_with(dump->line, "USE `")) {
		if (!list_has(&dump->databases, name))
			list_append(&dump->databases, name);
	} else if (!text_starts_with(dump->line, "CREATE DATABASE ")) {
		return false;
	}
	return true;
}

static bool decide(struct sql_dump *dump)
{
	dump->line[dump->length] = '\0';
	dump->line[strcspn(dump->line, "\r\n")] = '\0';
	if (text_starts_with(dump->line, "-- Dump completed"))
		dump->is_complete = true;
	if (text_starts_with(dump->line, "-- ") && begin_section(dump))
		return !dump->skips;
	if (changes_database(dump) || dump->skips)
		return false;
	return dump->rows_of == NULL || dump->section != SQL_DATA || is_row(dump->line);
}

static void pass(struct sql_dump *dump, const char *bytes, size_t length)
{
	if (dump->passes && !dump->stopped && dump->pass != NULL && length > 0)
		dump->stopped = dump->pass(dump->context, bytes, length) < 0;
}

/* Decides about a line once it is known, or so much of it. The line's beginning is kept as it is.
 */
static void decide_and_pass(struct sql_dump *dump)
{
	char kept[SQL_LINE_BEGIN];
	size_t length = dump->length;
	memcpy(kept, dump->line, length);
	dump->passes = decide(dump);
	dump->decided = true;
	pass(dump, kept, length);
}

/* Up to the end of the line, or of bytes; how many were taken. */
static size_t take_line(struct sql_dump *dump, const char *bytes, size_t length)
{
	const char *newline = memchr(bytes, '\n', length);
	size_t count = newline != NULL ? (size_t)(newline - bytes) + 1 : length;
	if (dump->decided) {
		pass(dump, bytes, count);
	} else {
		if (count > SQL_LINE_BEGIN - dump->length) {
			count = SQL_LINE_BEGIN - dump->length;
			newline = NULL;
		}
		memcpy(dump->line + dump->length, bytes, count);
		dump->length += count;
		if (newline != NULL || dump->length == SQL_LINE_BEGIN)
			decide_and_pass(dump);
	}
	if (newline != NULL) {
		dump->length = 0;
		dump->decided = false;
	}
	return count;
}

static void take(void *context, const char *bytes, size_t length)
{
	struct sql_dump *dump = context;
	while (length > 0) {
		size_t taken = take_line(dump, bytes, length);
		bytes += taken;
		length -= taken;
	}
}

static int read_plain(struct sql_dump *dump, int file, struct error *error)
{
	autofree char *block = memory_zeroed(1, BLOCK);
	ssize_t count = 0;
	while (!dump->stopped && (count = read(file, block, BLOCK)) > 0)
		take(dump, block, (size_t)count);
	if (dump->stopped || count == 0)
		return 0;
	return error_set_errno(error, STATUS_RESTORE, errno, "%s", dump->path);
}

static int read_zipped(struct sql_dump *dump, int file, struct error *error)
{
	char gzip[] = "gzip";
	char option[] = "-dc";
	char *const argv[] = {gzip, option, NULL};
	const struct tool_run run = {.tools = {argv},
		.environment = dump->environment,
		.input = file,
		.output = -1,
		.secret = -1,
		.take = take,
		.context = dump};
	return tool_run(&run, STATUS_RESTORE, error);
}

int sql_dump_read(struct sql_dump *dump, struct error *error)
{
	autoclose int file = open(dump->path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return error_set_errno(error, STATUS_RESTORE, errno, "%s", dump->path);
	int result = dump->zipped ? read_zipped(dump, file, error) : read_plain(dump, file, error);
	if (dump->length > 0 && !dump->decided)
		decide_and_pass(dump);
	return result;
}
