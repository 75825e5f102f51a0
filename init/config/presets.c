#include "config/presets.h"

#include <stdio.h>
#include <unistd.h>

#include "base/memory.h"
#include "config/variables.h"

static const char *const names[] = {
	[PRESET_NONE] = "none",
	[PRESET_AUTO] = "auto",
	[PRESET_FLASK] = "flask",
	[PRESET_ALEMBIC] = "alembic",
	[PRESET_DJANGO] = "django",
};

/* Where a row applies. */
enum where { EVERYWHERE, NOT_IN_PRODUCTION };

static const struct {
	enum preset preset;
	enum where where;
	const char *section;
	const char *key;
	const char *value;
} rows[] = {
	{PRESET_FLASK, EVERYWHERE, "upgrade", "command", "flask db upgrade"},
	{PRESET_FLASK, EVERYWHERE, "upgrade", "tool", "alembic"},
	{PRESET_FLASK, NOT_IN_PRODUCTION, "seed", "undo", "flask seed undo"},
	{PRESET_FLASK, EVERYWHERE, "seed", "all", "flask seed all"},
	{PRESET_FLASK, EVERYWHERE, "database", "normalize", "yes"},
	{PRESET_ALEMBIC, EVERYWHERE, "upgrade", "command", "alembic upgrade head"},
	{PRESET_ALEMBIC, EVERYWHERE, "upgrade", "tool", "alembic"},
	{PRESET_ALEMBIC, EVERYWHERE, "database", "normalize", "yes"},
	{PRESET_DJANGO, EVERYWHERE, "upgrade", "command", "python3 manage.py migrate --noinput"},
};

static bool exists(const char *folder, const char *name)
{
	struct text path = {0};
	text_add_format(&path, "%s/%s", folder != NULL ? folder : ".", name);
	autofree char *whole = text_take(&path);
	return access(whole, F_OK) == 0;
}

/* What says that there is a Flask app, or NULL. */
static const char *flask_hint(const char *folder, char *const *environment)
{
	static const char *const files[] = {".flaskenv", "app.py", "wsgi.py", "app/__init__.py",
		"migrations/alembic.ini", NULL};
	if (variable_filled(environment, "FLASK_APP") != NULL)
		return "FLASK_APP";
	for (size_t i = 0; files[i] != NULL; i++)
		if (exists(folder, files[i]))
			return files[i];
	return NULL;
}

static struct preset_finding found(
	enum preset preset, const char *before, const char *detail, const char *behind)
{
	struct text reason = {0};
	text_add_format(&reason, "preset auto chose %s: there %s %s%s", names[preset], before,
		detail, behind);
	return (struct preset_finding){.preset = preset, .reason = text_take(&reason)};
}

struct preset_finding preset_find(const char *folder, char *const *environment)
{
	const char *hint = flask_hint(folder, environment);
	if (exists(folder, "manage.py"))
		return found(PRESET_DJANGO, "is", "manage.py", "");
	if (exists(folder, "migrations/env.py") && hint != NULL) {
		bool seeds = exists(folder, "seeds");
		struct preset_finding finding = found(PRESET_FLASK, "are migrations/env.py and",
			hint, seeds ? ", and seeds/" : "; no seeds/, so nothing is seeded");
		finding.seeds = seeds;
		return finding;
	}
	if (exists(folder, "alembic.ini"))
		return found(PRESET_ALEMBIC, "is", "alembic.ini", "");
	return found(PRESET_NONE, "is none of", "manage.py, migrations/env.py with a Flask app",
		", alembic.ini");
}

void preset_apply(enum preset preset, bool production, bool seeds, struct origins *origins)
{
	char origin[32];
	(void)snprintf(origin, sizeof origin, "preset %s", names[preset]);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		bool wanted = rows[i].preset == preset &&
			      (rows[i].where == EVERYWHERE || !production) &&
			      (seeds || !text_equal(rows[i].section, "seed"));
		if (wanted)
			given_set(origins_plain(origins, rows[i].section, rows[i].key),
				rows[i].value, origin, SOURCE_PRESET);
	}
}

const char *preset_name(enum preset preset)
{
	return names[preset];
}
