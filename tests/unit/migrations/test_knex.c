/* Knex's files, its lock, and what is believed of a knexfile. */
#include "project.h"

static const struct migrations_files by_default;
static const char *const one[] = {"1_a.js", NULL};

static void extensions_decide_what_is_a_migration(void **state)
{
	static const char *const others[] = {
		"a.sql", "2_b.mjs", "2_b.JS", ".js", "2_b.js.map", "2_b", "d/2_b.js"};
	static const char *const migrations[] = {
		"2_b.js", "b.cjs", "2_b.d.ts", ".b.js", "b.coffee"};
	for (size_t i = 0; i < LENGTH(others) + LENGTH(migrations); i++) {
		bool other = i < LENGTH(others);
		const char *name = other ? others[i] : migrations[i - LENGTH(others)];
		char path[64];
		(void)snprintf(path, sizeof path, "migrations/%s", name);
		project_begin(state);
		project_write("knexfile.js", "");
		project_write("migrations/1_a.js", "");
		project_write(path, "");
		project_check(name, "knex", by_default, one,
			other ? FINDING_AT_HEAD : FINDING_PENDING, other ? "all 1" : name);
	}
}

static void a_row_without_a_file_is_foreign(void **state)
{
	static const char *const rows[] = {"2_b.js", "1_a.js", NULL};
	project_begin(state);
	project_write("knexfile.js", "");
	project_write("migrations/1_a.js", "");
	struct finding finding = project_inspect("knex", by_default, rows);
	assert_int_equal(finding.kind, FINDING_FOREIGN);
	assert_string_equal(finding.reason,
		"knex_migrations holds 1 that migrations does not have; the last is 2_b.js");
	assert_string_equal(finding.advice, "start an image that has 2_b.js; if it was removed for "
					    "good, delete its row from knex_migrations");
	finding_clear(&finding);
}

static void another_extension_is_pointed_out(void **state)
{
	static const char *const rows[] = {"1_a.ts", NULL};
	project_begin(state);
	project_write("knexfile.js", "");
	project_write("migrations/1_a.js", "");
	struct finding finding = project_inspect("knex", by_default, rows);
	assert_int_equal(finding.kind, FINDING_FOREIGN);
	assert_string_equal(finding.reason,
		"knex_migrations holds 1 that migrations does not have; "
		"the last is 1_a.ts, and there is 1_a.js");
	assert_string_equal(finding.advice, "the names count with their extension: ship 1_a.ts, or "
					    "rename the rows of knex_migrations");
	finding_clear(&finding);
}

static void a_lock_is_half_applied_even_at_head(void **state)
{
	const struct migrations_row row = {.version = "1_a.js"};
	const struct migrations_state locked = {.has_version_table = true,
		.version_tables = 1,
		.rows = &row,
		.row_count = 1,
		.locked = true};
	const struct migrations_files files = {.directory = "migrations"};
	struct finding finding = {0};
	project_begin(state);
	project_write("knexfile.js", "");
	project_write("migrations/1_a.js", "");
	migrations_reader_find("knex")->inspect(&files, &locked, &finding);
	assert_int_equal(finding.kind, FINDING_HALF_APPLIED);
	assert_string_equal(finding.advice, "when nobody is at work: knex migrate:unlock");
	finding_clear(&finding);
}

static void without_a_knexfile_the_folder_must_be_said(void **state)
{
	project_begin(state);
	project_write("migrations/1_a.js", "");
	project_check("not said", "knex", by_default, one, FINDING_UNKNOWN, "no knexfile");
	project_check("said", "knex", (struct migrations_files){.directory = "./migrations"}, one,
		FINDING_AT_HEAD, "all 1");
}

static void only_the_simplest_knexfile_is_believed(void **state)
{
	static const struct {
		const char *text;
		enum finding_kind kind;
	} rows[] = {
		{"module.exports = {}", FINDING_AT_HEAD},
		{"{ migrations: { directory: './migrations' } }", FINDING_AT_HEAD},
		{"{ migrations: { directory: \"migrations/\", } }", FINDING_AT_HEAD},
		{"{ migrations: { 'directory' : `${__dirname}/migrations` } }", FINDING_AT_HEAD},
		{"{ migrations: { directory: path.join(__dirname, './x', '../migrations') } }",
			FINDING_AT_HEAD},
		{"{ migrations: { directory: path.resolve(\n__dirname,\n'migrations'\n)\n} }",
			FINDING_AT_HEAD},
		{"{ migrations: { directory: path.join( __dirname , 'migrations' ) , a } }",
			FINDING_AT_HEAD},
		{"{ migrations: { directory: __dirname + '/migrations' } }", FINDING_AT_HEAD},
		{"{ seeds: { directory: x }, migrations: {} }", FINDING_AT_HEAD},
		{"{ migrations: {}, seeds: { directory: x } }", FINDING_AT_HEAD},
		{"{ migrations: { tableName: 'knex_migrations' } }", FINDING_AT_HEAD},
		{"require('path'); import 'dotenv/config'; import type { K } from 'knex';",
			FINDING_AT_HEAD},
		{"// tableName: 'x'\n/* tableName: 'x' */\n * schemaName\n", FINDING_AT_HEAD},
		{"{ migrations: { directory: './x' } }", FINDING_UNKNOWN},
		{"{ migrations: { directory: ['./migrations', './x'] } }", FINDING_UNKNOWN},
		{"{ migrations: { directory: ['./migrations'] } }", FINDING_UNKNOWN},
		{"{ migrations: { directory: './migrations' + x } }", FINDING_UNKNOWN},
		{"{ migrations: { directory: a ? './migrations' : './x' } }", FINDING_UNKNOWN},
		{"{ migrations: { directory: './migrations' || a } }", FINDING_UNKNOWN},
		{"{ migrations: { directory: process.env.X || './migrations' } }", FINDING_UNKNOWN},
		{"{ migrations: { directory: path.join('migrations').x } }", FINDING_UNKNOWN},
		{"{ migrations: { directory: path.join('migrations', __dirname) } }",
			FINDING_UNKNOWN},
		{"{ migrations: { directory: f('./migrations') } }", FINDING_UNKNOWN},
		{"{ migrations: { directory: './migrations'.replace('m', 'x') } }",
			FINDING_UNKNOWN},
		{"{ migrations: { directory: path.join('./migrations', x) } }", FINDING_UNKNOWN},
		{"{ migrations: { directory: './mi\\x67rations' } }", FINDING_UNKNOWN},
		{"{ migrations: { directory } }", FINDING_UNKNOWN},
		{"{ migrations: { directory: ", FINDING_UNKNOWN},
		{"{ migrations: { directory: path.join(", FINDING_UNKNOWN},
		{"{ migrations: { directory: './migrations", FINDING_UNKNOWN},
		{"config.migrations.directory = 'x'", FINDING_UNKNOWN},
		{"{ seeds: {} }; assign(config.migrations, { directory: 'x' })", FINDING_UNKNOWN},
		{"{ seeds: x, directory: 'x' }", FINDING_UNKNOWN},
		{"module.exports = JSON.parse(x)", FINDING_UNKNOWN},
		{"{ seeds: {}, migrations: { directory: 'x' } }", FINDING_UNKNOWN},
		{"{ migrations: { tableName: 'x' } }", FINDING_UNKNOWN},
		{"{ migrations: { tableName: 'knex_migrations' + x } }", FINDING_UNKNOWN},
		{"{ migrations: { tableName } }", FINDING_UNKNOWN},
		{"/* x */ { migrations: { tableName: 'x' } }", FINDING_UNKNOWN},
		{"*/ { migrations: { tableName: 'x' } }", FINDING_UNKNOWN},
		{"{ migrations: common }", FINDING_UNKNOWN},
		{"{ migrations: { schemaName: 'x' } }", FINDING_UNKNOWN},
		{"{ searchPath: ['x'] }", FINDING_UNKNOWN},
		{"{ migrations: { migrationSource: x } }", FINDING_UNKNOWN},
		{"{ migrations: { loadExtensions: x } }", FINDING_UNKNOWN},
		{"module.exports = require('./x')", FINDING_UNKNOWN},
		{"module.exports = require(x)", FINDING_UNKNOWN},
		{"import x from '@a/b'", FINDING_UNKNOWN},
		{"import './x'", FINDING_UNKNOWN},
		{"await import ( './x' )", FINDING_UNKNOWN},
		{"export * from './x'", FINDING_UNKNOWN},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		project_begin(state);
		project_write("migrations/1_a.js", "");
		project_write("x/1_a.js", "");
		project_write("knexfile.ts", rows[i].text);
		project_check(rows[i].text, "knex", by_default, one, rows[i].kind, "");
	}
}

static void a_knexfile_that_is_a_bundle_is_not_searched(void **state)
{
	project_begin(state);
	project_write("migrations/1_a.js", "");
	struct text code = {0};
	text_add(&code, "{ seeds: {");
	while (code.length <= (size_t)64 << 10)
		text_add(&code, " directory");
	project_write("knexfile.js", code.bytes);
	text_free(&code);
	project_check("long", "knex", by_default, one, FINDING_UNKNOWN, "more than 64 KiB");
}

static void the_settings_vouch_for_what_a_knexfile_moves(void **state)
{
	static const struct {
		const char *text;
		struct migrations_files files;
		enum finding_kind kind;
	} rows[] = {
		{"{ migrations: { directory: x } }", {.directory = "./migrations"},
			FINDING_AT_HEAD},
		{"{ migrations: { tableName: x } }", {.directory = "./migrations"},
			FINDING_UNKNOWN},
		{"{ migrations: { tableName: x } }", {.version_table_is_set = true},
			FINDING_AT_HEAD},
		{"require('./x')", {.directory = "./migrations"}, FINDING_UNKNOWN},
		{"require('./x')", {.directory = "./migrations", .version_table_is_set = true},
			FINDING_AT_HEAD},
		{"{ searchPath: x }", {.schema_is_set = true}, FINDING_AT_HEAD},
		{"{ migrationSource }",
			{.directory = "./migrations",
				.version_table_is_set = true,
				.schema_is_set = true},
			FINDING_UNKNOWN},
	};
	project_begin(state);
	project_write("migrations/1_a.js", "");
	for (size_t i = 0; i < LENGTH(rows); i++) {
		project_write("knexfile.js", rows[i].text);
		project_check(rows[i].text, "knex", rows[i].files, one, rows[i].kind, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(extensions_decide_what_is_a_migration),
		cmocka_unit_test(a_row_without_a_file_is_foreign),
		cmocka_unit_test(another_extension_is_pointed_out),
		cmocka_unit_test(a_lock_is_half_applied_even_at_head),
		cmocka_unit_test(without_a_knexfile_the_folder_must_be_said),
		cmocka_unit_test(only_the_simplest_knexfile_is_believed),
		cmocka_unit_test(a_knexfile_that_is_a_bundle_is_not_searched),
		cmocka_unit_test(the_settings_vouch_for_what_a_knexfile_moves),
	};
	return cmocka_run_group_tests(tests, folder_enter, folder_leave);
}
