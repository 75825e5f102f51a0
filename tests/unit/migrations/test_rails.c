/* The names that Rails takes and refuses, and its configuration. */
#include "project.h"

static const struct migrations_files by_default;
static const char *const one[] = {"1", NULL};

static void names_are_taken_passed_over_or_refused(void **state)
{
	static const struct {
		const char *name;
		enum finding_kind kind;
	} rows[] = {
		{"helper.rb", FINDING_AT_HEAD},
		{"2.rb", FINDING_AT_HEAD},
		{"2_b.RB", FINDING_AT_HEAD},
		{"2_b.rb.bak", FINDING_AT_HEAD},
		{".2_b.rb", FINDING_AT_HEAD},
		{".hidden/2_b.rb", FINDING_AT_HEAD},
		{"2_b.rb", FINDING_PENDING},
		{"2_.rb", FINDING_PENDING},
		{"002_b.rb", FINDING_PENDING},
		{"2_b.blog.rb", FINDING_PENDING},
		{"2_b..rb", FINDING_PENDING},
		{"2_b.rb.rb", FINDING_PENDING},
		{"d/e/2_b.rb", FINDING_PENDING},
		{"2_B.rb", FINDING_BROKEN},
		{"2-b_c.rb", FINDING_BROKEN},
		{"2_b.c.d.rb", FINDING_BROKEN},
		{"2b_c.rb", FINDING_BROKEN},
		{"2_b c.rb", FINDING_BROKEN},
		{"2_\xc3\xa4.rb", FINDING_BROKEN},
		{"01_b.rb", FINDING_BROKEN}, /* the same version */
		{"2_a.rb", FINDING_BROKEN},  /* the same class */
		{"2_a_.rb", FINDING_BROKEN},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		char path[64];
		(void)snprintf(path, sizeof path, "db/migrate/%s", rows[i].name);
		project_begin(state);
		project_write("db/migrate/1_a.rb", "");
		project_write(path, "");
		project_check(rows[i].name, "rails", by_default, one, rows[i].kind, "");
	}
}

static void links_are_not_followed_into_folders(void **state)
{
	project_begin(state);
	project_write("db/migrate/1_a.rb", "");
	project_write("other/2_b.rb", "");
	assert_int_equal(symlink("../../other", "db/migrate/other"), 0);
	assert_int_equal(symlink(".", "db/migrate/self"), 0);
	project_check("links", "rails", by_default, one, FINDING_AT_HEAD, "all 1");
}

static void versions_are_numbers(void **state)
{
	static const char *const rows[] = {"0000", "2", "010", "20200101000000", NULL};
	project_begin(state);
	project_write("db/migrate/000_z.rb", "");
	project_write("db/migrate/002_a.rb", "");
	project_write("db/migrate/10_b.rb", "");
	project_write("db/migrate/20200101000000_c.rb", "");
	struct finding finding = project_inspect("rails", by_default, rows);
	assert_int_equal(finding.kind, FINDING_AT_HEAD);
	assert_string_equal(finding.heads.items[0], "20200101000000");
	finding_clear(&finding);
}

static void configuration_that_may_move_them_is_unknown(void **state)
{
	static const struct {
		const char *path;
		const char *text;
		struct migrations_files files;
		enum finding_kind kind;
	} rows[] = {
		{"config/database.yml", "production:\n  url: x\n", {0}, FINDING_AT_HEAD},
		{"config/database.yml", "a: &b\n  c: d\np:\n  <<: *b\n  variables:\n    e: f\n",
			{0}, FINDING_AT_HEAD},
		{"config/database.yml",
			"d: &d\n  password:\n  pool: <%= x { 5 } %>\n\np:\n  <<: *d\n", {0},
			FINDING_AT_HEAD},
		{"config/database.yml", "p:\n<% if x %>\n  a: b\n    <% end %>\n", {0},
			FINDING_AT_HEAD},
		{"config/database.yml", "p:\n  variables:\n    a: b\n    c: d\n  x:\n    e: f\n",
			{0}, FINDING_UNKNOWN},
		{"config/database.yml", "p:\n  primary:\n    c: d\n", {0}, FINDING_UNKNOWN},
		{"config/database.yml", "p:\r\n  primary: \r\n    c: d\r\n", {0}, FINDING_UNKNOWN},
		{"config/database.yml", "p:\n  primary: # x\n    c: d\n", {0}, FINDING_UNKNOWN},
		{"config/database.yml", "p:\n  primary: &x\n    c: d\n", {0}, FINDING_UNKNOWN},
		{"config/database.yml", "p: {primary: {c: d}}\n", {0}, FINDING_UNKNOWN},
		{"config/database.yml", "p:\n  migrations_paths: x\n", {0}, FINDING_UNKNOWN},
		{"config/database.yml", "p:\n  migrations_paths: db/migrate\n",
			{.directory = "./db/migrate"}, FINDING_AT_HEAD},
		{"config/database.yml", "p:\n  schema_search_path: x\n", {0}, FINDING_UNKNOWN},
		{"config/database.yml", "p:\n  # schema_search_path: x\n", {0}, FINDING_AT_HEAD},
		{"config/database.yml", "p:\n  schema_search_path: x\n", {.schema_is_set = true},
			FINDING_AT_HEAD},
		{"config/application.rb", "config.paths['db/migrate'] << 'x'", {0},
			FINDING_UNKNOWN},
		{"config/application.rb", "config.x = 1", {0}, FINDING_AT_HEAD},
		{"config/environments/production.rb", "ActiveRecord::Base.table_name_prefix = 'x'",
			{0}, FINDING_UNKNOWN},
		{"config/initializers/a.rb", "Migrator.migrations_paths << 'x'", {0},
			FINDING_UNKNOWN},
		{"config/initializers/a.rb", "schema_migrations_table_name = 'x'",
			{.version_table_is_set = true}, FINDING_AT_HEAD},
		{"config/initializers/b/c/a.rb", "Migrator.migrations_paths << 'x'", {0},
			FINDING_UNKNOWN},
		{"config/application.rb", "config.paths['config/database'] = 'x'", {0},
			FINDING_UNKNOWN},
		{"engines/blog/db/migrate/2_b.rb", "", {0}, FINDING_UNKNOWN},
		{"packs/db/migrate/2_b.rb", "", {0}, FINDING_UNKNOWN},
		{"packs/db/migrate/2_b.rb", "", {.directory = "./db/migrate"}, FINDING_AT_HEAD},
		{"config/initializers/a.txt", "migrations_paths", {0}, FINDING_AT_HEAD},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		project_begin(state);
		project_write("db/migrate/1_a.rb", "");
		project_write(rows[i].path, rows[i].text);
		project_check(rows[i].text, "rails", rows[i].files, one, rows[i].kind, "");
	}
}

static void a_version_in_the_environment_makes_it_unknown(void **state)
{
	project_begin(state);
	project_write("db/migrate/1_a.rb", "");
	assert_int_equal(setenv("VERSION", "1.2", 1), 0);
	project_check("set", "rails", by_default, one, FINDING_UNKNOWN, "VERSION=1.2");
	assert_int_equal(setenv("VERSION", "", 1), 0);
	project_check("empty", "rails", by_default, one, FINDING_AT_HEAD, "all 1");
	assert_int_equal(unsetenv("VERSION"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_taken_passed_over_or_refused),
		cmocka_unit_test(links_are_not_followed_into_folders),
		cmocka_unit_test(versions_are_numbers),
		cmocka_unit_test(a_version_in_the_environment_makes_it_unknown),
		cmocka_unit_test(configuration_that_may_move_them_is_unknown),
	};
	return cmocka_run_group_tests(tests, folder_enter, folder_leave);
}
