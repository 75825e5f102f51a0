/* MySQL and MariaDB: the dump tool of either, through gzip where there is one. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "backup/dump.h"
#include "backup/tool.h"
#include "base/memory.h"
#include "base/text.h"
#include "database/query.h"
#include "process/exec.h"

#define GZIP "gzip"
#define COMPRESSES 5
#define MARKER "-- Dump completed"
#define TAIL 128

/* Rows name their columns, so that they can be restored alone. What either tool has, and what only
 * MySQL's has: a GTID set is not this database's alone, and MariaDB has no column statistics.
 * Tablespaces would need the right PROCESS. mysqldump(1) */
static const char dump_options[] = "[mysqldump]\n"
				   "single-transaction\n"
				   "quick\n"
				   "triggers\n"
				   "hex-blob\n"
				   "complete-insert\n"
				   "no-tablespaces\n"
				   "loose-set-gtid-purged=OFF\n"
				   "loose-column-statistics=0\n";

/* MariaDB's tool writes the values of generated columns, which MySQL does not take back (3105). */
static int check_generated(struct dump *dump, bool is_mysql, struct error *error)
{
	struct rows rows = {0};
	struct failure failure;
	if (!is_mysql || strstr(manifest_get(dump->manifest, MANIFEST_TOOL), "MariaDB") == NULL)
		return 0;
	int result = session_query(dump->session,
		"SELECT COUNT(*) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() "
		"AND GENERATION_EXPRESSION <> ''",
		&rows, &failure);
	long long count = result == 0 ? rows_number(&rows, 0, 0) : 0;
	rows_clear(&rows);
	if (count == 0)
		return 0;
	return error_set(error, STATUS_BACKUP,
		"there are generated columns, and MySQL does not take back what MariaDB's dump "
		"tool writes of them: install mysql-client, or name MySQL's own mysqldump in "
		"backup.command");
}

static int prepare(struct dump *dump, long long *size, struct error *error)
{
	static const char *const programs[] = {"mariadb-dump", "mysqldump", "mariadb-dump", NULL};
	struct error ignored;
	const struct config *config = dump->config;
	bool is_mysql = text_starts_with(manifest_get(dump->manifest, MANIFEST_SERVER), "MySQL");
	if (manifest_get(dump->manifest, MANIFEST_DATABASE)[0] == '\0')
		return error_set(error, STATUS_BACKUP, "%s names no database", dump->url->origin);
	if (dump_find_tool(dump, programs + is_mysql, is_mysql ? "mysql-client" : "mariadb-client",
		    error) != 0)
		return -1;
	if (check_generated(dump, is_mysql, error) != 0)
		return -1;
	bool zips =
		config->backup_compress && exec_look(GZIP, dump->environment.items, &ignored) == 0;
	dump->suffix = zips ? ".sql.gz" : ".sql";
	manifest_set(dump->manifest, MANIFEST_FORMAT, zips ? FORMAT_SQL_GZIP : FORMAT_SQL);
	if (zips)
		*size /= COMPRESSES;
	return 0;
}

static bool is_zipped(const struct dump *dump)
{
	return text_equal(manifest_get(dump->manifest, MANIFEST_FORMAT), FORMAT_SQL_GZIP);
}

/* Routines and events belong to the database, not to a table. */
static int make_options(const struct dump *dump)
{
	const struct config *config = dump->config;
	autofree char *options = session_tool_options(dump->url);
	struct text text = {0};
	text_add_format(&text, "%s%s", options, dump_options);
	if (config->backup_tables.count == 0)
		text_add(&text, "routines\nevents\n");
	for (size_t i = 0; i < config->backup_exclude.count; i++)
		text_add_format(&text, "ignore-table=\"%s.%s\"\n",
			manifest_get(dump->manifest, MANIFEST_DATABASE),
			config->backup_exclude.items[i]);
	int descriptor = tool_secret(text.bytes);
	text_free(&text);
	return descriptor;
}

/* The tool knows what it must not do, but not what to ask for. */
static int advise(struct error *error)
{
	autofree char *why = memory_copy(error->message);
	if (strstr(why, "denied") == NULL && strstr(why, "insufficient privileges") == NULL)
		return -1;
	return error_set(error, STATUS_BACKUP,
		"%s; a dump needs GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON the "
		"database, and SHOW_ROUTINE (MySQL) or SELECT ON mysql.proc (MariaDB) for routines "
		"of others",
		why);
}

/* --- verifying ------------------------------------------------------------------------------- */

struct tail {
	char bytes[TAIL + 1];
	size_t length;
};

static void take_tail(void *context, const char *bytes, size_t length)
{
	struct tail *tail = context;
	if (length > TAIL) {
		bytes += length - TAIL;
		length = TAIL;
	}
	size_t kept = tail->length < TAIL - length ? tail->length : TAIL - length;
	memmove(tail->bytes, tail->bytes + tail->length - kept, kept);
	memcpy(tail->bytes + kept, bytes, length);
	tail->length = kept + length;
}

/* gzip reads all of it, and knows by its checksum. */
static int read_zipped(const struct dump *dump, struct tail *tail, struct error *error)
{
	char *const unzip[] = {(char[]){GZIP}, (char[]){"-dc"}, NULL};
	autoclose int input = open(dump->path, O_RDONLY | O_CLOEXEC);
	const struct tool_run run = {.tools = {unzip},
		.environment = dump->environment.items,
		.input = input,
		.output = -1,
		.secret = -1,
		.take = take_tail,
		.context = tail};
	return tool_run(&run, STATUS_BACKUP, error);
}

static void read_plain(const struct dump *dump, struct tail *tail)
{
	char bytes[TAIL];
	off_t end = lseek(dump->descriptor, 0, SEEK_END);
	ssize_t count = pread(dump->descriptor, bytes, TAIL, end > TAIL ? end - TAIL : 0);
	if (count > 0)
		take_tail(tail, bytes, (size_t)count);
}

static int verify(const struct dump *dump, struct error *error)
{
	struct tail tail = {0};
	if (!is_zipped(dump))
		read_plain(dump, &tail);
	else if (read_zipped(dump, &tail, error) != 0)
		return -1;
	if (strstr(tail.bytes, MARKER) == NULL)
		return error_set(error, STATUS_BACKUP,
			"%s says that all went well, but the dump does not end with \"" MARKER "\"",
			dump->command.items[0]);
	manifest_set(dump->manifest, MANIFEST_VERIFIED,
		is_zipped(dump) ? "gzip, and the last line: " MARKER : "the last line: " MARKER);
	return 0;
}

static int write_dump(struct dump *dump, struct error *error)
{
	char *const zip[] = {(char[]){GZIP}, (char[]){"-c"}, NULL};
	struct list argv = {0};
	struct text option = {0};
	autoclose int secret = make_options(dump);
	text_add_format(&option, "--defaults-file=/proc/self/fd/%d", secret);
	tool_add_command(&argv, &dump->command, "");
	list_append_owned(&argv, text_take(&option));
	list_append(&argv, "--");
	list_append(&argv, manifest_get(dump->manifest, MANIFEST_DATABASE));
	for (size_t i = 0; i < dump->config->backup_tables.count; i++)
		list_append(&argv, dump->config->backup_tables.items[i]);
	dump_close_session(dump);
	const struct tool_run run = {.tools = {argv.items, is_zipped(dump) ? zip : NULL},
		.environment = dump->environment.items,
		.input = -1,
		.output = dump->descriptor,
		.secret = secret,
		.tick = dump->tick,
		.context = dump->context};
	int result = tool_run(&run, STATUS_BACKUP, error);
	list_clear(&argv);
	return result == 0 ? verify(dump, error) : advise(error);
}

const struct dump_kind dump_mysql = {
	.name = "mysql",
	.size_query = "SELECT DATABASE(), COALESCE(SUM(DATA_LENGTH), 0) FROM "
		      "information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()",
	.prepare = prepare,
	.write = write_dump,
};
