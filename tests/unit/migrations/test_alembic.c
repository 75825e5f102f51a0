/* Alembic's projects: env.py, alembic.ini, the folder of revisions, rows, and the ways out. */
#include "project.h"

static const struct migrations_files by_default;
static const char *const none[] = {NULL};
static const char *const a[] = {"a", NULL};
static const char *const b[] = {"b", NULL};

#define FLASK_ENV "from flask import current_app\n"
#define FIRST "revision = 'a'\ndown_revision = None\n"
#define SECOND "revision = 'b'\ndown_revision = 'a'\n"

/* A Flask-Migrate project of one revision. */
static void begin(void **state)
{
	project_begin(state);
	project_write("migrations/env.py", FLASK_ENV);
	project_write("migrations/alembic.ini", "[alembic]\n");
	project_write("migrations/versions/a.py", FIRST);
}

/* The same of plain Alembic. */
static void begin_plain(void **state, const char *ini)
{
	begin(state);
	project_write("migrations/env.py", "from alembic import context\n");
	assert_int_equal(unlink("migrations/alembic.ini"), 0);
	if (ini != NULL)
		project_write("alembic.ini", ini);
}

static void check(const char *row, enum finding_kind kind, const char *reason)
{
	project_check(row, "alembic", by_default, a, kind, reason);
}

static void env_py_decides_whether_the_version_table_is_known(void **state)
{
	static const struct {
		const char *env;
		struct migrations_files files;
		enum finding_kind kind;
	} rows[] = {
		{"context.configure(connection=c)\n", {0}, FINDING_AT_HEAD},
		{"# version_table='x'\n", {0}, FINDING_AT_HEAD},
		{"context.configure(version_table='x')\n", {0}, FINDING_UNKNOWN},
		{"context.configure(version_table='x')\n", {.version_table_is_set = true},
			FINDING_AT_HEAD},
		{"context.configure(version_table='x')\n", {.schema_is_set = true},
			FINDING_UNKNOWN},
		{"kw = {'version_table_schema': 'x'}\n", {.version_table_is_set = true},
			FINDING_UNKNOWN},
		{"kw = {'version_table_schema': 'x'}\n", {.schema_is_set = true}, FINDING_AT_HEAD},
		{"c.execute(f'SET Search_Path TO {x}')\n", {0}, FINDING_UNKNOWN},
		{"c.execute(f'SET search_path TO {x}')\n", {.schema_is_set = true},
			FINDING_AT_HEAD},
		{"def get_engine(bind_key=None):\n  pass\n", {.schema_is_set = true},
			FINDING_UNKNOWN},
		{"USE_TWOPHASE = False\n", {0}, FINDING_UNKNOWN},
		{"for s in all:\n  if s:\n    context.run_migrations()\n", {0}, FINDING_UNKNOWN},
		{"async for s in all: do_upgrade(s)\n", {0}, FINDING_UNKNOWN},
		{"async def run():\n  context.run_migrations()\n", {0}, FINDING_AT_HEAD},
		{"for s in all:\n  load(s)\ncontext.run_migrations()\n", {0}, FINDING_AT_HEAD},
		{"x = [s for s in run_migrations]\n", {0}, FINDING_AT_HEAD},
		{"x = '''\n", {0}, FINDING_UNKNOWN},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		char env[256];
		(void)snprintf(env, sizeof env, "%s%s", FLASK_ENV, rows[i].env);
		begin(state);
		project_write("migrations/env.py", env);
		project_check(rows[i].env, "alembic", rows[i].files, a, rows[i].kind,
			rows[i].kind == FINDING_UNKNOWN ? "migrations/env.py" : "all 1");
	}
}

static void a_configuration_that_is_not_certain_is_unknown(void **state)
{
	static const struct {
		const char *ini;
		enum finding_kind kind;
		const char *reason;
	} rows[] = {
		{"[alembic]\nscript_location = migrations\n", FINDING_AT_HEAD, ""},
		{"[alembic]\nscript_location = %(here)s/migrations\n", FINDING_AT_HEAD, ""},
		{"[DEFAULT]\nSCRIPT_LOCATION : ./migrations/\n", FINDING_AT_HEAD, ""},
		{"[alembic]\n", FINDING_UNKNOWN, "no script_location"},
		{"[other]\nscript_location = migrations\n", FINDING_UNKNOWN, "no script_location"},
		{"[alembic]\nscript_location = shop:migrations\n", FINDING_UNKNOWN,
			"shop:migrations"},
		{"[alembic]\nscript_location = %(there)s/x\n", FINDING_UNKNOWN, "%(there)s/x"},
		{"[alembic]\nscript_location = db\n", FINDING_UNKNOWN, "looked for in migrations"},
		{"[alembic]\nscript_location = migrations\nsourceless = true\n", FINDING_UNKNOWN,
			"sourceless = true"},
		{"[alembic]\nscript_location = migrations\nsourceless = false\n", FINDING_AT_HEAD,
			""},
		{"[alembic]\nscript_location = migrations\nrecursive_version_locations = true\n",
			FINDING_UNKNOWN, "recursive_version_locations"},
		{"[alembic]\nscript_location = migrations\n"
		 "version_locations = %(here)s/migrations/versions /nowhere/at/all\n",
			FINDING_AT_HEAD, ""},
		{"[alembic]\nscript_location = migrations\nversion_path_separator = os\n"
		 "version_locations = migrations/versions:more\n",
			FINDING_PENDING, "1 of 2"},
		{"[alembic]\nscript_location = migrations\nversion_locations = a ,b\n",
			FINDING_UNKNOWN, "version_locations"},
		{"[alembic]\nscript_location = migrations\nversion_locations = a\n  b\n",
			FINDING_UNKNOWN, "version_locations"},
		{"[alembic\n", FINDING_UNKNOWN, "alembic.ini:1"},
		{NULL, FINDING_UNKNOWN, "no alembic.ini"},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		begin_plain(state, rows[i].ini);
		project_write("more/b.py", SECOND);
		check(rows[i].ini != NULL ? rows[i].ini : "none", rows[i].kind, rows[i].reason);
	}
}

static void a_pyproject_with_alembic_in_it_is_unknown(void **state)
{
	begin_plain(state, "[alembic]\nscript_location = migrations\n");
	project_write("pyproject.toml", "[tool.ruff]\n");
	check("other", FINDING_AT_HEAD, "");
	project_write("pyproject.toml", "[tool.alembic]\n");
	check("alembic", FINDING_UNKNOWN, "pyproject.toml");
}

static void the_variable_names_the_configuration(void **state)
{
	begin_plain(state, NULL);
	project_write("db.ini", "[alembic]\nscript_location = migrations\n");
	assert_int_equal(setenv("ALEMBIC_CONFIG", "db.ini", 1), 0);
	check("variable", FINDING_AT_HEAD, "all 1");
	assert_int_equal(unsetenv("ALEMBIC_CONFIG"), 0);
}

static void hostile_entries_are_read_or_refused_at_once(void **state)
{
	static char large[(2 << 20) + 1];
	memset(large, '#', sizeof large - 1);
	begin(state);
	assert_int_equal(mkfifo("migrations/versions/b.py", 0644), 0);
	check("FIFO", FINDING_UNKNOWN, "b.py: is a FIFO");
	begin(state);
	assert_int_equal(mkdir("migrations/versions/b.py", 0755), 0);
	check("folder", FINDING_UNKNOWN, "b.py: is a directory");
	begin(state);
	assert_int_equal(symlink("b.py", "migrations/versions/b.py"), 0);
	check("loop", FINDING_UNKNOWN, "b.py: cannot be read");
	begin(state);
	assert_int_equal(symlink("/dev/zero", "migrations/versions/b.py"), 0);
	check("device", FINDING_UNKNOWN, "b.py: is a device");
	begin(state);
	project_write("migrations/versions/b.py", large);
	check("large", FINDING_UNKNOWN, "larger than 1 MiB");
	begin(state);
	project_write("migrations/versions/z.py", "\x7f"
						  "ELF\x02\x01");
	check("binary", FINDING_BROKEN, "z.py: revision is not set");
	begin(state);
	project_write("migrations/versions/b\n.py", SECOND);
	check("newline", FINDING_UNKNOWN, "newline");
	begin(state);
	project_write("migrations/versions/b\x1b.py", SECOND);
	check("escape", FINDING_PENDING, "versions/b?.py");
	begin(state);
	assert_int_equal(unlink("migrations/env.py"), 0);
	assert_int_equal(mkfifo("migrations/env.py", 0644), 0);
	check("env.py", FINDING_UNKNOWN, "env.py: is a FIFO");
	begin(state);
	assert_int_equal(unlink("migrations/alembic.ini"), 0);
	assert_int_equal(mkfifo("migrations/alembic.ini", 0644), 0);
	check("alembic.ini", FINDING_UNKNOWN, "alembic.ini: is a FIFO");
}

static void a_folder_that_is_not_there_is_told(void **state)
{
	project_begin(state);
	check("nothing", FINDING_UNKNOWN, "migrations/env.py");
	project_write("migrations/env.py", FLASK_ENV);
	check("no versions", FINDING_BROKEN, "migrations/versions: No such file");
	project_write("migrations/versions", "");
	check("a file", FINDING_UNKNOWN, "migrations/versions: Not a directory");
}

static void files_that_make_no_history_are_broken(void **state)
{
	static const struct {
		const char *second;
		enum finding_kind kind;
		const char *reason;
	} rows[] = {
		{"revision = 'b'\ndown_revision = 'x'\n", FINDING_BROKEN,
			"down_revision names x, which no file has"},
		{"revision = 'b'\ndown_revision = 'b'\n", FINDING_BROKEN, "stands on itself"},
		{"revision = 'a'\ndown_revision = 'a'\n", FINDING_UNKNOWN, "revision a stands in"},
		{"revision = 'b'\n", FINDING_BROKEN, "down_revision is not set"},
		{"down_revision = 'a'\n", FINDING_BROKEN, "revision is not set"},
		{"revision = 'b-c'\ndown_revision = 'a'\n", FINDING_BROKEN, "not allowed"},
		{"revision = 'b'\ndown_revision = 'a'\nbranch_labels = 'a'\n", FINDING_BROKEN,
			"already used"},
		{"revision = 'b'\ndown_revision = 'a'\nbranch_labels = ['x', 'x']\n",
			FINDING_BROKEN, "already used"},
		{"revision = 'b'\ndown_revision = None\ndepends_on = 'nothing'\n", FINDING_BROKEN,
			"depends_on names nothing"},
		{"revision = 'b'\ndown_revision = None\ndepends_on = 'lab'\nbranch_labels = "
		 "'label'\n",
			FINDING_UNKNOWN, "depends_on names lab"},
		{"revision = 'b'\ndown_revision = ('a', 'b2')\n", FINDING_BROKEN, "names b2"},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		begin(state);
		project_write("migrations/versions/second.py", rows[i].second);
		check(rows[i].second, rows[i].kind, rows[i].reason);
	}
}

/* What the finding is, with which advice. */
static void check_advice(const char *row, struct migrations_files files, bool has_table,
	size_t tables, const char *const *versions, enum finding_kind kind, const char *advice)
{
	const struct migrations_reader *reader = migrations_reader_find("alembic");
	struct migrations_row table[MOST_ROWS] = {{NULL, false}};
	struct migrations_state state = {.has_version_table = has_table,
		.version_tables = has_table,
		.other_tables = tables,
		.rows = table};
	struct finding finding = {0};
	for (; versions[state.row_count] != NULL; state.row_count++)
		table[state.row_count].version = versions[state.row_count];
	files.directory = reader->directories[0];
	reader->inspect(&files, &state, &finding);
	CHECK_TEXT(row, finding_name(finding.kind), finding_name(kind));
	CHECK_HOLDS(row, finding.advice != NULL ? finding.advice : "(none)", advice);
	CHECK_TRUE(row, kind != FINDING_EMPTY || finding.pending == 2);
	finding_clear(&finding);
}

static void each_finding_says_the_way_out(void **state)
{
	static const char *const foreign[] = {"x9", NULL};
	static const char *const both[] = {"a", "b", NULL};
	begin(state);
	project_write("migrations/versions/b.py", SECOND);
	check_advice("pending", by_default, true, 3, a, FINDING_PENDING, "flask db upgrade");
	check_advice("foreign", by_default, true, 3, foreign, FINDING_FOREIGN, "image that has x9");
	check_advice("overlap", by_default, true, 3, both, FINDING_DIVERGED,
		"DELETE FROM alembic_version WHERE version_num = 'a'");
	check_advice("no table", by_default, false, 3, none, FINDING_UNVERSIONED,
		"flask db stamp REVISION");
	check_advice("no row", by_default, true, 3, none, FINDING_UNVERSIONED, "flask db stamp");
	check_advice("nothing", by_default, false, 0, none, FINDING_EMPTY, "(none)");
	check_advice("no tables", by_default, true, 0, none, FINDING_EMPTY, "(none)");
	check_advice("head", by_default, true, 3, b, FINDING_AT_HEAD, "(none)");
	begin_plain(state, "[alembic]\nscript_location = migrations\n");
	project_write("migrations/versions/b.py", SECOND);
	check_advice("plain", by_default, true, 3, a, FINDING_PENDING, "alembic upgrade head");
	check_advice("plain", by_default, false, 3, none, FINDING_UNVERSIONED, "alembic stamp");
}

static void several_heads_are_diverged_until_all_are_applied(void **state)
{
	static const struct migrations_files all_heads = {.all_heads = true};
	static const char *const both[] = {"b", "c", NULL};
	begin(state);
	project_write("migrations/versions/b.py", SECOND);
	project_write("migrations/versions/c.py", "revision = 'c'\ndown_revision = 'a'\n");
	check_advice("behind", by_default, true, 3, b, FINDING_DIVERGED, "flask db merge heads");
	check_advice("new", by_default, false, 0, none, FINDING_DIVERGED, "flask db merge heads");
	check_advice("behind", all_heads, true, 3, b, FINDING_PENDING, "flask db upgrade heads");
	check_advice("applied", by_default, true, 3, both, FINDING_AT_HEAD, "(none)");
	project_write("migrations/versions/c.py",
		"revision = 'c'\ndown_revision = None\ndepends_on = ('b',)\n");
	check_advice("depends", by_default, true, 3, b, FINDING_DIVERGED, "merge heads");
	project_check("depends", "alembic", by_default, &both[1], FINDING_AT_HEAD, "all 3");
	project_check("merged", "alembic", all_heads, b, FINDING_PENDING, "1 of 3");
}

static void rows_that_alembic_would_interpret_are_unknown(void **state)
{
	static const char *const rows[] = {
		"head", "heads", "base", "ab", "abc@head", "-1", "shop", ""};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		const char *const versions[] = {rows[i], NULL};
		begin(state);
		project_write("migrations/versions/b.py",
			"revision = 'abc'\ndown_revision = 'a'\nbranch_labels = 'shop'\n");
		project_check(
			rows[i], "alembic", by_default, versions, FINDING_UNKNOWN, "has a row");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(env_py_decides_whether_the_version_table_is_known),
		cmocka_unit_test(a_configuration_that_is_not_certain_is_unknown),
		cmocka_unit_test(a_pyproject_with_alembic_in_it_is_unknown),
		cmocka_unit_test(the_variable_names_the_configuration),
		cmocka_unit_test(hostile_entries_are_read_or_refused_at_once),
		cmocka_unit_test(a_folder_that_is_not_there_is_told),
		cmocka_unit_test(files_that_make_no_history_are_broken),
		cmocka_unit_test(each_finding_says_the_way_out),
		cmocka_unit_test(several_heads_are_diverged_until_all_are_applied),
		cmocka_unit_test(rows_that_alembic_would_interpret_are_unknown),
	};
	return cmocka_run_group_tests(tests, folder_enter, folder_leave);
}
