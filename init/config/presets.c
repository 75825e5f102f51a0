#include "config/presets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/pattern.h"
#include "config/read_file.h"
#include "config/variables.h"

static const char *const names[] = {
	[PRESET_NONE] = "none",
	[PRESET_AUTO] = "auto",
	[PRESET_FLASK] = "flask",
	[PRESET_ALEMBIC] = "alembic",
	[PRESET_DJANGO] = "django",
	[PRESET_RAILS] = "rails",
	[PRESET_PRISMA] = "prisma",
	[PRESET_LARAVEL] = "laravel",
	[PRESET_SYMFONY] = "symfony",
	[PRESET_GOLANG_MIGRATE] = "golang-migrate",
	[PRESET_SQLX] = "sqlx",
	[PRESET_ECTO] = "ecto",
	[PRESET_KNEX] = "knex",
	[PRESET_SEQUELIZE] = "sequelize",
	[PRESET_DBMATE] = "dbmate",
	[PRESET_GOOSE] = "goose",
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* --- what a preset sets ---------------------------------------------------------------------- */

/* Where a row applies. */
enum where { EVERYWHERE, IN_PRODUCTION, NOT_IN_PRODUCTION };

#define STEP "step " /* a row of [step NAME]: its command, or what it removes */

/* The programs that golang-migrate and goose are take no DATABASE_URL: a shell gives it to them as
 * what they do take. Its value comes from the child's environment: settings may have put it there.
 */
#define MIGRATE_COMMAND "sh -c 'exec migrate -path migrations -database \"$DATABASE_URL\" up'"
#define GOOSE_COMMAND                                      \
	"sh -c 'GOOSE_DRIVER=${GOOSE_DRIVER:-postgres} "   \
	"GOOSE_DBSTRING=${GOOSE_DBSTRING:-$DATABASE_URL} " \
	"GOOSE_MIGRATION_DIR=${GOOSE_MIGRATION_DIR:-migrations} exec goose up'"

static const struct row {
	enum preset preset;
	enum where where;
	const char *section;
	const char *key;
	const char *value;
	const char *file; /* only where this is there; NULL: always */
} rows[] = {
	{PRESET_FLASK, EVERYWHERE, "upgrade", "command", "flask db upgrade", NULL},
	{PRESET_FLASK, EVERYWHERE, "upgrade", "tool", "alembic", NULL},
	{PRESET_FLASK, NOT_IN_PRODUCTION, "seed", "undo", "flask seed undo", NULL},
	{PRESET_FLASK, EVERYWHERE, "seed", "all", "flask seed all", NULL},
	{PRESET_FLASK, EVERYWHERE, "database", "normalize", "yes", NULL},

	{PRESET_ALEMBIC, EVERYWHERE, "upgrade", "command", "alembic upgrade head", NULL},
	{PRESET_ALEMBIC, EVERYWHERE, "upgrade", "tool", "alembic", NULL},
	{PRESET_ALEMBIC, EVERYWHERE, "database", "normalize", "yes", NULL},

	{PRESET_DJANGO, EVERYWHERE, "upgrade", "command", "python3 manage.py migrate --noinput",
		NULL},
	{PRESET_DJANGO, EVERYWHERE, "upgrade", "check", "python3 manage.py migrate --check", NULL},
	{PRESET_DJANGO, IN_PRODUCTION, STEP "static", "command",
		"python3 manage.py collectstatic --noinput", NULL},

	{PRESET_RAILS, EVERYWHERE, "upgrade", "command", "bin/rails db:migrate", NULL},
	{PRESET_RAILS, EVERYWHERE, "upgrade", "tool", "rails", NULL},
	{PRESET_RAILS, EVERYWHERE, "seed", "all", "bin/rails db:seed", NULL},
	{PRESET_RAILS, EVERYWHERE, "seed", "when", "once", NULL},
	{PRESET_RAILS, EVERYWHERE, STEP "pidfile", "remove", "tmp/pids/server.pid", NULL},

	{PRESET_PRISMA, EVERYWHERE, "upgrade", "command", "npx --no-install prisma migrate deploy",
		NULL},
	{PRESET_PRISMA, NOT_IN_PRODUCTION, "seed", "all", "npx --no-install prisma db seed", NULL},
	{PRESET_PRISMA, NOT_IN_PRODUCTION, "seed", "when", "once", NULL},

	{PRESET_LARAVEL, EVERYWHERE, "upgrade", "command", "php artisan migrate --force", NULL},
	{PRESET_LARAVEL, NOT_IN_PRODUCTION, "seed", "all", "php artisan db:seed --force", NULL},
	{PRESET_LARAVEL, NOT_IN_PRODUCTION, "seed", "when", "once", NULL},
	{PRESET_LARAVEL, IN_PRODUCTION, STEP "config", "command", "php artisan config:cache", NULL},
	{PRESET_LARAVEL, IN_PRODUCTION, STEP "routes", "command", "php artisan route:cache", NULL},
	{PRESET_LARAVEL, IN_PRODUCTION, STEP "views", "command", "php artisan view:cache", NULL},
	{PRESET_LARAVEL, EVERYWHERE, STEP "storage", "command", "php artisan storage:link", NULL},

	{PRESET_SYMFONY, EVERYWHERE, "upgrade", "command",
		"php bin/console doctrine:migrations:migrate --no-interaction --allow-no-migration",
		NULL},
	{PRESET_SYMFONY, IN_PRODUCTION, STEP "warmup", "command", "php bin/console cache:warmup",
		NULL},

	{PRESET_GOLANG_MIGRATE, EVERYWHERE, "upgrade", "command", MIGRATE_COMMAND, NULL},

	{PRESET_SQLX, EVERYWHERE, "upgrade", "command", "sqlx migrate run", NULL},

	{PRESET_ECTO, EVERYWHERE, "upgrade", "command", "mix ecto.migrate", NULL},
	/* In a release, where there is no mix: what mix phx.gen.release has put there. */
	{PRESET_ECTO, EVERYWHERE, "upgrade", "command", "bin/migrate", "bin/migrate"},
	{PRESET_ECTO, NOT_IN_PRODUCTION, "seed", "all", "mix run priv/repo/seeds.exs", "mix.exs"},
	{PRESET_ECTO, NOT_IN_PRODUCTION, "seed", "when", "once", "mix.exs"},

	{PRESET_KNEX, EVERYWHERE, "upgrade", "command", "npx --no-install knex migrate:latest",
		NULL},
	{PRESET_KNEX, EVERYWHERE, "upgrade", "tool", "knex", NULL},
	{PRESET_KNEX, NOT_IN_PRODUCTION, "seed", "all", "npx --no-install knex seed:run", NULL},
	{PRESET_KNEX, NOT_IN_PRODUCTION, "seed", "when", "once", NULL},

	{PRESET_SEQUELIZE, EVERYWHERE, "upgrade", "command",
		"npx --no-install sequelize-cli db:migrate", NULL},
	{PRESET_SEQUELIZE, NOT_IN_PRODUCTION, "seed", "all",
		"npx --no-install sequelize-cli db:seed:all", NULL},
	{PRESET_SEQUELIZE, NOT_IN_PRODUCTION, "seed", "when", "once", NULL},

	{PRESET_DBMATE, EVERYWHERE, "upgrade", "command", "dbmate --no-dump-schema migrate", NULL},
	{PRESET_DBMATE, EVERYWHERE, "upgrade", "tool", "dbmate", NULL},

	{PRESET_GOOSE, EVERYWHERE, "upgrade", "command", GOOSE_COMMAND, NULL},
};

/* A framework's own variables for its database, where there is no DATABASE_URL. */
static const struct {
	enum preset preset;
	const char *key; /* of [database] */
	const char *variable;
} variables[] = {
	{PRESET_LARAVEL, "url", "DB_URL"},
	{PRESET_LARAVEL, "kind", "DB_CONNECTION"},
	{PRESET_LARAVEL, "host", "DB_HOST"},
	{PRESET_LARAVEL, "port", "DB_PORT"},
	{PRESET_LARAVEL, "user", "DB_USERNAME"},
	{PRESET_LARAVEL, "password", "DB_PASSWORD"},
	{PRESET_LARAVEL, "name", "DB_DATABASE"},
};

/* The first of what pattern finds in folder, by its name there; NULL for nothing. */
static char *find_file(const char *folder, const char *pattern)
{
	struct list found = {0};
	pattern_find(folder != NULL ? folder : ".", pattern, &found);
	char *first = found.count > 0 ? memory_copy(found.items[0]) : NULL;
	list_clear(&found);
	return first;
}

static bool is_there(const char *folder, const char *pattern)
{
	autofree char *found = find_file(folder, pattern);
	return found != NULL;
}

static struct given *step_given(const struct given_section *step, const char *key)
{
	return &step->keys[settings_find_named(NAMED_STEP, key)];
}

/* A step of that name which has work already is somebody else's as a whole. What a preset adds
 * beside the migrations is no reason not to start. */
static void give_step(struct origins *origins, const struct row *row, const char *origin)
{
	const char *name = row->section + strlen(STEP);
	struct given_section *step = origins_named(origins, NAMED_STEP, name);
	if (step == NULL)
		step = origins_add_named(origins, NAMED_STEP, name, origin);
	if (step_given(step, "command")->text != NULL || step_given(step, "remove")->text != NULL)
		return;
	given_set(step_given(step, row->key), row->value, origin, SOURCE_PRESET);
	given_set(step_given(step, "on_failure"), "continue", origin, SOURCE_PRESET);
}

static bool applies(const struct row *row, const struct preset_surroundings *here)
{
	enum where other = here->production ? NOT_IN_PRODUCTION : IN_PRODUCTION;
	return row->where != other && (here->seeds || !text_equal(row->section, "seed")) &&
	       (row->file == NULL || is_there(here->folder, row->file));
}

void preset_apply(
	enum preset preset, const struct preset_surroundings *here, struct origins *origins)
{
	char origin[32];
	(void)snprintf(origin, sizeof origin, "preset %s", names[preset]);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		if (row->preset != preset || !applies(row, here))
			continue;
		if (text_starts_with(row->section, STEP))
			give_step(origins, row, origin);
		else
			given_set(origins_plain(origins, row->section, row->key), row->value,
				origin, SOURCE_PRESET);
	}
	bool url = variable_filled(here->environment, "DATABASE_URL") != NULL;
	for (size_t i = 0; i < COUNT(variables) && !url; i++) {
		const char *value = variable_filled(here->environment, variables[i].variable);
		if (variables[i].preset == preset && value != NULL)
			given_set(origins_plain(origins, "database", variables[i].key), value,
				variables[i].variable, SOURCE_PRESET);
	}
}

/* --- which one it is ------------------------------------------------------------------------- */

#define FILES 2

/* What tells of a preset: all of the files, as patterns. */
static const struct sign {
	enum preset preset;
	const char *files[FILES];
	const char *text;  /* which the last of them holds; NULL: whatever it holds */
	const char *seeds; /* what its seed command reads; NULL: nothing is asked */
	enum preset beats; /* is not meant where this one fits */
} signs[] = {
	{PRESET_DJANGO, {"manage.py"}, NULL, NULL, PRESET_NONE},
	{PRESET_FLASK, {"migrations/env.py"}, NULL, "seeds", PRESET_ALEMBIC},
	{PRESET_ALEMBIC, {"alembic.ini"}, NULL, NULL, PRESET_NONE},
	{PRESET_RAILS, {"bin/rails", "config/application.rb"}, NULL, "db/seeds.rb", PRESET_NONE},
	{PRESET_PRISMA, {"prisma/migrations", "prisma/schema*"}, NULL, "prisma/seed*", PRESET_NONE},
	{PRESET_LARAVEL, {"artisan"}, NULL, "database/seeders", PRESET_NONE},
	{PRESET_SYMFONY, {"bin/console", "migrations/*.php"}, NULL, NULL, PRESET_NONE},
	{PRESET_ECTO, {"mix.exs", "priv/repo/migrations"}, NULL, "priv/repo/seeds.exs",
		PRESET_NONE},
	{PRESET_ECTO, {"bin/migrate", "releases/start_erl.data"}, NULL, NULL, PRESET_NONE},
	{PRESET_KNEX, {"knexfile.*"}, NULL, "seeds", PRESET_NONE},
	{PRESET_SEQUELIZE, {".sequelizerc"}, NULL, "seeders", PRESET_NONE},
	{PRESET_DBMATE, {"db/migrations/*.sql"}, "-- migrate:up", NULL, PRESET_NONE},
	{PRESET_GOOSE, {"migrations/*.sql"}, "-- +goose Up", NULL, PRESET_NONE},
	{PRESET_SQLX, {"migrations/*.sql", "Cargo.toml"}, "sqlx", NULL, PRESET_GOLANG_MIGRATE},
	{PRESET_GOLANG_MIGRATE, {"migrations/*.up.sql"}, NULL, NULL, PRESET_NONE},
};

/* What says that there is a Flask app, or NULL. */
static const char *flask_hint(const char *folder, char *const *environment)
{
	static const char *const files[] = {".flaskenv", "app.py", "wsgi.py", "app/__init__.py",
		"migrations/alembic.ini", NULL};
	if (variable_filled(environment, "FLASK_APP") != NULL)
		return "FLASK_APP";
	for (size_t i = 0; files[i] != NULL; i++)
		if (is_there(folder, files[i]))
			return files[i];
	return NULL;
}

static bool holds(const char *folder, const char *name, const char *text)
{
	struct text path = {0};
	struct text contents = {0};
	struct error ignored;
	text_add_format(&path, "%s/%s", folder != NULL ? folder : ".", name);
	bool found = read_file(path.bytes, &contents, &ignored) == 0 && contents.bytes != NULL &&
		     strstr(contents.bytes, text) != NULL;
	text_free(&path);
	text_free(&contents);
	return found;
}

/* The files that tell of it, in words; NULL when it does not fit. The caller frees it. */
static char *evidence(const struct sign *sign, const char *folder, char *const *environment)
{
	struct text text = {0};
	bool fits = true;
	for (size_t i = 0; fits && i < FILES && sign->files[i] != NULL; i++) {
		bool last = i + 1 == FILES || sign->files[i + 1] == NULL;
		autofree char *found = find_file(folder, sign->files[i]);
		fits = found != NULL &&
		       (!last || sign->text == NULL || holds(folder, found, sign->text));
		text_add_format(&text, "%s%s", i > 0 ? " and " : "", fits ? found : "");
	}
	const char *hint =
		sign->preset == PRESET_FLASK && fits ? flask_hint(folder, environment) : NULL;
	if (hint != NULL)
		text_add_format(&text, " and %s", hint);
	fits = fits && (hint != NULL || sign->preset != PRESET_FLASK);
	if (fits && sign->text != NULL)
		text_add_format(&text, " with \"%s\"", sign->text);
	if (fits)
		return text_take(&text);
	text_free(&text);
	return NULL;
}

/* What fits, with the evidence; at most one sign of each preset. */
struct fits {
	const struct sign *signs[COUNT(signs)];
	char *evidence[COUNT(signs)];
	size_t count;
};

static bool is_beaten(const struct fits *fits, enum preset preset)
{
	bool beaten = false;
	for (size_t i = 0; i < fits->count; i++)
		beaten = beaten || fits->signs[i]->beats == preset ||
			 fits->signs[i]->preset == preset;
	return beaten;
}

static void look(struct fits *fits, const char *folder, char *const *environment)
{
	for (size_t i = 0; i < COUNT(signs); i++) {
		char *found = is_beaten(fits, signs[i].preset)
				      ? NULL
				      : evidence(&signs[i], folder, environment);
		if (found == NULL)
			continue;
		fits->signs[fits->count] = &signs[i];
		fits->evidence[fits->count++] = found;
	}
}

static struct preset_finding choose(const struct fits *fits, const char *folder)
{
	const struct sign *sign = fits->signs[0];
	struct preset_finding finding = {.preset = sign->preset};
	struct text reason = {0};
	text_add_format(&reason, "preset auto chose %s: there is %s", names[sign->preset],
		fits->evidence[0]);
	finding.seeds = sign->seeds != NULL && is_there(folder, sign->seeds);
	if (finding.seeds)
		text_add_format(&reason, ", and %s", sign->seeds);
	else if (sign->seeds != NULL)
		text_add_format(&reason, "; no %s, so nothing is seeded", sign->seeds);
	finding.reason = text_take(&reason);
	return finding;
}

static struct preset_finding hesitate(const struct fits *fits)
{
	struct text reason = {0};
	text_add(&reason, "preset auto could be ");
	for (size_t i = 0; i < fits->count; i++)
		text_add_format(&reason, "%s%s (there is %s)", i > 0 ? " or " : "",
			names[fits->signs[i]->preset], fits->evidence[i]);
	text_add(&reason, ": set boot.preset to the one that is meant");
	return (struct preset_finding){
		.preset = PRESET_NONE, .ambiguous = true, .reason = text_take(&reason)};
}

static struct preset_finding find_nothing(void)
{
	struct text reason = {0};
	text_add(&reason, "preset auto chose none: there is nothing that tells of");
	for (size_t i = 0; i < COUNT(names); i++)
		if (i != PRESET_NONE && i != PRESET_AUTO)
			text_add_format(&reason, "%s %s", i > PRESET_AUTO + 1 ? "," : "", names[i]);
	return (struct preset_finding){.preset = PRESET_NONE, .reason = text_take(&reason)};
}

struct preset_finding preset_find(const char *folder, char *const *environment)
{
	struct fits fits = {.count = 0};
	look(&fits, folder, environment);
	struct preset_finding finding = fits.count == 0	  ? find_nothing()
					: fits.count == 1 ? choose(&fits, folder)
							  : hesitate(&fits);
	for (size_t i = 0; i < fits.count; i++)
		free(fits.evidence[i]);
	return finding;
}

const char *preset_name(enum preset preset)
{
	return names[preset];
}
