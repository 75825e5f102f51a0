/* What the readers of dbmate, Rails and Knex have in common, shown by dbmate's and Rails's. */
#include "project.h"

#include <errno.h>

static const struct migrations_files by_default;

#define ROWS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NO_ROWS ((const char *const[]){NULL})

static void write_three(void)
{
	project_write("db/migrations/1_a.sql", "");
	project_write("db/migrations/2_b.sql", "");
	project_write("db/migrations/3_c.sql", "");
}

static struct finding inspect_state(const struct migrations_state *state)
{
	const struct migrations_reader *reader = migrations_reader_find("dbmate");
	const struct migrations_files files = {.directory = "db/migrations"};
	struct finding finding = {0};
	reader->inspect(&files, state, &finding);
	return finding;
}

static void a_finding_says_what_is_pending_and_the_way_out(void **state)
{
	project_begin(state);
	write_three();
	struct finding finding = project_inspect("dbmate", by_default, ROWS("1"));
	assert_int_equal(finding.kind, FINDING_PENDING);
	assert_int_equal(finding.pending, 2);
	assert_string_equal(finding.reason,
		"2 of the 3 in db/migrations are not applied; the first is 2_b.sql");
	assert_string_equal(finding.advice, "dbmate up");
	assert_int_equal(finding.heads.count, 1);
	assert_string_equal(finding.heads.items[0], "3");
	assert_int_equal(finding.current.count, 1);
	assert_string_equal(finding.current.items[0], "1");
	finding_clear(&finding);
}

static void at_head_is_every_file_applied_in_any_order(void **state)
{
	project_begin(state);
	write_three();
	project_check("all", "dbmate", by_default, ROWS("3", "1", "2"), FINDING_AT_HEAD,
		"all 3 in db/migrations are applied");
	project_check("one more", "dbmate", by_default, ROWS("3", "1", "2", "9"), FINDING_AT_HEAD,
		"also holds 1 that it does not have, the last is 9");
	project_check(
		"a gap", "dbmate", by_default, ROWS("3", "1", "9"), FINDING_PENDING, "2_b.sql");
	project_check(
		"not 1", "dbmate", by_default, ROWS("3", "01", "2"), FINDING_PENDING, "1_a.sql");
}

static void a_database_without_rows_is_empty_or_unversioned(void **state)
{
	static const struct {
		struct migrations_state state;
		enum finding_kind kind;
		const char *reason;
	} rows[] = {
		{{.has_version_table = false}, FINDING_EMPTY, "3 of the 3"},
		{{.has_version_table = true, .version_tables = 1}, FINDING_EMPTY, "3 of the 3"},
		{{.other_tables = 4}, FINDING_UNVERSIONED, "4 tables, but nothing"},
		{{.has_version_table = true, .version_tables = 1, .other_tables = 4},
			FINDING_UNVERSIONED, "4 tables, but no row"},
		{{.has_version_table = true, .version_tables = 2}, FINDING_UNKNOWN,
			"2 tables are called schema_migrations"},
	};
	project_begin(state);
	write_three();
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct finding finding = inspect_state(&rows[i].state);
		CHECK_TEXT(rows[i].reason, finding_name(finding.kind), finding_name(rows[i].kind));
		CHECK_HOLDS(rows[i].reason, finding.reason, rows[i].reason);
		assert_non_null(finding.advice);
		finding_clear(&finding);
	}
}

static void the_schema_of_the_settings_makes_one_of_two_tables_certain(void **state)
{
	project_begin(state);
	project_write("db/migrations/1_a.sql", "");
	const struct migrations_files files = {.directory = "db/migrations", .schema_is_set = true};
	const struct migrations_row row = {.version = "1"};
	const struct migrations_state tables = {
		.has_version_table = true, .version_tables = 2, .rows = &row, .row_count = 1};
	struct finding finding = {0};
	migrations_reader_find("dbmate")->inspect(&files, &tables, &finding);
	assert_int_equal(finding.kind, FINDING_AT_HEAD);
	finding_clear(&finding);
}

static void rows_that_are_no_versions_are_not_guessed_at(void **state)
{
	project_begin(state);
	project_write("db/migrate/1_a.rb", "");
	project_check("text", "rails", by_default, ROWS("1", "x"), FINDING_UNKNOWN, "\"x\"");
	project_check("empty", "rails", by_default, ROWS("1", ""), FINDING_UNKNOWN, "\"\"");
	const struct migrations_row row = {.version = NULL};
	const struct migrations_state null = {
		.has_version_table = true, .rows = &row, .row_count = 1};
	project_write("db/migrations/1_a.sql", "");
	struct finding finding = inspect_state(&null);
	assert_int_equal(finding.kind, FINDING_UNKNOWN);
	finding_clear(&finding);
}

static void a_folder_that_cannot_be_read_is_unknown(void **state)
{
	project_begin(state);
	project_check("none", "dbmate", by_default, NO_ROWS, FINDING_UNKNOWN, strerror(ENOENT));
	project_write("db/migrations/README", "");
	project_check(
		"empty", "dbmate", by_default, ROWS("1"), FINDING_UNKNOWN, "no migrations are");
	project_check("a file", "dbmate",
		(struct migrations_files){.directory = "db/migrations/README"}, NO_ROWS,
		FINDING_UNKNOWN, strerror(ENOTDIR));
	assert_int_equal(symlink("loop", "loop"), 0);
	project_check("a loop", "dbmate", (struct migrations_files){.directory = "loop"}, NO_ROWS,
		FINDING_UNKNOWN, strerror(ELOOP));
}

static void a_folder_without_permission_is_unknown(void **state)
{
	project_begin(state);
	project_write("db/migrate/1_a.rb", "");
	assert_int_equal(mkdir("db/migrate/closed", 0), 0);
	assert_int_equal(chmod(".", 0755), 0);
	if (geteuid() == 0)
		assert_int_equal(seteuid(65534), 0);
	project_check(
		"closed", "rails", by_default, ROWS("1"), FINDING_UNKNOWN, "closed/ cannot be");
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
}

static void what_is_no_file_is_never_opened(void **state)
{
	project_begin(state);
	write_three();
	assert_int_equal(mkfifo("db/migrations/4_x.sql", 0644), 0);
	project_check(
		"FIFO", "dbmate", by_default, ROWS("1", "2", "3", "4"), FINDING_BROKEN, "4_x.sql");
	assert_int_equal(unlink("db/migrations/4_x.sql"), 0);
	assert_int_equal(symlink("/dev/zero", "db/migrations/4_x.sql"), 0);
	project_check(
		"device", "dbmate", by_default, ROWS("1", "2", "3"), FINDING_BROKEN, "4_x.sql");
	assert_int_equal(unlink("db/migrations/4_x.sql"), 0);
	assert_int_equal(symlink("4_x.sql", "db/migrations/4_x.sql"), 0);
	project_check(
		"loop", "dbmate", by_default, ROWS("1", "2", "3"), FINDING_UNKNOWN, "4_x.sql");
	assert_int_equal(unlink("db/migrations/4_x.sql"), 0);
	assert_int_equal(symlink("1_a.sql", "db/migrations/4_x.sql"), 0);
	project_check(
		"link", "dbmate", by_default, ROWS("1", "2", "3"), FINDING_PENDING, "4_x.sql");
}

static void a_name_with_a_newline_does_not_break_the_line(void **state)
{
	project_begin(state);
	project_write("db/migrate/1_a\nb\033.rb", "");
	project_check("newline", "rails", by_default, NO_ROWS, FINDING_BROKEN, "1_a?b?.rb");
}

static void ten_thousand_files_are_read(void **state)
{
	project_begin(state);
	for (int i = 0; i < 10000; i++) {
		char path[64];
		(void)snprintf(path, sizeof path, "db/migrate/%d_a%d.rb", 10000 + i, i);
		if (i == 0)
			project_write(path, "");
		int descriptor = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
		assert_true(descriptor >= 0);
		assert_int_equal(close(descriptor), 0);
	}
	struct finding finding = project_inspect("rails", by_default, ROWS("10000"));
	assert_int_equal(finding.kind, FINDING_PENDING);
	assert_int_equal(finding.pending, 9999);
	finding_clear(&finding);
}

static void folders_are_read_however_deep(void **state)
{
	project_begin(state);
	project_write("db/migrate/1_a.rb", "");
	assert_int_equal(chdir("db/migrate"), 0);
	for (int i = 0; i < 400; i++)
		assert_true(mkdir("d", 0755) == 0 && chdir("d") == 0);
	project_write("2_b.rb", "");
	assert_int_equal(chdir(folder_path), 0);
	project_check("deep", "rails", by_default, ROWS("1"), FINDING_PENDING, "d/2_b.rb");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_finding_says_what_is_pending_and_the_way_out),
		cmocka_unit_test(at_head_is_every_file_applied_in_any_order),
		cmocka_unit_test(a_database_without_rows_is_empty_or_unversioned),
		cmocka_unit_test(the_schema_of_the_settings_makes_one_of_two_tables_certain),
		cmocka_unit_test(rows_that_are_no_versions_are_not_guessed_at),
		cmocka_unit_test(a_folder_that_cannot_be_read_is_unknown),
		cmocka_unit_test(a_folder_without_permission_is_unknown),
		cmocka_unit_test(what_is_no_file_is_never_opened),
		cmocka_unit_test(a_name_with_a_newline_does_not_break_the_line),
		cmocka_unit_test(ten_thousand_files_are_read),
		cmocka_unit_test(folders_are_read_however_deep),
	};
	return cmocka_run_group_tests(tests, folder_enter, folder_leave);
}
