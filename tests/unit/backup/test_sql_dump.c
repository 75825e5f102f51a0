/* Dumps: what is passed on of one, and what is found in it. */
#include "../config/check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup/sql_dump.h"

static const char preamble[] = "-- MariaDB dump\n/*!40101 SET NAMES utf8mb4 */;\n";
static const char users[] =
	"-- Table structure for table `us``ers`\nCREATE TABLE `us``ers` (\n  `id` int\n);\n";
static const char users_rows[] =
	"-- Dumping data for table `us``ers`\nLOCK TABLES `us``ers` WRITE;\n";
static const char insert[] =
	"INSERT INTO `us``ers` VALUES\n(1,'-- Dumping data for table `log`\\n'),\n(2,'b');\n";
static const char unlock[] = "UNLOCK TABLES;\nCREATE TRIGGER `t`;\n";
static const char log_table[] =
	"-- Table structure for table `log`\nCREATE TABLE `log` (`x` text);\n";
static const char log_rows[] = "-- Dumping data for table `log`\nINSERT INTO `log` VALUES ('x');\n";
static const char ending[] =
	"-- Final view structure for view `v`\nCREATE VIEW `v`;\n-- Dump completed on 2026-11-21\n";

static int collect(void *context, const char *bytes, size_t length)
{
	text_add_bytes(context, bytes, length);
	return 0;
}

/* What of contents is passed on; the caller frees it. */
static char *pass(struct sql_dump *dump, const char *contents)
{
	char path[] = "/tmp/tminus-dump-XXXXXX";
	struct text passed = {0};
	struct error error = {0};
	int file = mkstemp(path);
	assert_true(file >= 0);
	assert_int_equal(write(file, contents, strlen(contents)), strlen(contents));
	(void)close(file);
	dump->path = path;
	dump->pass = collect;
	dump->context = &passed;
	assert_int_equal(sql_dump_read(dump, &error), 0);
	(void)unlink(path);
	return text_take(&passed);
}

static char *joined(const char *const *parts)
{
	struct text text = {0};
	for (; *parts != NULL; parts++)
		text_add(&text, *parts);
	return text_take(&text);
}

static char *whole(void)
{
	const char *const parts[] = {
		preamble, users, users_rows, insert, unlock, log_table, log_rows, ending, NULL};
	return joined(parts);
}

static void all_of_it_is_passed_on(void **state)
{
	(void)state;
	struct sql_dump dump = {0};
	char *contents = whole();
	char *passed = pass(&dump, contents);
	assert_string_equal(passed, contents);
	assert_int_equal(dump.tables.count, 2);
	assert_string_equal(dump.tables.items[0], "us`ers");
	assert_string_equal(dump.tables.items[1], "log");
	assert_true(dump.is_complete);
	assert_false(dump.has_routines);
	free(passed);
	free(contents);
	sql_dump_clear(&dump);
}

static void a_table_is_left_out_with_its_triggers(void **state)
{
	(void)state;
	struct list out = {0};
	const char *const parts[] = {preamble, log_table, log_rows, ending, NULL};
	list_append(&out, "us`ers");
	struct sql_dump dump = {.left_out = &out};
	char *contents = whole();
	char *wanted = joined(parts);
	char *passed = pass(&dump, contents);
	assert_string_equal(passed, wanted);
	free(passed);
	free(wanted);
	free(contents);
	sql_dump_clear(&dump);
	list_clear(&out);
}

static void rows_alone_are_statements_without_locks_and_triggers(void **state)
{
	(void)state;
	struct list of = {0};
	const char *const parts[] = {
		preamble, "-- Dumping data for table `us``ers`\n", insert, NULL};
	list_append(&of, "us`ers");
	struct sql_dump dump = {.rows_of = &of};
	char *contents = whole();
	char *wanted = joined(parts);
	char *passed = pass(&dump, contents);
	assert_string_equal(passed, wanted);
	free(passed);
	free(wanted);
	free(contents);
	sql_dump_clear(&dump);
	list_clear(&of);
}

/* Lines that end at, before and behind what is looked at, and behind what is read at once. */
static void long_lines_are_passed_on_whole(void **state)
{
	(void)state;
	static const size_t lengths[] = {SQL_LINE_BEGIN - 1, SQL_LINE_BEGIN, SQL_LINE_BEGIN + 1,
		65535, 65536, 65537, 200000};
	struct text text = {0};
	struct sql_dump dump = {0};
	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		for (size_t k = 1; k < lengths[i]; k++)
			text_add_byte(&text, (char)('a' + (int)(k % 26)));
		text_add_byte(&text, '\n');
	}
	text_add(&text, "-- Dump completed");
	char *passed = pass(&dump, text.bytes);
	assert_string_equal(passed, text.bytes);
	assert_true(dump.is_complete);
	free(passed);
	text_free(&text);
	sql_dump_clear(&dump);
}

static void the_database_is_not_changed(void **state)
{
	(void)state;
	struct sql_dump dump = {0};
	char *passed =
		pass(&dump, "CREATE DATABASE `a`;\nUSE `a`;\nSELECT 1;\nUSE `a`;\nUSE `b`;\n");
	assert_string_equal(passed, "SELECT 1;\n");
	assert_int_equal(dump.databases.count, 2);
	free(passed);
	sql_dump_clear(&dump);
}

static void names_are_quoted(void **state)
{
	(void)state;
	char *quoted = sql_dump_quoted("a`b");
	assert_string_equal(quoted, "`a``b`");
	free(quoted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_it_is_passed_on),
		cmocka_unit_test(a_table_is_left_out_with_its_triggers),
		cmocka_unit_test(rows_alone_are_statements_without_locks_and_triggers),
		cmocka_unit_test(long_lines_are_passed_on_whole),
		cmocka_unit_test(the_database_is_not_changed),
		cmocka_unit_test(names_are_quoted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
