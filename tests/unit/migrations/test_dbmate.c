/* dbmate's names, variables and .env. */
#include "project.h"

static const struct migrations_files by_default;
static const char *const one[] = {"1", NULL};

static void only_digits_in_front_and_sql_behind_make_a_migration(void **state)
{
	static const char *const others[] = {"a.sql", "_2.sql", "2", "2_b.SQL", "2_b.sql.bak",
		"2sql", "2_b\nc.sql", ".2_b.sql", "d/2_b.sql"};
	static const char *const migrations[] = {
		"2.sql", "2_b.sql", "2b.sql", "2.up.sql", "2 b.sql"};
	for (size_t i = 0; i < LENGTH(others) + LENGTH(migrations); i++) {
		bool other = i < LENGTH(others);
		const char *name = other ? others[i] : migrations[i - LENGTH(others)];
		char path[64];
		(void)snprintf(path, sizeof path, "db/migrations/%s", name);
		project_begin(state);
		project_write("db/migrations/1_a.sql", "");
		project_write(path, "");
		project_check(name, "dbmate", by_default, one,
			other ? FINDING_AT_HEAD : FINDING_PENDING, other ? "all 1" : name);
	}
}

static void a_folder_with_the_name_of_a_migration_is_none(void **state)
{
	project_begin(state);
	project_write("db/migrations/1_a.sql", "");
	assert_int_equal(mkdir("db/migrations/2_b.sql", 0755), 0);
	project_check("folder", "dbmate", by_default, one, FINDING_AT_HEAD, "all 1");
}

static void two_pending_files_of_one_version_are_broken(void **state)
{
	static const char *const two[] = {"1", "2", NULL};
	project_begin(state);
	project_write("db/migrations/1_a.sql", "");
	project_write("db/migrations/2_b.sql", "");
	project_write("db/migrations/20_c.sql", "");
	project_write("db/migrations/2.sql", "");
	project_check("pending", "dbmate", by_default, one, FINDING_BROKEN,
		"2.sql and 2_b.sql both have the version 2");
	assert_int_equal(unlink("db/migrations/20_c.sql"), 0);
	project_check("applied", "dbmate", by_default, two, FINDING_AT_HEAD, "all 3");
}

static void strict_mode_refuses_what_lies_behind(void **state)
{
	static const char *const two[] = {"2", NULL};
	project_begin(state);
	project_write("db/migrations/1_a.sql", "");
	project_write("db/migrations/2_b.sql", "");
	project_check("not strict", "dbmate", by_default, two, FINDING_PENDING, "1_a.sql");
	assert_int_equal(setenv("DBMATE_STRICT", "false", 1), 0);
	project_check("false", "dbmate", by_default, two, FINDING_PENDING, "1_a.sql");
	assert_int_equal(setenv("DBMATE_STRICT", "true", 1), 0);
	project_check(
		"strict", "dbmate", by_default, two, FINDING_BROKEN, "1_a.sql is not applied");
	project_check("in order", "dbmate", by_default, one, FINDING_PENDING, "2_b.sql");
	assert_int_equal(unsetenv("DBMATE_STRICT"), 0);
}

static void variables_that_move_the_migrations_make_it_unknown(void **state)
{
	static const struct {
		const char *name;
		const char *value;
		struct migrations_files files;
		enum finding_kind kind;
	} rows[] = {
		{"DBMATE_MIGRATIONS_DIR", "./db/migrations", {0}, FINDING_AT_HEAD},
		{"DBMATE_MIGRATIONS_DIR", "./other", {0}, FINDING_UNKNOWN},
		{"DBMATE_MIGRATIONS_DIR", "db/migrations,other", {0}, FINDING_UNKNOWN},
		{"DBMATE_MIGRATIONS_DIR", "other", {.directory = "other"}, FINDING_AT_HEAD},
		{"DBMATE_MIGRATIONS_TABLE", "schema_migrations", {0}, FINDING_AT_HEAD},
		{"DBMATE_MIGRATIONS_TABLE", "versions", {0}, FINDING_UNKNOWN},
		{"DBMATE_MIGRATIONS_TABLE", "versions", {.version_table_is_set = true},
			FINDING_AT_HEAD},
	};
	project_begin(state);
	project_write("db/migrations/1_a.sql", "");
	project_write("other/1_a.sql", "");
	for (size_t i = 0; i < LENGTH(rows); i++) {
		assert_int_equal(setenv(rows[i].name, rows[i].value, 1), 0);
		project_check(rows[i].value, "dbmate", rows[i].files, one, rows[i].kind, "");
		assert_int_equal(unsetenv(rows[i].name), 0);
	}
}

static void so_does_an_env_file(void **state)
{
	static const struct {
		const char *text;
		struct migrations_files files;
		enum finding_kind kind;
	} rows[] = {
		{"DATABASE_URL=x\n", {0}, FINDING_AT_HEAD},
		{" # DBMATE_MIGRATIONS_DIR=x\nA=1", {0}, FINDING_AT_HEAD},
		{"A=1\nexport DBMATE_MIGRATIONS_DIR=x", {0}, FINDING_UNKNOWN},
		{"DBMATE_MIGRATIONS_DIR=x", {.directory = "./db/migrations"}, FINDING_AT_HEAD},
		{"DBMATE_MIGRATIONS_TABLE=x", {0}, FINDING_UNKNOWN},
		{"DBMATE_MIGRATIONS_TABLE=x", {.version_table_is_set = true}, FINDING_AT_HEAD},
		{"DBMATE_STRICT=1", {.version_table_is_set = true}, FINDING_UNKNOWN},
	};
	project_begin(state);
	project_write("db/migrations/1_a.sql", "");
	for (size_t i = 0; i < LENGTH(rows); i++) {
		project_write(".env", rows[i].text);
		project_check(rows[i].text, "dbmate", rows[i].files, one, rows[i].kind, "");
	}
	folder_write_bytes(".env", "A\0B", 3);
	project_check("NUL", "dbmate", by_default, one, FINDING_UNKNOWN, "NUL");
	assert_int_equal(unlink(".env"), 0);
	assert_int_equal(mkfifo(".env", 0644), 0);
	project_check("FIFO", "dbmate", by_default, one, FINDING_UNKNOWN, "FIFO");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_digits_in_front_and_sql_behind_make_a_migration),
		cmocka_unit_test(a_folder_with_the_name_of_a_migration_is_none),
		cmocka_unit_test(two_pending_files_of_one_version_are_broken),
		cmocka_unit_test(strict_mode_refuses_what_lies_behind),
		cmocka_unit_test(variables_that_move_the_migrations_make_it_unknown),
		cmocka_unit_test(so_does_an_env_file),
	};
	return cmocka_run_group_tests(tests, folder_enter, folder_leave);
}
