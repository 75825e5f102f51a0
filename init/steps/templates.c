/* [template PATH]: a file with variables, filled in and written where it differs. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "config/expand.h"
#include "config/read_file.h"
#include "config/variables.h"
#include "steps/file_parts.h"
#include "steps/place.h"
#include "steps/tree.h"

#define KIND "template"

static bool has_reference(const struct text *source, const char *name)
{
	struct text opening = {0};
	bool found = false;
	text_add_format(&opening, "${%s", name);
	const char *end = source->bytes + source->length;
	for (const char *at = source->bytes; !found && at != NULL;) {
		at = memmem(at, (size_t)(end - at), opening.bytes, opening.length);
		if (at != NULL)
			at += opening.length;
		found = at != NULL && (at == end || !variable_byte(*at, false));
	}
	text_free(&opening);
	return found;
}

/* A slip in the name would leave ${NAME} in the file. */
static void warn_of_unused(
	const struct template_settings *settings, const char *name, struct list *warnings)
{
	struct text warning = {0};
	text_add_format(&warning, SECTION_FORMAT "vars: there is no ${%s} in %s", settings->origin,
		KIND, settings->name, name, settings->from);
	list_append_owned(warnings, text_take(&warning));
}

/* The variables whose values are nobody else's. */
static void add_secrets(const struct config *config, struct list *names)
{
	list_append(names, "DATABASE_URL");
	for (size_t i = 0; i < config->key_count; i++)
		list_append(names, config->keys[i].name);
	for (size_t i = 0; i < config->env_secrets.count; i++)
		list_append(names, config->env_secrets.items[i]);
}

/* Fills result with what the file is to hold, and tells whether a secret is in it; -1 and faults.
 */
static int render(const struct files_job *job, const struct template_settings *settings,
	struct text *result, bool *secret, struct list *warnings, struct faults *faults)
{
	struct list secrets = {0};
	struct error error;
	struct text source = {0};
	struct text name = {0};
	int status = read_file(settings->from, &source, &error);
	if (status != 0)
		faults_add(faults, SECTION_FORMAT "%s", settings->origin, KIND, settings->name,
			error.message);
	text_add_format(
		&name, SECTION_FORMAT "%s", settings->origin, KIND, settings->name, settings->from);
	const struct expand_template template = {
		.bytes = source.bytes,
		.length = source.length,
		.name = name.bytes,
		.only = settings->vars.count > 0 ? &settings->vars : NULL,
		.environment = job->environment,
		.secrets = &secrets,
		.secret = secret,
	};
	add_secrets(job->config, &secrets);
	for (size_t i = 0; status == 0 && warnings != NULL && i < settings->vars.count; i++)
		if (!has_reference(&source, settings->vars.items[i]))
			warn_of_unused(settings, settings->vars.items[i], warnings);
	if (status == 0)
		status = expand_template(&template, result, faults);
	text_free(&source);
	text_free(&name);
	list_clear(&secrets);
	return status;
}

/* A symlink or a folder in its place would go. */
static void check_target(const struct template_settings *settings, struct faults *faults)
{
	struct stat status;
	const char *name;
	autoclose int folder = tree_open_parent(settings->name, &name);
	if (folder < 0 || fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
		S_ISREG(status.st_mode))
		return;
	faults_add(faults, SECTION_FORMAT "there is %s of this name, and no file", settings->origin,
		KIND, settings->name,
		S_ISLNK(status.st_mode)	  ? "a symlink"
		: S_ISDIR(status.st_mode) ? "a folder"
					  : "something");
}

void template_check(const struct files_job *job, const struct template_settings *settings,
	struct list *warnings, struct faults *faults)
{
	struct text result = {0};
	bool secret = false;
	(void)render(job, settings, &result, &secret, warnings, faults);
	text_free(&result);
	files_check_parent(job, settings->origin, KIND, settings->name, settings->name, faults);
	check_target(settings, faults);
}

static bool holds(int file, const struct text *contents)
{
	char buffer[4096];
	size_t seen = 0;
	ssize_t count;
	while ((count = read(file, buffer, sizeof buffer)) > 0) {
		if ((size_t)count > contents->length - seen ||
			memcmp(buffer, contents->bytes + seen, (size_t)count) != 0)
			return false;
		seen += (size_t)count;
	}
	return count == 0 && seen == contents->length;
}

/* What holds a secret is not for others. The app, which is to read it, is of its group: as its
 * owner it could change what a server that runs as root reads. */
static void hide_new(const struct account *app, const struct account *owner, struct place *place)
{
	bool shared = owner == NULL && app != NULL;
	place->mode &= shared ? 0640 : 0600;
	if (shared)
		place->gid = app->gid;
}

/* How the file is to be: as the settings say, else as it is. */
static void find_rights(
	const struct template_settings *settings, const struct stat *status, struct place *place)
{
	const struct account *owner = settings->owner;
	if (status != NULL) {
		place->uid = status->st_uid;
		place->gid = status->st_gid;
		place->mode = status->st_mode & 07777;
	}
	if (owner != NULL) {
		place->uid = owner->uid;
		place->gid = owner->gid;
	}
	if (settings->mode >= 0)
		place->mode = (mode_t)settings->mode;
}

static bool is_right(const struct place *place, const struct stat *status)
{
	return status->st_uid == place->uid && status->st_gid == place->gid &&
	       (status->st_mode & 07777) == place->mode;
}

/* 1 where nothing is to be done, 0 where something was, -1 and errno. */
static int put(
	const struct template_settings *settings, const struct text *contents, struct place *place)
{
	struct stat status;
	autoclose int file = openat(place->folder, place->name,
		O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	bool there = fstatat(place->folder, place->name, &status, AT_SYMLINK_NOFOLLOW) == 0;
	find_rights(settings, there ? &status : NULL, place);
	if (there && is_right(place, &status) && file >= 0 && holds(file, contents))
		return 1;
	return place_write(place, contents, true);
}

int template_apply(const struct files_job *job, const struct template_settings *settings,
	struct text *summary, struct error *error)
{
	struct faults faults = {0};
	struct text contents = {0};
	bool secret = false;
	struct place place = {.boot_id = job->boot_id,
		.uid = (uid_t)-1,
		.gid = (gid_t)-1,
		.mode = place_mode_of_new()};
	if (render(job, settings, &contents, &secret, NULL, &faults) != 0) {
		(void)error_set(error, STATUS_CONFIG, "%s", faults.messages.items[0]);
		faults_free(&faults);
		return -1;
	}
	autoclose int folder = tree_open_parent(settings->name, &place.name);
	place.folder = folder;
	if (secret)
		hide_new(job->config->app_user, settings->owner, &place);
	int result = folder < 0 ? -1 : put(settings, &contents, &place);
	int number = errno;
	text_free(&contents);
	if (result < 0)
		return files_failed(error, settings->origin, KIND, settings->name, number,
			"it cannot be written");
	if (result == 0)
		text_add_format(summary, "%s written from %s", settings->name, settings->from);
	return 0;
}
