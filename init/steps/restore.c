/*
 * A restore, in a child of PID 1, while the keeper holds the lock.
 *
 *   step     what it does                          after a failure, or a kill, there is
 *   find     the file, its manifest, its digest    the old state
 *   check    tools, versions, integrity            the old state
 *   others   who else is connected                 the old state
 *   safety   a backup of what is there             the old state, and perhaps that backup
 *   mark     MySQL: says what is under way         the old state; the mark is told at the next
 * start apply    PostgreSQL, SQLite: one transaction   the old state MySQL: in a scratch database
 * first    the old state, and perhaps the scratch database MySQL: then here failed: the safety
 * backup is put back; killed: tables are missing, and the mark says so unmark   MySQL the new state
 */
#include "steps/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup/dump.h"
#include "backup/restore.h"
#include "backup/store.h"
#include "backup/tool.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "config/words.h"
#include "database/catalog.h"
#include "steps/message.h"
#include "steps/work.h"

#define TEXT_SIZE 480
#define DURATION_SIZE 32

struct restoring {
	const struct backup_job *job;
	int channel;
	int64_t begun;
	int64_t told;
	struct store store;
	struct manifest manifest; /* a copy; of a file without one: what could be found out */
	char *path;
	char *display;	      /* of the target */
	char *place;	      /* likewise, without its role */
	char *identity;	      /* likewise, once it is open */
	struct config config; /* a copy, whose folder for backups is absolute */
	struct database_url url;
	struct restore restore;
	char *safety;
};

static void tell(const struct restoring *all, enum message_kind kind, const char *text)
{
	(void)message_send(all->channel, kind, 0, text);
}

static void tell_progress(void *context, const char *text)
{
	tell(context, MESSAGE_PROGRESS, text);
}

static void tick(void *context)
{
	struct restoring *all = context;
	char text[TEXT_SIZE];
	char room[DURATION_SIZE];
	int64_t now = clock_now();
	if (now - all->told < TOOL_TICK)
		return;
	all->told = now;
	(void)snprintf(text, sizeof text, "under way for %s",
		text_duration(now - all->begun, room, sizeof room));
	tell(all, MESSAGE_PROGRESS, text);
}

/* --- the target ------------------------------------------------------------------------------- */

static int open_target(struct restoring *all, struct error *error)
{
	struct failure failure = {0};
	struct wait_job job = *all->job->wait;
	struct list paths = {0};
	job.writable = true;
	if (wait_open(&job, &all->restore.session, &failure) != 0)
		return error_set(error, STATUS_RESTORE, "%s", failure.message);
	wait_sqlite_paths(&job, &paths);
	all->url = *job.database;
	session_choose_host(all->restore.session, &all->url);
	if (paths.count > 0)
		all->url.name = memory_copy(paths.items[0]);
	list_clear(&paths);
	if (all->identity == NULL)
		all->identity = dump_identity(all->restore.session, &all->url);
	return 0;
}

/* 1 when there is no table, 0 when there is one. */
static int is_empty(const struct restoring *all, struct error *error)
{
	struct failure failure = {0};
	size_t count = 0;
	const struct catalog_names names = {0};
	if (catalog_count_others(all->restore.session, &names, &count, &failure) != 0)
		return error_set(error, STATUS_RESTORE, "%s", failure.message);
	return count == 0 ? 1 : 0;
}

/* --- find ------------------------------------------------------------------------------------ */

static void take_entry(struct restoring *all, const struct store_entry *entry)
{
	all->path = memory_copy(entry->path);
	for (int field = 0; field < MANIFEST_FIELDS; field++)
		manifest_set(&all->manifest, (enum manifest_field)field,
			manifest_get(&entry->manifest, (enum manifest_field)field));
}

static const char *schema_of(const struct restoring *all)
{
	const char *schema = all->config.database_schema;
	return schema != NULL ? schema : "";
}

static const char *field_of(const struct store_entry *entry, enum manifest_field field)
{
	return manifest_get(&entry->manifest, field);
}

/* Of one database, as far as the manifests tell. */
static bool is_of_one(const struct store_entry *one, const struct store_entry *other)
{
	return text_equal(field_of(one, MANIFEST_URL), field_of(other, MANIFEST_URL)) &&
	       store_is_identity(
		       field_of(one, MANIFEST_IDENTITY), field_of(other, MANIFEST_IDENTITY));
}

/* The newest of ours (of another one at our address, where ours is false), or with --into of any.
 * What a restore has put aside is restored by its name. NULL with an error for more than one
 * database, without one for none. */
static const struct store_entry *newest(const struct restoring *all, bool ours, struct error *error)
{
	const struct store_entry *found = NULL;
	bool any = all->job->restore.into;
	for (size_t i = 0; i < all->store.count; i++) {
		const struct store_entry *entry = &all->store.entries[i];
		bool fits = text_equal(field_of(entry, MANIFEST_SCHEMA), schema_of(all)) &&
			    (any || text_equal(field_of(entry, MANIFEST_URL), all->place)) &&
			    (any || !ours ||
				    store_is_identity(
					    field_of(entry, MANIFEST_IDENTITY), all->identity));
		if (!fits || store_is_safety(entry))
			continue;
		if (found == NULL) {
			found = entry;
		} else if (!is_of_one(found, entry)) {
			(void)error_set(error, STATUS_RESTORE,
				"%s holds backups of more than one database%s: name the file "
				"(tminus backup --list shows them)",
				all->config.backup_directory, any ? "" : " of this address");
			return NULL;
		}
	}
	return found;
}

/* Those of another server, or file, with our address are taken where nothing is there yet: ours was
 * lost then. */
static const struct store_entry *newest_of_a_lost_one(
	const struct restoring *all, struct error *error)
{
	const struct store_entry *found = newest(all, false, error);
	int empty = found != NULL ? is_empty(all, error) : -1;
	if (empty == 0)
		(void)error_set(error, STATUS_RESTORE,
			"the backups of %s in %s are of another server's, or file's, with that "
			"address: name the file (tminus backup --list shows them)",
			all->display, all->config.backup_directory);
	return empty > 0 ? found : NULL;
}

static int find_latest(struct restoring *all, struct error *error)
{
	error->status = 0;
	const struct store_entry *found = newest(all, true, error);
	if (found == NULL && error->status == 0)
		found = newest_of_a_lost_one(all, error);
	if (found == NULL && error->status == 0)
		return error_set(error, STATUS_RESTORE, "there is no backup of %s in %s",
			all->display, all->config.backup_directory);
	if (found == NULL)
		return -1;
	take_entry(all, found);
	return 0;
}

/* What upgrade.on_failure = restore wants. */
static int find_own(struct restoring *all, struct error *error)
{
	const struct store_entry *found = store_newest(&all->store, all->place, all->job->boot_id);
	if (found == NULL)
		return error_set(
			error, STATUS_RESTORE, "this boot has made no backup of %s", all->display);
	take_entry(all, found);
	return 0;
}

/* A file's kind by its first bytes. */
static void guess(struct restoring *all)
{
	static const struct {
		const char *begins;
		const char *kind;
		const char *format;
	} magics[] = {
		{"PGDMP", "postgres", FORMAT_PG_CUSTOM},
		{"SQLite format 3", "sqlite", FORMAT_SQLITE},
		{"-- MySQL dump", "mysql", FORMAT_SQL},
		{"-- MariaDB dump", "mysql", FORMAT_SQL},
		{"/*M!", "mysql", FORMAT_SQL},
		{"/*!999999", "mysql", FORMAT_SQL},
		{"\x1f\x8b", "mysql", FORMAT_SQL_GZIP},
	};
	char bytes[32] = "";
	autoclose int file = open(all->path, O_RDONLY | O_CLOEXEC);
	ssize_t ignored = file >= 0 ? read(file, bytes, sizeof bytes - 1) : 0;
	(void)ignored;
	for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++)
		if (text_starts_with(bytes, magics[i].begins)) {
			manifest_set(&all->manifest, MANIFEST_KIND, magics[i].kind);
			manifest_set(&all->manifest, MANIFEST_FORMAT, magics[i].format);
		}
}

/* Backups that others made are taken too, where they can be told. */
static int take_file(struct restoring *all, const char *name, struct error *error)
{
	struct text text = {0};
	all->path = realpath(name, NULL);
	if (all->path == NULL)
		return error_set_errno(error, STATUS_RESTORE, errno,
			"%s (tminus backup --list shows what is in backup.directory)", name);
	text_add_format(&text, "%s%s", all->path, MANIFEST_SUFFIX);
	autofree char *manifest = text_take(&text);
	if (access(manifest, F_OK) == 0)
		return manifest_read(manifest, &all->manifest, error);
	guess(all);
	if (manifest_get(&all->manifest, MANIFEST_KIND)[0] == '\0')
		return error_set(error, STATUS_RESTORE,
			"%s has no manifest, and is no dump of pg_dump -Fc, mariadb-dump or "
			"mysqldump, and no SQLite file",
			all->path);
	text_add_format(&text,
		"warning: %s has no manifest: whether it is whole, and whose it is, cannot be "
		"checked; tables that it does not hold will be gone",
		all->path);
	tell(all, MESSAGE_PROGRESS, text.bytes);
	text_free(&text);
	return 0;
}

static int find(struct restoring *all, struct error *error)
{
	const char *file = all->job->restore.file;
	const char *directory = all->config.backup_directory;
	bool named = file != NULL && !text_equal(file, "latest");
	if (directory != NULL && store_read(directory, &all->store, error) != 0 && !named)
		return -1;
	if (directory == NULL && !named)
		return error_set(error, STATUS_RESTORE,
			"backup.directory is not set: name the file by its path");
	if (file == NULL)
		return find_own(all, error);
	if (!named)
		return open_target(all, error) == 0 ? find_latest(all, error) : -1;
	const struct store_entry *found =
		strchr(file, '/') == NULL ? store_find(&all->store, file) : NULL;
	if (found == NULL)
		return take_file(all, file, error);
	take_entry(all, found);
	return 0;
}

/* --- check ----------------------------------------------------------------------------------- */

static int check_digest(const struct restoring *all, struct error *error)
{
	char digest[SHA256_TEXT];
	long long size = 0;
	const char *wanted = manifest_get(&all->manifest, MANIFEST_SHA256);
	autoclose int file = all->path != NULL ? open(all->path, O_RDONLY | O_CLOEXEC) : -1;
	if (file < 0 || store_digest(file, digest, &size) != 0)
		return error_set_errno(error, STATUS_RESTORE, errno, "%s", all->path);
	if (wanted[0] == '\0')
		return 0;
	if (size != strtoll(manifest_get(&all->manifest, MANIFEST_SIZE), NULL, 10))
		return error_set(error, STATUS_RESTORE,
			"%s is damaged: it has %lld bytes, and its manifest says %s", all->path,
			size, manifest_get(&all->manifest, MANIFEST_SIZE));
	if (!text_equal(digest, wanted))
		return error_set(error, STATUS_RESTORE,
			"%s is damaged: its SHA-256 is not what its manifest says", all->path);
	return 0;
}

static int check_kind(const struct restoring *all, struct error *error)
{
	static const char *const kinds[] = {[DATABASE_POSTGRES] = "postgres",
		[DATABASE_MYSQL] = "mysql",
		[DATABASE_SQLITE] = "sqlite"};
	const char *kind = manifest_get(&all->manifest, MANIFEST_KIND);
	const char *schema = manifest_get(&all->manifest, MANIFEST_SCHEMA);
	if (!text_equal(kind, kinds[all->job->wait->database->kind]))
		return error_set(error, STATUS_RESTORE,
			"%s is a backup of a %s database, and %s is of kind %s", all->path, kind,
			all->display, kinds[all->job->wait->database->kind]);
	/* Of one without a manifest it is not known. */
	if (manifest_get(&all->manifest, MANIFEST_SHA256)[0] == '\0' ||
		text_equal(schema, schema_of(all)))
		return 0;
	return error_set(error, STATUS_RESTORE,
		"%s is a backup of database.schema = \"%s\", and here it is \"%s\"", all->path,
		schema, schema_of(all));
}

/* The tables of migration tools: with rows alone, the structure is at another revision. */
static void keep_tables(struct restoring *all)
{
	static const char *const versions[] = {"alembic_version", "schema_migrations",
		"ar_internal_metadata", "knex_migrations", "knex_migrations_lock",
		"django_migrations", "_prisma_migrations", "flyway_schema_history",
		"goose_db_version", NULL};
	struct list *kept = &all->restore.kept;
	const struct list *excluded = all->job->restore.exclude;
	for (size_t i = 0; excluded != NULL && i < excluded->count; i++)
		list_append(kept, excluded->items[i]);
	for (size_t i = 0; all->restore.data_only && versions[i] != NULL; i++)
		list_append(kept, versions[i]);
	if (all->restore.data_only && all->config.upgrade_version_table != NULL)
		list_append(kept, all->config.upgrade_version_table);
	static const struct words_options options = {.kind = WORDS_LIST};
	struct error ignored;
	(void)words_split(manifest_get(&all->manifest, MANIFEST_EXCLUDE), &options, kept, &ignored);
}

static int check(struct restoring *all, struct error *error)
{
	if (check_digest(all, error) != 0 || check_kind(all, error) != 0 ||
		(all->restore.session == NULL && open_target(all, error) != 0))
		return -1;
	all->restore.path = all->path;
	all->restore.partial = manifest_get(&all->manifest, MANIFEST_TABLES)[0] != '\0';
	keep_tables(all);
	return restore_check(&all->restore, error);
}

/* --- others, safety -------------------------------------------------------------------------- */

static int check_others(struct restoring *all, struct error *error)
{
	struct text who = {0};
	int count = restore_others(&all->restore, &who, error);
	if (count > 0 && !all->job->restore.force)
		(void)error_set(error, STATUS_RESTORE,
			"others are connected to %s: %.500s; stop them, or say --force",
			all->display, who.bytes);
	bool refused = count < 0 || (count > 0 && !all->job->restore.force);
	text_free(&who);
	return refused ? -1 : 0;
}

/* Of everything, whatever is usual; and nothing is deleted for it, least of all what is restored.
 */
static int make_safety(struct restoring *all, struct error *error)
{
	struct backup_job job = *all->job;
	if (all->config.backup_directory == NULL)
		return error_set(error, STATUS_RESTORE,
			"backup.directory is not set, so that what is there now cannot be backed "
			"up first");
	all->config.backup_tables = (struct list){0};
	all->config.backup_exclude = (struct list){0};
	all->config.backup_keep = 0;
	job.config = &all->config;
	job.reason = WORK_RESTORE;
	if (backup_make(&job, all->channel, &all->safety, NULL, error) == 0)
		return 0;
	error->status = STATUS_RESTORE;
	return -1;
}

static int secure(struct restoring *all, struct error *error)
{
	int empty = is_empty(all, error);
	if (empty < 0)
		return -1;
	if (empty == 0)
		return make_safety(all, error);
	tell(all, MESSAGE_PROGRESS, "nothing is there yet: no backup of it is made");
	return 0;
}

/* --- the whole ------------------------------------------------------------------------------- */

static void tell_begin(const struct restoring *all)
{
	char text[TEXT_SIZE];
	const char *of = manifest_get(&all->manifest, MANIFEST_URL);
	bool elsewhere = !text_equal(of, all->place);
	(void)snprintf(text, sizeof text, "%s%s%s%s%s", text_last_part(all->path),
		of[0] != '\0' ? ", backup of " : "", of, elsewhere ? ", into " : "",
		elsewhere ? all->display : "");
	tell(all, MESSAGE_PROGRESS, text);
}

static void tell_end(const struct restoring *all)
{
	char text[TEXT_SIZE];
	char room[DURATION_SIZE];
	const char *revision =
		all->restore.data_only ? "" : manifest_get(&all->manifest, MANIFEST_REVISION);
	(void)snprintf(text, sizeof text, "%s is restored from %s after %s: %s%s%s%s%s",
		all->display, text_last_part(all->path),
		text_duration(clock_now() - all->begun, room, sizeof room), all->restore.done,
		revision[0] != '\0' ? ", at revision " : "", revision,
		all->safety != NULL ? "; what was there before is in " : "",
		all->safety != NULL ? text_last_part(all->safety) : "");
	tell(all, MESSAGE_READY, text);
}

static void tell_safety(const struct restoring *all)
{
	char text[TEXT_SIZE];
	if (all->safety == NULL)
		return;
	(void)snprintf(
		text, sizeof text, "the backup from before it: tminus restore %s", all->safety);
	tell(all, MESSAGE_PROGRESS, text);
}

/* Rows that are there already are what fails most often; always -1. */
static int advise(const struct restoring *all, struct error *error)
{
	if (!all->restore.data_only || all->restore.truncate)
		return -1;
	autofree char *why = memory_copy(error->message);
	return error_set(error, STATUS_RESTORE,
		"%s (where rows are in the way: --truncate empties the tables first)", why);
}

static int restore_all(struct restoring *all, struct error *error)
{
	if (find(all, error) != 0 || check(all, error) != 0 || check_others(all, error) != 0)
		return -1;
	tell_begin(all);
	if (secure(all, error) != 0)
		return -1;
	session_close(all->restore.session); /* it may have been idle for too long */
	if (open_target(all, error) != 0)
		return -1;
	all->restore.safety = all->safety;
	if (restore_apply(&all->restore, error) != 0) {
		tell_safety(all);
		return advise(all, error);
	}
	tell_end(all);
	return 0;
}

void restore_tell_unfinished(const char *directory, const struct wait_job *wait, int channel)
{
	autofree char *place = database_url_place(wait->database);
	autofree char *text = restore_unfinished(directory, place);
	if (text != NULL)
		(void)message_send(channel, MESSAGE_PROGRESS, 0, text);
}

/* A relative path means the folder that we were started in, not where SQLite's begin. */
static char *absolute(const char *path)
{
	char *found = path != NULL ? realpath(path, NULL) : NULL;
	return found != NULL || path == NULL ? found : memory_copy(path);
}

static void prepare(struct restoring *all, const struct backup_job *job, char *application)
{
	all->config = *job->config;
	all->config.backup_directory = absolute(job->config->backup_directory);
	all->display = database_url_display(job->wait->database);
	all->place = database_url_place(job->wait->database);
	all->restore = (struct restore){
		.config = &all->config,
		.url = &all->url,
		.manifest = &all->manifest,
		.data_only = job->restore.data_only,
		.truncate = job->restore.truncate,
		.application = application,
		.display = all->display,
		.place = all->place,
		.tick = tick,
		.tell = tell_progress,
		.context = all,
	};
}

int restore_child(void *context, int channel)
{
	const struct backup_job *job = context;
	struct error error = {0};
	char application[WORK_SESSION_SIZE];
	struct restoring all = {
		.job = job, .channel = channel, .begun = clock_now(), .told = clock_now()};
	(void)work_session_name(job->boot_id, application);
	prepare(&all, job, application);
	if (restore_all(&all, &error) == 0)
		return 0;
	(void)message_send(channel, MESSAGE_REFUSED, STATUS_RESTORE, error.message);
	return STATUS_RESTORE;
}
