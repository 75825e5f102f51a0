#include "steps/backup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup/dump.h"
#include "backup/store.h"
#include "backup/tool.h"
#include "base/clock.h"
#include "base/memory.h"
#include "config/variables.h"
#include "steps/inspect.h"
#include "steps/message.h"

#define HOST_SIZE 65
#define DURATION_SIZE 32

/* One backup while it is being made. */
struct making {
	const struct backup_job *job;
	int channel;
	char *directory; /* absolute */
	struct database_url url;
	struct list paths; /* SQLite: holds the URL's name */
	struct manifest manifest;
	struct dump dump;
	struct store_file file;
	int64_t started_at;
	int64_t told_at;
	size_t pruned;
};

static void tell_progress(void *context)
{
	struct making *making = context;
	char size[STORE_SIZE_TEXT];
	char text[64];
	struct stat status;
	if (clock_now() - making->told_at < TOOL_TICK - 1 ||
		fstat(making->file.descriptor, &status) != 0)
		return;
	making->told_at = clock_now();
	(void)snprintf(text, sizeof text, "%s written so far", store_size(status.st_size, size));
	(void)message_send(making->channel, MESSAGE_PROGRESS, 0, text);
}

/* --- what is known beforehand ---------------------------------------------------------------- */

/* Relative folders begin where tminus was started, SQLite's paths and the migrations where the
 * commands run. */
static int find_folders(struct making *making, struct error *error)
{
	const struct config *config = making->job->config;
	const char *folder = making->job->wait->folder;
	if (store_check(config->backup_directory, config->backup_ephemeral, error) != 0)
		return -1;
	making->directory = realpath(config->backup_directory, NULL);
	if (making->directory == NULL || (folder != NULL && chdir(folder) != 0))
		return error_set_errno(error, STATUS_BACKUP, errno, "%s",
			making->directory == NULL ? config->backup_directory : folder);
	return 0;
}

static int open_session(struct making *making, struct error *error)
{
	struct failure failure;
	struct wait_job wait = *making->job->wait;
	/* A standby may lag behind; a busy writer of SQLite's would keep us from being sure. */
	wait.writable = wait.database->kind != DATABASE_SQLITE;
	making->url = *wait.database;
	wait_sqlite_paths(&wait, &making->paths);
	if (making->paths.count > 0)
		making->url.name = making->paths.items[0];
	if (wait_open(&wait, &making->dump.session, &failure) != 0)
		return error_set(error, STATUS_BACKUP, "%s", failure.message);
	session_choose_host(making->dump.session, &making->url);
	return 0;
}

/* The version table's content; a state that refuses an upgrade can be backed up all the same. */
static void note_revision(struct making *making)
{
	static const struct work upgrade = {.kind = WORK_UPGRADE, .name = ""};
	const struct keeper_job job = {.wait = *making->job->wait,
		.config = making->job->config,
		.works = &upgrade,
		.work_count = 1,
		.boot_id = making->job->boot_id};
	struct inspection inspection = {0};
	struct failure ignored;
	(void)inspect(&job, making->dump.session, true, &inspection, &ignored);
	if (inspection.revision != NULL)
		manifest_set(&making->manifest, MANIFEST_REVISION, inspection.revision);
	inspection_clear(&inspection);
}

static void note_origin(struct making *making)
{
	char host[HOST_SIZE] = "";
	char at[CLOCK_UTC_SIZE];
	struct manifest *manifest = &making->manifest;
	autofree char *url = database_url_place(making->job->wait->database);
	autofree char *identity = dump_identity(making->dump.session, &making->url);
	(void)gethostname(host, sizeof host - 1);
	manifest_set(manifest, MANIFEST_URL, url);
	manifest_set(manifest, MANIFEST_IDENTITY, identity);
	manifest_set(manifest, MANIFEST_SERVER, session_server(making->dump.session));
	manifest_set(manifest, MANIFEST_BOOT, making->job->boot_id);
	manifest_set(manifest, MANIFEST_REASON, making->job->reason);
	manifest_set(manifest, MANIFEST_HOST, host);
	manifest_set(manifest, MANIFEST_TIME, clock_utc(clock_now(), at));
}

/* PGAPPNAME: the next leader sees by it that a dump of ours is still under way. */
static void make_environment(struct making *making)
{
	struct list *environment = &making->dump.environment;
	const struct list *given = &making->job->config->environment;
	char name[WORK_SESSION_SIZE];
	for (size_t i = 0; i < given->count; i++)
		list_append(environment, given->items[i]);
	variable_set(environment, "PGAPPNAME", work_session_name(making->job->boot_id, name));
	if (making->url.kind == DATABASE_POSTGRES && making->url.password != NULL)
		variable_set(environment, "PGPASSWORD", making->url.password);
}

static int check_room(const struct making *making, long long size, struct error *error)
{
	const struct config *config = making->job->config;
	bool whole = config->backup_tables.count + config->backup_exclude.count == 0;
	return whole ? store_room(making->directory, size,
			       "a backup, judged by the size of the database,", error)
		     : 0;
}

static int prepare(struct making *making, struct error *error)
{
	long long size;
	if (find_folders(making, error) != 0 || open_session(making, error) != 0)
		return -1;
	making->dump.config = making->job->config;
	making->dump.url = &making->url;
	making->dump.manifest = &making->manifest;
	making->dump.tick = tell_progress;
	making->dump.context = making;
	note_origin(making);
	note_revision(making);
	make_environment(making);
	if (dump_prepare(&making->dump, &size, error) != 0)
		return -1;
	return check_room(making, size, error);
}

/* --------------------------------------------------------------------------------------------- */

static int write_file(struct making *making, struct error *error)
{
	struct dump *dump = &making->dump;
	if (store_begin(making->directory, making->job->boot_id, &making->file, error) != 0)
		return -1;
	dump->path = making->file.path;
	dump->descriptor = making->file.descriptor;
	if (dump_write(dump, error) != 0)
		return -1;
	return store_finish(&making->file, dump->suffix, &making->manifest, error);
}

/* The backup is made: what fails here does not take it away. */
static int run_after(struct making *making, struct error *error)
{
	const struct list *after = &making->job->config->backup_after;
	struct list *environment = &making->dump.environment;
	struct text manifest = {0};
	if (after->count == 0)
		return 0;
	text_add_format(&manifest, "%s" MANIFEST_SUFFIX, making->file.path);
	variable_set(environment, "TMINUS_BACKUP_FILE", making->file.path);
	variable_set(environment, "TMINUS_BACKUP_MANIFEST", manifest.bytes);
	text_free(&manifest);
	const struct tool_run run = {.tools = {after->items},
		.environment = environment->items,
		.input = -1,
		.output = STDOUT_FILENO,
		.secret = -1};
	if (tool_run(&run, STATUS_BACKUP, error) == 0)
		return 0;
	autofree char *why = memory_copy(error->message);
	return error_set(error, STATUS_BACKUP,
		"backup.after: %s; the backup itself is complete: %s", why, making->file.path);
}

static char *summarize(const struct making *making)
{
	struct text text = {0};
	char size[STORE_SIZE_TEXT];
	char elapsed[DURATION_SIZE];
	const char *format = manifest_get(&making->manifest, MANIFEST_FORMAT);
	text_add_format(&text, "%s, %s, in %s", making->file.path,
		store_size(strtoll(manifest_get(&making->manifest, MANIFEST_SIZE), NULL, 10), size),
		text_duration(clock_now() - making->started_at, elapsed, sizeof elapsed));
	if (text_equal(format, FORMAT_SQL) && making->job->config->backup_compress)
		text_add(&text, ", not compressed: there is no gzip in PATH");
	if (making->pruned > 0)
		text_add_format(&text, "; %zu older deleted (backup.keep)", making->pruned);
	return text_take(&text);
}

static int make(struct making *making, struct error *error)
{
	if (prepare(making, error) != 0 || write_file(making, error) != 0)
		return -1;
	if (making->job->config->backup_keep > 0)
		making->pruned = store_prune(making->directory, &making->manifest,
			(size_t)making->job->config->backup_keep);
	return run_after(making, error);
}

int backup_make(
	const struct backup_job *job, int channel, char **path, char **summary, struct error *error)
{
	int64_t now = clock_now();
	struct making making = {.job = job,
		.channel = channel,
		.file = {.descriptor = -1},
		.started_at = now,
		.told_at = now};
	int result = make(&making, error);
	if (result == 0 && path != NULL)
		*path = memory_copy(making.file.path);
	if (result == 0 && summary != NULL)
		*summary = summarize(&making);
	store_end(&making.file);
	dump_clear(&making.dump);
	manifest_clear(&making.manifest);
	list_clear(&making.paths);
	free(making.directory);
	return result;
}

int backup_child(void *context, int channel)
{
	struct error error;
	char *summary = NULL;
	if (backup_make(context, channel, NULL, &summary, &error) == 0) {
		(void)message_send(channel, MESSAGE_READY, 0, summary);
		return 0;
	}
	(void)message_send(channel, MESSAGE_REFUSED, error.status, error.message);
	return error.status;
}
