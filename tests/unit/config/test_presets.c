#include "folder.h"

#include "base/memory.h"
#include "config/presets.h"
#include "config/sqlite_path.h"

static void auto_finds_the_framework_by_its_files(void **state)
{
	static const struct {
		const char *files[4];
		const char *variable;
		enum preset preset;
		bool seeds;
		const char *reason;
	} rows[] = {
		{{"x"}, NULL, PRESET_NONE, false, "chose none"},
		{{"manage.py"}, NULL, PRESET_DJANGO, false, "manage.py"},
		{{"manage.py", "alembic.ini"}, NULL, PRESET_DJANGO, false, "manage.py"},
		{{"alembic.ini"}, NULL, PRESET_ALEMBIC, false, "alembic.ini"},
		{{"migrations/env.py"}, NULL, PRESET_NONE, false, "chose none"},
		{{"migrations/env.py"}, "FLASK_APP=x", PRESET_FLASK, false, "FLASK_APP"},
		{{"migrations/env.py"}, "FLASK_APP=", PRESET_NONE, false, "chose none"},
		{{"migrations/env.py", "app.py"}, NULL, PRESET_FLASK, false, "no seeds/"},
		{{"migrations/env.py", "migrations/alembic.ini"}, NULL, PRESET_FLASK, false,
			"migrations/alembic.ini"},
		{{"migrations/env.py", "wsgi.py", "seeds/a.py"}, NULL, PRESET_FLASK, true,
			"and seeds/"},
		{{"migrations/env.py", "alembic.ini"}, NULL, PRESET_ALEMBIC, false, "alembic.ini"},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		char variable[32] = "";
		char *environment[] = {variable, NULL};
		if (rows[i].variable != NULL)
			(void)snprintf(variable, sizeof variable, "%s", rows[i].variable);
		assert_int_equal(folder_leave(state), 0);
		assert_int_equal(folder_enter(state), 0);
		for (size_t file = 0; file < 4 && rows[i].files[file] != NULL; file++)
			folder_write(rows[i].files[file], "");
		struct preset_finding finding = preset_find(NULL, environment);
		CHECK_TEXT(
			rows[i].reason, preset_name(finding.preset), preset_name(rows[i].preset));
		CHECK_HOLDS(rows[i].reason, finding.reason, rows[i].reason);
		CHECK_TRUE(rows[i].reason, finding.seeds == rows[i].seeds);
		free(finding.reason);
	}
}

static void auto_looks_in_the_apps_folder(void **state)
{
	(void)state;
	folder_write("app/manage.py", "");
	struct preset_finding finding = preset_find("app", NULL);
	assert_int_equal(finding.preset, PRESET_DJANGO);
	free(finding.reason);
}

static void a_preset_gives_its_rows_where_they_apply(void **state)
{
	(void)state;
	static const struct {
		enum preset preset;
		bool production;
		bool seeds;
		const char *upgrade;
		const char *undo;
		const char *all;
		const char *normalize;
	} rows[] = {
		{PRESET_NONE, false, true, NULL, NULL, NULL, NULL},
		{PRESET_FLASK, false, true, "flask db upgrade", "flask seed undo", "flask seed all",
			"yes"},
		{PRESET_FLASK, true, true, "flask db upgrade", NULL, "flask seed all", "yes"},
		{PRESET_FLASK, false, false, "flask db upgrade", NULL, NULL, "yes"},
		{PRESET_ALEMBIC, false, true, "alembic upgrade head", NULL, NULL, "yes"},
		{PRESET_DJANGO, true, true, "python3 manage.py migrate --noinput", NULL, NULL,
			NULL},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct origins *origins = origins_new();
		preset_apply(rows[i].preset, rows[i].production, rows[i].seeds, origins);
		const char *row = preset_name(rows[i].preset);
		CHECK_TEXT(
			row, origins_plain(origins, "upgrade", "command")->text, rows[i].upgrade);
		CHECK_TEXT(row, origins_plain(origins, "seed", "undo")->text, rows[i].undo);
		CHECK_TEXT(row, origins_plain(origins, "seed", "all")->text, rows[i].all);
		CHECK_TEXT(row, origins_plain(origins, "database", "normalize")->text,
			rows[i].normalize);
		origins_free(origins);
	}
}

static void what_is_given_otherwise_comes_before_a_preset(void **state)
{
	(void)state;
	struct origins *origins = origins_new();
	given_set(origins_plain(origins, "seed", "all"), "", "tminus.ini:2", SOURCE_INI);
	preset_apply(PRESET_FLASK, false, true, origins);
	assert_string_equal(origins_plain(origins, "seed", "all")->text, "");
	assert_string_equal(origins_plain(origins, "seed", "undo")->origin, "preset flask");
	origins_free(origins);
}

static void a_relative_sqlite_path_is_looked_for_in_instance_too(void **state)
{
	static const struct {
		const char *files[2];
		const char *path;
		bool instance;
		enum sqlite_place place;
		const char *found;
	} rows[] = {
		{{NULL}, "/a.db", true, SQLITE_AS_GIVEN, "/a.db"},
		{{NULL}, "file:a.db", true, SQLITE_AS_GIVEN, "file:a.db"},
		{{NULL}, "a.db", true, SQLITE_NEITHER, NULL},
		{{NULL}, "a.db", false, SQLITE_NEITHER, NULL},
		{{"a.db"}, "a.db", true, SQLITE_AS_GIVEN, "a.db"},
		{{"instance/a.db"}, "a.db", true, SQLITE_INSTANCE, "instance/a.db"},
		{{"instance/a.db"}, "a.db", false, SQLITE_NEITHER, NULL},
		{{"a.db", "instance/a.db"}, "a.db", true, SQLITE_AMBIGUOUS, NULL},
		{{"a.db", "instance/a.db"}, "a.db", false, SQLITE_AS_GIVEN, "a.db"},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		assert_int_equal(folder_leave(state), 0);
		assert_int_equal(folder_enter(state), 0);
		for (size_t file = 0; file < 2 && rows[i].files[file] != NULL; file++)
			folder_write(rows[i].files[file], "");
		autofree char *found = sqlite_path(rows[i].path, NULL, rows[i].instance);
		CHECK_TEXT(rows[i].path, found, rows[i].found);
		CHECK_TRUE(rows[i].path,
			sqlite_place(rows[i].path, NULL, rows[i].instance) == rows[i].place);
		autofree char *absolute = sqlite_path(rows[i].path, folder_path, rows[i].instance);
		CHECK_TRUE(rows[i].path, (absolute == NULL) == (found == NULL));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(auto_finds_the_framework_by_its_files),
		IN_FOLDER(auto_looks_in_the_apps_folder),
		cmocka_unit_test(a_preset_gives_its_rows_where_they_apply),
		cmocka_unit_test(what_is_given_otherwise_comes_before_a_preset),
		IN_FOLDER(a_relative_sqlite_path_is_looked_for_in_instance_too),
	};
	return cmocka_run_group_tests_name("presets", tests, NULL, NULL);
}
