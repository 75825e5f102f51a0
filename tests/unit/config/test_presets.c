#include "folder.h"

#include "base/memory.h"
#include "config/presets.h"
#include "config/sqlite_path.h"
#include "config/value.h"

/* "name=contents", or a name alone */
static void write_named(const char *file)
{
	size_t name = strcspn(file, "=");
	autofree char *path = memory_copy_bytes(file, name);
	folder_write(path, file[name] == '=' ? file + name + 1 : "");
}

static void auto_finds_the_framework_by_its_files(void **state)
{
	static const struct {
		const char *files[4]; /* "name=contents" */
		const char *variable;
		enum preset preset;
		bool seeds;
		const char *reason;
	} rows[] = {
		{{"x"}, NULL, PRESET_NONE, false, "chose none"},
		{{"manage.py"}, NULL, PRESET_DJANGO, false, "there is manage.py"},
		{{"alembic.ini"}, NULL, PRESET_ALEMBIC, false, "alembic.ini"},
		{{"migrations/env.py"}, NULL, PRESET_NONE, false, "chose none"},
		{{"migrations/env.py"}, "FLASK_APP=x", PRESET_FLASK, false, "FLASK_APP"},
		{{"migrations/env.py"}, "FLASK_APP=", PRESET_NONE, false, "chose none"},
		{{"migrations/env.py", "app.py"}, NULL, PRESET_FLASK, false,
			"no seeds, so nothing is seeded"},
		{{"migrations/env.py", "migrations/alembic.ini"}, NULL, PRESET_FLASK, false,
			"migrations/alembic.ini"},
		{{"migrations/env.py", "wsgi.py", "seeds/a.py"}, NULL, PRESET_FLASK, true,
			", and seeds"},
		{{"migrations/env.py", "alembic.ini"}, NULL, PRESET_ALEMBIC, false, "alembic.ini"},
		{{"migrations/env.py", "app.py", "alembic.ini"}, NULL, PRESET_FLASK, false,
			"app.py"},
		{{"bin/rails"}, NULL, PRESET_NONE, false, "chose none"},
		{{"bin/rails", "config/application.rb"}, NULL, PRESET_RAILS, false,
			"there is bin/rails and config/application.rb; no db/seeds.rb"},
		{{"bin/rails", "config/application.rb", "db/seeds.rb"}, NULL, PRESET_RAILS, true,
			", and db/seeds.rb"},
		{{"prisma/schema.prisma"}, NULL, PRESET_NONE, false, "chose none"},
		{{"prisma/schema.prisma", "prisma/migrations/1/migration.sql", "prisma/seed.ts"},
			NULL, PRESET_PRISMA, true, "prisma/schema.prisma"},
		{{"artisan", "database/seeders/DatabaseSeeder.php"}, NULL, PRESET_LARAVEL, true,
			"artisan"},
		{{"bin/console", "migrations/Version1.php"}, NULL, PRESET_SYMFONY, false,
			"bin/console and migrations/Version1.php"},
		{{"bin/console"}, NULL, PRESET_NONE, false, "chose none"},
		{{"mix.exs", "priv/repo/migrations/1.exs"}, NULL, PRESET_ECTO, false, "mix.exs"},
		{{"bin/migrate", "releases/start_erl.data"}, NULL, PRESET_ECTO, false,
			"bin/migrate"},
		{{"mix.exs"}, NULL, PRESET_NONE, false, "chose none"},
		{{"knexfile.mjs", "seeds/a.js"}, NULL, PRESET_KNEX, true, "knexfile.mjs"},
		{{".sequelizerc"}, NULL, PRESET_SEQUELIZE, false, ".sequelizerc"},
		{{"db/migrations/1_a.sql=-- migrate:up\n"}, NULL, PRESET_DBMATE, false,
			"there is db/migrations/1_a.sql with \"-- migrate:up\""},
		{{"db/migrations/1_a.sql"}, NULL, PRESET_NONE, false, "chose none"},
		{{"migrations/1_a.sql=-- +goose Up\n"}, NULL, PRESET_GOOSE, false,
			"migrations/1_a.sql"},
		{{"migrations/1_a.up.sql"}, NULL, PRESET_GOLANG_MIGRATE, false,
			"migrations/1_a.up.sql"},
		{{"migrations/1_a.up.sql", "Cargo.toml=[dependencies]\nsqlx = 0.8\n"}, NULL,
			PRESET_SQLX, false, "Cargo.toml with \"sqlx\""},
		{{"migrations/1_a.sql", "Cargo.toml=diesel = 2\n"}, NULL, PRESET_NONE, false,
			"chose none"},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		char variable[32] = "";
		char *environment[] = {variable, NULL};
		if (rows[i].variable != NULL)
			(void)snprintf(variable, sizeof variable, "%s", rows[i].variable);
		assert_int_equal(folder_leave(state), 0);
		assert_int_equal(folder_enter(state), 0);
		for (size_t file = 0; file < 4 && rows[i].files[file] != NULL; file++)
			write_named(rows[i].files[file]);
		struct preset_finding finding = preset_find(NULL, environment);
		CHECK_TRUE(rows[i].reason, !finding.ambiguous);
		CHECK_TEXT(
			rows[i].reason, preset_name(finding.preset), preset_name(rows[i].preset));
		CHECK_HOLDS(rows[i].reason, finding.reason, rows[i].reason);
		CHECK_TRUE(rows[i].reason, finding.seeds == rows[i].seeds);
		free(finding.reason);
	}
}

static void auto_does_not_guess_where_two_fit(void **state)
{
	(void)state;
	folder_write("manage.py", "");
	folder_write("alembic.ini", "");
	struct preset_finding finding = preset_find(NULL, NULL);
	assert_true(finding.ambiguous);
	assert_int_equal(finding.preset, PRESET_NONE);
	assert_string_equal(finding.reason,
		"preset auto could be django (there is manage.py) or alembic (there is "
		"alembic.ini): set boot.preset to the one that is meant");
	free(finding.reason);
}

static void a_folder_of_any_name_is_looked_into(void **state)
{
	(void)state;
	folder_write("a[b]*?/manage.py", "");
	struct preset_finding finding = preset_find("a[b]*?", NULL);
	assert_string_equal(finding.reason, "preset auto chose django: there is manage.py");
	free(finding.reason);
}

static void auto_looks_in_the_apps_folder(void **state)
{
	(void)state;
	folder_write("app/manage.py", "");
	struct preset_finding finding = preset_find("app", NULL);
	assert_int_equal(finding.preset, PRESET_DJANGO);
	free(finding.reason);
}

static const char *step_text(struct origins *origins, const char *name, const char *key)
{
	const struct given_section *step = origins_named(origins, NAMED_STEP, name);
	return step != NULL ? step->keys[settings_find_named(NAMED_STEP, key)].text : NULL;
}

static void apply(enum preset preset, bool production, bool seeds, struct origins *origins)
{
	const struct preset_surroundings here = {.production = production, .seeds = seeds};
	preset_apply(preset, &here, origins);
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
		const char *when;
		const char *normalize;
	} rows[] = {
		{PRESET_NONE, false, true, NULL, NULL, NULL, NULL, NULL},
		{PRESET_FLASK, false, true, "flask db upgrade", "flask seed undo", "flask seed all",
			NULL, "yes"},
		{PRESET_FLASK, true, true, "flask db upgrade", NULL, "flask seed all", NULL, "yes"},
		{PRESET_FLASK, false, false, "flask db upgrade", NULL, NULL, NULL, "yes"},
		{PRESET_ALEMBIC, false, true, "alembic upgrade head", NULL, NULL, NULL, "yes"},
		{PRESET_DJANGO, true, true, "python3 manage.py migrate --noinput", NULL, NULL, NULL,
			NULL},
		{PRESET_RAILS, true, true, "bin/rails db:migrate", NULL, "bin/rails db:seed",
			"once", NULL},
		{PRESET_RAILS, true, false, "bin/rails db:migrate", NULL, NULL, NULL, NULL},
		{PRESET_LARAVEL, false, true, "php artisan migrate --force", NULL,
			"php artisan db:seed --force", "once", NULL},
		{PRESET_LARAVEL, true, true, "php artisan migrate --force", NULL, NULL, NULL, NULL},
		{PRESET_ECTO, false, true, "mix ecto.migrate", NULL, NULL, NULL, NULL},
		{PRESET_KNEX, true, true, "npx --no-install knex migrate:latest", NULL, NULL, NULL,
			NULL},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct origins *origins = origins_new();
		apply(rows[i].preset, rows[i].production, rows[i].seeds, origins);
		const char *row = preset_name(rows[i].preset);
		CHECK_TEXT(
			row, origins_plain(origins, "upgrade", "command")->text, rows[i].upgrade);
		CHECK_TEXT(row, origins_plain(origins, "seed", "undo")->text, rows[i].undo);
		CHECK_TEXT(row, origins_plain(origins, "seed", "all")->text, rows[i].all);
		CHECK_TEXT(row, origins_plain(origins, "seed", "when")->text, rows[i].when);
		CHECK_TEXT(row, origins_plain(origins, "database", "normalize")->text,
			rows[i].normalize);
		origins_free(origins);
	}
}

static void a_release_of_elixir_has_no_mix(void **state)
{
	(void)state;
	folder_write("bin/migrate", "");
	struct origins *origins = origins_new();
	apply(PRESET_ECTO, false, true, origins);
	assert_string_equal(origins_plain(origins, "upgrade", "command")->text, "bin/migrate");
	assert_null(origins_plain(origins, "seed", "all")->text);
	origins_free(origins);
}

static void steps_of_a_preset_never_stop_boot_and_give_way_to_the_users_own(void **state)
{
	(void)state;
	struct origins *origins = origins_new();
	struct given_section *own =
		origins_add_named(origins, NAMED_STEP, "routes", "tminus.ini:3");
	given_set(&own->keys[settings_find_named(NAMED_STEP, "command")], "", "tminus.ini:4",
		SOURCE_INI);
	apply(PRESET_LARAVEL, true, true, origins);
	assert_string_equal(step_text(origins, "config", "command"), "php artisan config:cache");
	assert_string_equal(step_text(origins, "config", "on_failure"), "continue");
	assert_string_equal(step_text(origins, "storage", "command"), "php artisan storage:link");
	assert_string_equal(step_text(origins, "routes", "command"), "");
	assert_null(step_text(origins, "routes", "on_failure"));
	origins_free(origins);
	origins = origins_new();
	apply(PRESET_LARAVEL, false, true, origins);
	assert_null(step_text(origins, "config", "command"));
	origins_free(origins);
}

static void what_is_given_otherwise_comes_before_a_preset(void **state)
{
	(void)state;
	struct origins *origins = origins_new();
	given_set(origins_plain(origins, "seed", "all"), "", "tminus.ini:2", SOURCE_INI);
	apply(PRESET_FLASK, false, true, origins);
	assert_string_equal(origins_plain(origins, "seed", "all")->text, "");
	assert_string_equal(origins_plain(origins, "seed", "undo")->origin, "preset flask");
	origins_free(origins);
}

static void the_names_are_those_of_the_setting(void **state)
{
	(void)state;
	size_t count;
	char room[VALUE_TEXT_SIZE];
	const struct setting *plain = settings_plain(&count);
	const char *choices = plain[settings_find("boot", "preset")].choices;
	for (int preset = PRESET_NONE; preset <= PRESET_GOOSE; preset++)
		assert_string_equal(value_choice_name(choices, preset, room, sizeof room),
			preset_name((enum preset)preset));
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
		IN_FOLDER(auto_does_not_guess_where_two_fit),
		IN_FOLDER(a_folder_of_any_name_is_looked_into),
		IN_FOLDER(auto_looks_in_the_apps_folder),
		cmocka_unit_test(a_preset_gives_its_rows_where_they_apply),
		IN_FOLDER(a_release_of_elixir_has_no_mix),
		cmocka_unit_test(steps_of_a_preset_never_stop_boot_and_give_way_to_the_users_own),
		cmocka_unit_test(the_names_are_those_of_the_setting),
		cmocka_unit_test(what_is_given_otherwise_comes_before_a_preset),
		IN_FOLDER(a_relative_sqlite_path_is_looked_for_in_instance_too),
	};
	return cmocka_run_group_tests_name("presets", tests, NULL, NULL);
}
