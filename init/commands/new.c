/* new: looks at a project and writes a tminus.ini and the lines of its Dockerfile. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "commands/commands.h"
#include "commands/dockerfile.h"
#include "config/presets.h"
#include "config/read_file.h"
#include "process/signals.h"
#include "steps/place.h"

#define SETTINGS_FILE "tminus.ini"
#define DOCKERFILE "Dockerfile"
#define NEW_DOCKERFILE "Dockerfile.tminus"
#define THERE "there already"

/* What was found in the project, which is the working folder. */
struct project {
	struct preset_finding preset;
	struct dockerfile dockerfile;
	char *script; /* the entrypoint script of today, as a path; NULL when there is none */
	char *web;    /* the command of the Procfile's web; NULL when there is none */
};

/* --- looking ---------------------------------------------------------------------------------- */

static bool is_script(const char *path)
{
	char head[2];
	autoclose int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;
	return file >= 0 && fstat(file, &status) == 0 && S_ISREG(status.st_mode) &&
	       read(file, head, sizeof head) == sizeof head && memcmp(head, "#!", 2) == 0;
}

/* The script of the project that a word of the image names, wherever it lies; the caller frees it.
 */
static char *script_called(const char *word)
{
	static const char *const folders[] = {
		".", "docker", ".docker", "scripts", "bin", "deploy", "build", NULL};
	const char *name = text_last_part(word);
	for (size_t i = 0; name[0] != '\0' && folders[i] != NULL; i++) {
		struct text path = {0};
		if (i > 0)
			text_add_format(&path, "%s/", folders[i]);
		text_add(&path, name);
		if (is_script(path.bytes))
			return text_take(&path);
		text_free(&path);
	}
	return NULL;
}

static char *script_among(const struct list *words)
{
	char *script = NULL;
	for (size_t i = 0; i < words->count && script == NULL; i++)
		script = script_called(words->items[i]);
	return script;
}

/* What the Dockerfile starts, else what such scripts are called. */
static char *find_script(const struct dockerfile *dockerfile)
{
	static const char *const names[] = {"docker-entrypoint.sh", "entrypoint.sh", "init.sh",
		"start.sh", "run.sh", "boot.sh", NULL};
	char *script = script_among(&dockerfile->entrypoint.words);
	if (script == NULL)
		script = script_among(&dockerfile->command.words);
	for (size_t i = 0; script == NULL && names[i] != NULL; i++)
		script = script_called(names[i]);
	return script;
}

/* Heroku Dev Center, "The Procfile": a line for each process type. */
static char *find_web(void)
{
	struct text text = {0};
	struct error error;
	char *web = NULL;
	if (access("Procfile", F_OK) != 0 || read_file("Procfile", &text, &error) != 0)
		return NULL;
	for (char *line = text.bytes; line != NULL && web == NULL; line = strchr(line, '\n')) {
		line += strspn(line, "\n");
		if (text_starts_with(line, "web:"))
			web = memory_copy_bytes(line + 4, strcspn(line + 4, "\r\n"));
	}
	text_free(&text);
	return web;
}

/* Does it lie in the project? What a symlink brings in from elsewhere would stand in a copy of
 * ours.
 */
static bool is_below(const char *path)
{
	char folder[PATH_MAX];
	char found[PATH_MAX];
	if (realpath(".", folder) == NULL || realpath(path, found) == NULL)
		return true; /* to be told by who reads it */
	size_t length = strlen(folder);
	return text_starts_with(found, folder) && (length == 1 || found[length] == '/');
}

static int read_dockerfile(struct project *project)
{
	struct text text = {0};
	struct error error;
	int status = is_below(DOCKERFILE)
			     ? read_file(DOCKERFILE, &text, &error)
			     : error_set(&error, STATUS_CONFIG,
				       "%s is a symlink that leads out of this folder, and is not "
				       "copied from there",
				       DOCKERFILE);
	if (status == 0 && text.length > 0 && strlen(text.bytes) < text.length)
		status = error_set(&error, STATUS_CONFIG, "%s: a NUL byte; this is not a text file",
			DOCKERFILE);
	if (status == 0)
		dockerfile_parse(&text, &project->dockerfile);
	else
		log_error("%s", error.message);
	text_free(&text);
	return status;
}

static int look(const struct command_line *line, struct project *project)
{
	project->preset = preset_find(NULL, line->request.environment);
	if (access(DOCKERFILE, F_OK) == 0 && read_dockerfile(project) != 0)
		return STATUS_CONFIG;
	project->script = find_script(&project->dockerfile);
	project->web = find_web();
	return 0;
}

/* --- writing ---------------------------------------------------------------------------------- */

static void add_row(struct text *ini, const char *section, const char *name,
	const struct setting *setting, const struct given *given)
{
	if (given->text != NULL && given->source == SOURCE_PRESET)
		text_add_format(ini, ";   [%s%s%s] %s = %s\n", section, name[0] != '\0' ? " " : "",
			name, setting->key, given->text);
}

static void add_named_rows(
	struct text *ini, enum named_kind kind, const struct given_section *section)
{
	size_t count;
	const struct setting *keys = settings_named(kind, &count);
	for (size_t i = 0; i < count; i++)
		add_row(ini, settings_kind_name(kind), section->name, &keys[i], &section->keys[i]);
}

/* The preset's rows, of production and of what is none, as comments. */
static void add_rows(const struct project *project, struct text *ini)
{
	struct origins *origins = origins_new();
	size_t count;
	const struct setting *settings = settings_plain(&count);
	for (int production = 0; production < 2; production++)
		preset_apply(project->preset.preset,
			&(struct preset_surroundings){
				.production = production > 0, .seeds = project->preset.seeds},
			origins);
	for (size_t i = 0; i < count; i++)
		add_row(ini, settings[i].section, "", &settings[i], &origins->plain[i]);
	for (enum named_kind kind = 0; kind < NAMED_KINDS; kind++)
		for (size_t i = 0; i < origins->named[kind].count; i++)
			add_named_rows(ini, kind, &origins->named[kind].items[i]);
	origins_free(origins);
}

/* What auto would leave out has to be said, where the preset is named instead. */
static void add_seeds_off(const struct project *project, struct text *ini)
{
	static const char *const keys[] = {"undo", "all"};
	struct origins *origins = origins_new();
	preset_apply(project->preset.preset, &(struct preset_surroundings){.seeds = true}, origins);
	if (origins_plain(origins, "seed", "all")->text != NULL) {
		text_add(ini, "\n[seed]\n; Nothing to seed was found. Without these lines the "
			      "preset seeds: delete them when\n; there is something.\n");
		for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
			if (origins_plain(origins, "seed", keys[i])->text != NULL)
				text_add_format(ini, "%s =\n", keys[i]);
	}
	origins_free(origins);
}

static void add_preset(const struct project *project, struct text *ini)
{
	if (project->preset.ambiguous) {
		text_add_format(ini, "; %s\n[boot]\n;preset =\n\n", project->preset.reason);
		return;
	}
	if (project->preset.preset == PRESET_NONE) {
		text_add(ini, "; No framework that tminus knows was found: name the command that "
			      "upgrades\n"
			      "; the database, and the one that seeds it (tminus help lists all).\n"
			      "[upgrade]\n;command = ./migrate up\n\n[seed]\n;all = ./seed\n\n");
		return;
	}
	text_add_format(ini, "; %s\n[boot]\npreset = %s\n", project->preset.reason,
		preset_name(project->preset.preset));
	text_add(ini, "; It sets these, some of them in production alone, or outside of it (tminus "
		      "explain);\n; an empty value switches a command off:\n");
	add_rows(project, ini);
	if (!project->preset.seeds)
		add_seeds_off(project, ini);
	text_add_byte(ini, '\n');
}

/* A comment of one line, whatever the file that it comes from holds. */
static void add_web(const struct project *project, struct text *ini)
{
	text_add(ini, "[app]\n; The command line (CMD of the Dockerfile) wins over this.\n");
	if (project->web != NULL)
		text_add_format(ini, "; web of the Procfile%s:\n;command =%s\n",
			strchr(project->web, '$') != NULL ? "; a variable is ${NAME} here" : "",
			project->web);
	else
		text_add(ini, ";command = ...\n");
}

static char *make_settings(const struct project *project)
{
	struct text ini = {0};
	text_add(&ini, "; tminus.ini: how this container starts. `tminus explain` shows what a "
		       "start runs and\n"
		       "; why, `tminus config --example` every setting.\n\n");
	if (project->script != NULL)
		text_add_format(&ini,
			"; %s does this today. Go through it line by line: what runs the "
			"migrations\n"
			"; is below, what else it does becomes [env], [dir PATH], [template PATH], "
			"[key NAME],\n; [step NAME] or [role NAME] (docs/conversions.md), and its "
			"last command CMD.\n\n",
			project->script);
	add_preset(project, &ini);
	text_add(&ini,
		"[wait]\n; What is waited for besides the database, which DATABASE_URL names.\n"
		";targets = tcp://redis:6379\n\n"
		"[backup]\n; On a volume: then there is a backup before every upgrade that changes "
		"something.\n"
		";directory = /backups\n\n");
	add_web(project, &ini);
	return text_take(&ini);
}

/* The whole of text at path, in the place of what is there where force says so. */
static int write_file(const char *path, const char *text, bool force)
{
	struct text contents = {0};
	const struct place place = {.folder = AT_FDCWD,
		.name = path,
		.boot_id = "new",
		.uid = (uid_t)-1,
		.gid = (gid_t)-1,
		.mode = place_mode_of_new()};
	text_add(&contents, text);
	int result = place_write(&place, &contents, force);
	int number = errno;
	text_free(&contents);
	if (result != 0) {
		log_error("%s: %s", path, strerror(number));
		return STATUS_INTERNAL;
	}
	(void)printf("wrote %s\n", path);
	return 0;
}

static int refuse(const char *path, const char *what)
{
	log_error("%s is %s, and nothing was written%s", path, what,
		text_equal(what, THERE) ? "; tminus new --force writes over it" : "");
	return STATUS_USAGE;
}

/* Nothing is written where one of the files is there already. With force a file may be, which
 * others may have by another name: it is that name that gets a new one. */
static int refuse_existing(bool dockerfile, bool force)
{
	const char *const paths[] = {SETTINGS_FILE, dockerfile ? NEW_DOCKERFILE : SETTINGS_FILE};
	struct stat status;
	for (size_t i = 0; i < 2; i++) {
		if (lstat(paths[i], &status) != 0)
			continue;
		if (!S_ISREG(status.st_mode))
			return refuse(paths[i],
				S_ISLNK(status.st_mode) ? "a symlink" : "no regular file");
		if (!force)
			return refuse(paths[i], THERE);
	}
	return 0;
}

static void advise_form(const char *name, const struct instruction *instruction)
{
	if (instruction->line > 0 && instruction->words.count == 0)
		(void)printf("%s:%zu: %s is in the shell's form: as CMD [\"...\"] no shell runs "
			     "between tminus and the app.\n",
			DOCKERFILE, instruction->line, name);
}

/* What is tminus's to do, and would be done again by every replica. */
static void advise_migration(
	const struct project *project, const char *name, const struct instruction *instruction)
{
	static const char *const signs[] = {
		"migrat", "db upgrade", "alembic", "db:prepare", "db push", "dbmate", "goose"};
	autofree char *line = dockerfile_line(&project->dockerfile, instruction);
	bool found = false;
	for (size_t i = 0; line != NULL && i < sizeof signs / sizeof *signs; i++)
		found = found || strstr(line, signs[i]) != NULL;
	if (found)
		(void)printf("%s:%zu: %s migrates the database, as it looks: leave the app alone "
			     "there, and the migration to [upgrade] of %s.\n",
			DOCKERFILE, instruction->line, name, SETTINGS_FILE);
}

static void advise(const struct project *project)
{
	const struct instruction *command = &project->dockerfile.command;
	const struct instruction *entrypoint = &project->dockerfile.entrypoint;
	if (project->script != NULL)
		(void)printf(
			"%s is not translated: see what else it does. It can go when all of that "
			"is in %s.\n",
			project->script, SETTINGS_FILE);
	advise_form("ENTRYPOINT", entrypoint);
	advise_form("CMD", command);
	advise_migration(project, "ENTRYPOINT", entrypoint);
	advise_migration(project, "CMD", command);
	if (project->dockerfile.text.length > 0 &&
		dockerfile_lacks_app(&project->dockerfile, project->script))
		(void)printf("No app is named: without a CMD behind the ENTRYPOINT, or command in "
			     "[app], the container ends with 64. A base image's CMD is gone with "
			     "the new ENTRYPOINT.\n");
	for (size_t i = 0; project->script != NULL && i < command->words.count; i++)
		if (dockerfile_names(command->words.items[i], project->script))
			(void)printf("%s:%zu: CMD runs %s: put that script's last command there.\n",
				DOCKERFILE, command->line, project->script);
	(void)printf("Next: tminus explain; docker build%s .\n",
		project->dockerfile.text.length > 0 ? " -f " NEW_DOCKERFILE : "");
}

static int write_all(const struct project *project, bool force)
{
	bool has_dockerfile = project->dockerfile.text.length > 0;
	int status = refuse_existing(has_dockerfile, force);
	if (status != 0)
		return status;
	autofree char *settings = make_settings(project);
	autofree char *dockerfile =
		has_dockerfile ? dockerfile_with_tminus(&project->dockerfile, project->script)
			       : memory_copy(DOCKERFILE_COPY DOCKERFILE_ENTRYPOINT);
	(void)printf("--- %s\n%s\n--- %s\n%s\n", SETTINGS_FILE, settings,
		has_dockerfile ? NEW_DOCKERFILE : "the lines of a Dockerfile", dockerfile);
	status = write_file(SETTINGS_FILE, settings, force);
	if (status == 0 && has_dockerfile)
		status = write_file(NEW_DOCKERFILE, dockerfile, force);
	if (status == 0)
		advise(project);
	return status;
}

int command_new(struct command_line *line)
{
	struct project project = {0};
	signals_unblock();
	int status = look(line, &project);
	if (status == 0)
		status = write_all(&project, (line->options & OPTION_FORCE) != 0);
	free(project.preset.reason);
	free(project.script);
	free(project.web);
	dockerfile_free(&project.dockerfile);
	int written = commands_flush();
	return status != 0 ? status : written;
}
