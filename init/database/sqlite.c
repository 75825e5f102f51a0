#include "database/driver.h"

#include <errno.h>
#include <libgen.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "database/failure.h"

#define BUSY_LIMIT 10000 /* ms that a statement waits for another writer */
#define COPY_PAGES 1000	 /* between two ticks */

/* A file that is not there yet has no handle: the tool or the app creates it, tminus never does. */
struct sqlite {
	struct connection base;
	char *path;	 /* NULL for a database in memory */
	sqlite3 *handle; /* NULL while there is no file */
};

static int no_access(const char *path, const char *what, struct failure *failure)
{
	return failure_set(failure, failure_of_kind(FAILURE_NO_ACCESS), "", "%s: %s: %s", path,
		what, strerror(errno));
}

/* Where the file is missing: can it be created? A volume may be mounted late. */
static int check_folder(const char *path, struct failure *failure)
{
	autofree char *copy = memory_copy(path);
	const char *folder = dirname(copy);
	struct stat status;
	if (stat(folder, &status) != 0 && errno == ENOENT)
		return failure_set(failure, failure_of_kind(FAILURE_NO_FOLDER), "",
			"%s: there is no folder %s", path, folder);
	if (access(folder, W_OK | X_OK) != 0)
		return no_access(
			path, "the file is not there and its folder cannot be written", failure);
	return 0;
}

/* 1 when the file is there, 0 when it can be created, -1 and failure. */
static int check_file(const char *path, bool writable, struct failure *failure)
{
	struct stat status;
	if (stat(path, &status) != 0) {
		if (errno != ENOENT)
			return no_access(path, "cannot be looked at", failure);
		return check_folder(path, failure);
	}
	if (!S_ISREG(status.st_mode))
		return failure_set(failure, failure_of_kind(FAILURE_NO_ACCESS), "",
			"%s: not a regular file", path);
	if (access(path, writable ? R_OK | W_OK : R_OK) != 0)
		return no_access(path, writable ? "cannot be written" : "cannot be read", failure);
	autofree char *copy = memory_copy(path);
	if (writable && access(dirname(copy), W_OK | X_OK) != 0)
		return no_access(
			path, "its folder, where the journal goes, cannot be written", failure);
	return 1;
}

static int tell_sqlite(const struct sqlite *sqlite, int code, struct failure *failure)
{
	char number[12];
	(void)snprintf(number, sizeof number, "%d", code);
	return failure_set(failure, failure_of_sqlite(code), number, "%s: %s", sqlite->path,
		sqlite3_errstr(code));
}

static int run(const struct sqlite *sqlite, const char *sql, struct failure *failure)
{
	if (sqlite3_exec(sqlite->handle, sql, NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	return tell_sqlite(sqlite, sqlite3_extended_errcode(sqlite->handle), failure);
}

/* schema_version reads the file's header under a shared lock; BEGIN IMMEDIATE takes the lock of a
 * writer, and changes nothing. SQLite: "File Locking And Concurrency", "PRAGMA Statements" */
static int check_handle(const struct sqlite *sqlite, bool writable, struct failure *failure)
{
	if (run(sqlite, "PRAGMA schema_version", failure) != 0)
		return -1;
	if (!writable)
		return 0;
	if (sqlite3_db_readonly(sqlite->handle, "main") == 1)
		return tell_sqlite(sqlite, SQLITE_READONLY, failure);
	if (run(sqlite, "BEGIN IMMEDIATE", failure) != 0)
		return -1;
	return run(sqlite, "ROLLBACK", failure);
}

static int open_handle(struct sqlite *sqlite, bool writable, struct failure *failure)
{
	int flags = writable ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
	int code = sqlite3_open_v2(sqlite->path, &sqlite->handle, flags, NULL);
	if (code == SQLITE_OK)
		return 0;
	(void)sqlite3_close(sqlite->handle);
	sqlite->handle = NULL;
	return tell_sqlite(sqlite, code, failure);
}

static int sqlite_check(struct connection *connection, bool writable, struct failure *failure)
{
	struct sqlite *sqlite = (struct sqlite *)connection;
	if (sqlite->path == NULL)
		return 0;
	int there = check_file(sqlite->path, writable, failure);
	if (there <= 0)
		return there;
	if (sqlite->handle == NULL && open_handle(sqlite, writable, failure) != 0)
		return -1;
	return check_handle(sqlite, writable, failure);
}

static int add_row(void *context, int columns, char **values, char **names)
{
	struct rows *rows = context;
	(void)names;
	if (rows == NULL)
		return 0;
	rows->columns = (size_t)columns;
	for (int column = 0; column < columns; column++)
		list_append(&rows->values, values[column] != NULL ? values[column] : "");
	return 0;
}

/* A file that is not there gives no rows: its tables are as missing as those of an empty one. */
static int sqlite_query(
	struct connection *connection, const char *sql, struct rows *rows, struct failure *failure)
{
	struct sqlite *sqlite = (struct sqlite *)connection;
	if (sqlite->handle == NULL && sqlite_check(connection, true, failure) != 0)
		return -1;
	if (sqlite->handle == NULL)
		return 0;
	(void)sqlite3_busy_timeout(sqlite->handle, BUSY_LIMIT);
	int result = sqlite3_exec(sqlite->handle, sql, add_row, rows, NULL);
	(void)sqlite3_busy_timeout(sqlite->handle, 0);
	if (result == SQLITE_OK)
		return 0;
	char code[12];
	int number = sqlite3_extended_errcode(sqlite->handle);
	(void)snprintf(code, sizeof code, "%d", number);
	return failure_set(failure, failure_of_sqlite(number), code, "%s: %s", sqlite->path,
		sqlite3_errmsg(sqlite->handle));
}

/* sqlite3_mprintf(), %Q */
static char *sqlite_literal(struct connection *connection, const char *text)
{
	(void)connection;
	char *literal = sqlite3_mprintf("%Q", text);
	char *copy = memory_copy(literal != NULL ? literal : "''");
	sqlite3_free(literal);
	return copy;
}

/* In steps, so that the caller can tell how far it is. */
static int copy_pages(sqlite3_backup *backup, void (*tick)(void *context), void *context)
{
	int code;
	while ((code = sqlite3_backup_step(backup, COPY_PAGES)) == SQLITE_OK)
		if (tick != NULL)
			tick(context);
	int finished = sqlite3_backup_finish(backup);
	return code == SQLITE_DONE ? finished : code;
}

static int copy_now(const struct sqlite *from, const struct sqlite *to, void (*tick)(void *context),
	void *context, struct failure *failure)
{
	sqlite3_backup *backup = sqlite3_backup_init(to->handle, "main", from->handle, "main");
	int code = backup != NULL ? copy_pages(backup, tick, context)
				  : sqlite3_extended_errcode(to->handle);
	return code == SQLITE_OK ? 0 : tell_sqlite(to, code, failure);
}

/* The transaction keeps the source as it is: writers would make the copy begin anew, for ever. */
static int sqlite_copy(struct connection *source, struct connection *target,
	void (*tick)(void *context), void *context, struct failure *failure)
{
	struct sqlite *from = (struct sqlite *)source;
	struct sqlite *to = (struct sqlite *)target;
	if (from->handle == NULL || to->handle == NULL)
		return tell_sqlite(from->handle == NULL ? from : to, SQLITE_CANTOPEN, failure);
	(void)sqlite3_busy_timeout(to->handle, BUSY_LIMIT);
	if (sqlite_query(source, "BEGIN", NULL, failure) != 0 ||
		sqlite_query(source, "SELECT count(*) FROM sqlite_master", NULL, failure) != 0)
		return -1;
	int result = copy_now(from, to, tick, context, failure);
	(void)sqlite3_exec(from->handle, "ROLLBACK", NULL, NULL, NULL);
	return result;
}

static void sqlite_close(struct connection *connection)
{
	struct sqlite *sqlite = (struct sqlite *)connection;
	(void)sqlite3_close(sqlite->handle);
	free(sqlite->path);
	free(sqlite);
}

static int sqlite_open(
	const struct attempt *attempt, struct connection **connection, struct failure *failure)
{
	const char *path = attempt->url->name;
	bool in_memory = path == NULL || path[0] == '\0' || text_equal(path, ":memory:");
	struct sqlite *sqlite = memory_zeroed(1, sizeof *sqlite);
	/* For builds with SQLITE_OMIT_AUTOINIT; a literal may be asked for before there is a file.
	 */
	(void)sqlite3_initialize();
	sqlite->path = in_memory ? NULL : memory_copy(path);
	(void)snprintf(sqlite->base.server, sizeof sqlite->base.server, "SQLite %s%s",
		sqlite3_libversion(), in_memory ? ", in memory" : "");
	if (sqlite_check(&sqlite->base, attempt->options->writable, failure) != 0) {
		sqlite_close(&sqlite->base);
		return -1;
	}
	*connection = &sqlite->base;
	return 0;
}

const struct db_driver sqlite_driver = {
	.open = sqlite_open,
	.check = sqlite_check,
	.query = sqlite_query,
	.literal = sqlite_literal,
	.copy = sqlite_copy,
	.close = sqlite_close,
};
