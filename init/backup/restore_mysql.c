#include "backup/restore.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backup/dump.h"
#include "backup/feed.h"
#include "backup/sql_dump.h"
#include "backup/tool.h"
#include "base/memory.h"
#include "process/exec.h"

/* SQL for how the names of this database's scratch databases begin: at most 64 characters, and
 * other databases of the server have restores too. */
#define SCRATCH "CONCAT('tminus_restore_', LEFT(SHA2(DATABASE(), 224), 12), '_')"

/* Both clients' options, behind those that reach the server. A row may be as long as servers take.
 */
static const char client_options[] = "[mysql]\nmax-allowed-packet=1073741824\n"
				     "binary-mode\n";

/* Tables first that need nothing of the server's, views before what they show. */
static const char drop_all[] = "SELECT TABLE_NAME, IF(TABLE_TYPE = 'VIEW', 'VIEW', 'TABLE') FROM "
			       "information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() "
			       "ORDER BY TABLE_TYPE = 'VIEW' DESC";
static const char drop_routines[] =
	"SELECT ROUTINE_NAME, ROUTINE_TYPE FROM information_schema.ROUTINES "
	"WHERE ROUTINE_SCHEMA = DATABASE() UNION ALL SELECT EVENT_NAME, 'EVENT' FROM "
	"information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE()";

/* One load on its way. */
struct load {
	struct restore *restore;
	struct sql_dump dump;
	char *database;
	int options; /* the client's option file */
	struct feed feed;
};

static int pass(void *context, const char *bytes, size_t length)
{
	const struct load *load = context;
	return feed_write(&load->feed, bytes, length);
}

/* The server's own client, or the other one, which does as well. */
static char *find_client(const struct restore *restore)
{
	bool is_mysql = text_starts_with(session_server(restore->session), "MySQL");
	struct error ignored;
	char *first = restore_tool(restore, is_mysql ? "mysql" : "mariadb");
	if (exec_look(first, restore->config->environment.items, &ignored) == 0)
		return first;
	memory_free_at(&first);
	return restore_tool(restore, is_mysql ? "mariadb" : "mysql");
}

static bool is_zipped(const struct restore *restore, const char *path)
{
	size_t length = strlen(path);
	return path == restore->path ? text_equal(manifest_get(restore->manifest, MANIFEST_FORMAT),
					       FORMAT_SQL_GZIP)
				     : length > 3 && text_equal(path + length - 3, ".gz");
}

static struct sql_dump dump_of(const struct restore *restore, const char *path)
{
	return (struct sql_dump){.path = path,
		.zipped = is_zipped(restore, path),
		.environment = restore->config->environment.items};
}

/* --- before anything is changed -------------------------------------------------------------- */

static int scan(const struct restore *restore, struct sql_dump *dump, struct error *error)
{
	*dump = dump_of(restore, restore->path);
	if (sql_dump_read(dump, error) != 0)
		return -1;
	if (!dump->is_complete)
		return error_set(error, STATUS_RESTORE,
			"%s does not end with \"-- Dump completed\": it is not whole, or no dump",
			restore->path);
	if (dump->databases.count > 1)
		return error_set(error, STATUS_RESTORE,
			"%s is a dump of %zu databases: make one of this database alone",
			restore->path, dump->databases.count);
	return 0;
}

int restore_check_mysql(struct restore *restore, struct error *error)
{
	struct sql_dump dump;
	struct error ignored;
	if (restore->url->name == NULL)
		return error_set(error, STATUS_RESTORE, "%s names no database", restore->display);
	autofree char *client = find_client(restore);
	if (exec_look(client, restore->config->environment.items, &ignored) != 0)
		return error_set(error, STATUS_RESTORE,
			"there is no mariadb and no mysql here: install mariadb-client in this "
			"image");
	int result = scan(restore, &dump, error);
	sql_dump_clear(&dump);
	return result;
}

/* --- loading --------------------------------------------------------------------------------- */

static int say(const struct load *load, const char *text)
{
	return feed_write(&load->feed, text, strlen(text));
}

#define RULE "--------------" /* stands before and behind a statement that failed */

/* Where the server quotes the statement in what it says of it. MariaDB's errmsg-utf8.txt */
static const struct {
	const char *opening;
	const char *closing;
} quotes[] = {{"near '", "' at line "}, {"entry '", "' for key "}, {"value: '", "' for "},
	{"value: '", "'"}, {"text: \"", "\""}, {"range in '", "'"}};

/* Always to the last closing: a row can hold it too. */
static void cut_quote(char *said, const char *opening, const char *closing)
{
	char *from = strstr(said, opening);
	char *end = NULL;
	if (from == NULL)
		return;
	from += strlen(opening);
	for (char *at = strstr(from, closing); at != NULL; at = strstr(at + 1, closing))
		end = at;
	if (end == NULL)
		*from = '\0';
	else
		memmove(from, end, strlen(end) + 1);
}

/* The client prints the statement that failed, with its rows, which are nobody's business, and the
 * server quotes it. */
static void hide_rows(struct error *error)
{
	static const char error_behind[] = RULE "  ERROR ";
	char *said = strstr(error->message, ": ");
	char *last = NULL;
	if (said == NULL)
		return;
	said += 2;
	for (char *at = said; (at = strstr(at, error_behind)) != NULL; at++)
		last = at + sizeof RULE + 1;
	for (char *at = said; last == NULL && (at = strstr(at, "ERROR ")) != NULL; at++)
		if (strstr(at + 1, "ERROR ") == NULL)
			last = at;
	if (last != NULL)
		memmove(said, last, strlen(last) + 1);
	else if ((last = strstr(said, RULE)) != NULL)
		*last = '\0';
	for (size_t i = 0; i < sizeof quotes / sizeof quotes[0]; i++)
		cut_quote(said, quotes[i].opening, quotes[i].closing);
}

/* Feeds the client with before, the dump, and behind. What the client says counts, for the dump
 * ends when it has ended. */
static int feed_client(
	struct load *load, const char *before, const char *behind, struct error *error)
{
	struct error reading = {0};
	load->dump.pass = pass;
	load->dump.context = load;
	int result = say(load, before);
	if (result == 0)
		result = sql_dump_read(&load->dump, &reading);
	if (result == 0 && !load->dump.stopped)
		result = say(load, behind);
	if (feed_end(&load->feed, error) != 0) {
		hide_rows(error);
		return -1;
	}
	if (reading.status != 0)
		*error = reading;
	return result;
}

static int run_client(
	struct load *load, const char *before, const char *behind, struct error *error)
{
	char options[48];
	autofree char *client = find_client(load->restore);
	char database[] = "--database";
	(void)snprintf(options, sizeof options, "--defaults-file=/proc/self/fd/%d", load->options);
	char *const argv[] = {client, options, database, load->database, NULL};
	const struct tool_run run = {.tools = {argv},
		.environment = load->restore->config->environment.items,
		.output = -1,
		.secret = load->options,
		.tick = load->restore->tick,
		.context = load->restore->context};
	if (feed_begin(&load->feed, run, error) != 0)
		return -1;
	return feed_client(load, before, behind, error);
}

/* Loads into database what load->dump says. */
static int run_load(struct load *load, const char *database, const char *before, const char *behind,
	struct error *error)
{
	autofree char *address = session_tool_options(load->restore->url);
	autofree char *name = memory_copy(database);
	struct text text = {0};
	text_add_format(&text, "%s%s", address, client_options);
	load->options = tool_secret(text.bytes);
	text_free(&text);
	if (load->options < 0)
		return error_set(error, STATUS_RESTORE, "no memory for the client's options");
	load->database = name;
	int result = run_client(load, before, behind, error);
	(void)close(load->options);
	sql_dump_clear(&load->dump);
	return result;
}

/* --- proof ----------------------------------------------------------------------------------- */

static int drop_scratch(struct session *session, const char *name, struct failure *failure)
{
	struct text sql = {0};
	text_add_format(&sql, "DROP DATABASE `%s`", name);
	int result = session_query(session, sql.bytes, NULL, failure);
	text_free(&sql);
	return result;
}

char *restore_drop_scratch(struct session *session)
{
	static const char find[] = "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE "
				   "LEFT(SCHEMA_NAME, LENGTH(" SCRATCH ")) = " SCRATCH;
	struct rows rows = {0};
	struct text text = {0};
	struct failure failure = {0};
	if (session_kind(session) == DATABASE_MYSQL)
		(void)session_query(session, find, &rows, &failure);
	for (size_t i = 0; i < rows_count(&rows); i++) {
		const char *name = rows_value(&rows, i, 0);
		bool gone = drop_scratch(session, name, &failure) == 0;
		text_add_format(&text, "%s%s, which a restore that was killed has left, %s%s",
			i > 0 ? "; " : "", name,
			gone ? "is dropped" : "cannot be dropped: ", gone ? "" : failure.message);
	}
	rows_clear(&rows);
	return text.length > 0 ? text_take(&text) : NULL;
}

static char *name_scratch(const struct restore *restore)
{
	struct rows rows = {0};
	struct text name = {0};
	struct error ignored;
	(void)restore_ask(restore, "SELECT " SCRATCH, &rows, &ignored);
	text_add_format(&name, "%s%s", rows_value(&rows, 0, 0), restore->application);
	rows_clear(&rows);
	return text_take(&name);
}

/* All of the backup goes into a database of its own first, where the role may make one. */
static int prove(struct restore *restore, struct error *error)
{
	struct text sql = {0};
	struct error why = {0};
	struct failure ignored;
	autofree char *name = name_scratch(restore);
	autofree char *left = restore_drop_scratch(restore->session);
	if (left != NULL)
		restore->tell(restore->context, left);
	text_add_format(&sql, "CREATE DATABASE `%s`", name);
	int result = restore_ask(restore, sql.bytes, NULL, &why);
	text_free(&sql);
	if (result != 0)
		return 0;
	struct load load = {.restore = restore, .dump = dump_of(restore, restore->path)};
	result = run_load(&load, name, "SET foreign_key_checks = 0;\n", "", &why);
	(void)drop_scratch(restore->session, name, &ignored);
	if (result == 0)
		return 0;
	return error_set(error, STATUS_RESTORE,
		"the backup cannot be loaded, as a scratch database shows; nothing is changed: "
		"%.700s",
		why.message);
}

/* --- the whole ------------------------------------------------------------------------------- */

static int add_drops(const struct restore *restore, const char *query, const struct list *kept,
	struct text *sql, struct error *error)
{
	struct rows rows = {0};
	if (restore_ask(restore, query, &rows, error) != 0)
		return -1;
	for (size_t i = 0; i < rows_count(&rows); i++) {
		const char *name = rows_value(&rows, i, 0);
		autofree char *quoted = sql_dump_quoted(name);
		if (kept == NULL || !list_has(kept, name))
			text_add_format(
				sql, "DROP %s IF EXISTS %s;\n", rows_value(&rows, i, 1), quoted);
	}
	rows_clear(&rows);
	return 0;
}

/* Drops everything but kept, and loads the dump at path. */
static int replace(struct restore *restore, const char *path, const struct list *kept, bool drops,
	bool routines, struct error *error)
{
	struct text sql = {0};
	struct load load = {.restore = restore, .dump = dump_of(restore, path)};
	load.dump.left_out = kept;
	text_add(&sql, "SET foreign_key_checks = 0;\n");
	int result = !drops ? 0 : add_drops(restore, drop_all, kept, &sql, error);
	if (result == 0 && drops && routines)
		result = add_drops(restore, drop_routines, NULL, &sql, error);
	if (result == 0)
		result = run_load(&load, restore->url->name, sql.bytes, "", error);
	text_free(&sql);
	return result;
}

/* The safety backup is put back; without one there was nothing. True when all is as it was. */
static bool put_back(struct restore *restore, struct error *error)
{
	struct error why = *error;
	struct error again = {0};
	if (restore->safety == NULL) {
		(void)error_set(error, STATUS_RESTORE,
			"%.700s; there was nothing before, and what is there now is incomplete",
			why.message);
		return true;
	}
	restore->tell(restore->context, "failed; the safety backup is being put back");
	bool back = replace(restore, restore->safety, NULL, true, true, &again) == 0;
	if (back)
		(void)error_set(error, STATUS_RESTORE,
			"%.800s; all is as it was: the safety backup was put back", why.message);
	else
		(void)error_set(error, STATUS_RESTORE,
			"%.400s; and putting the safety backup back failed too: %.300s; once that "
			"is put right: tminus restore --force %s",
			why.message, again.message, restore->safety);
	return back;
}

/* A dump drops each of its own tables; what came later goes too, unless the backup was of some
 * tables only. */
static int restore_whole(struct restore *restore, const struct sql_dump *dump, struct error *error)
{
	bool drops = !restore->partial;
	if (prove(restore, error) != 0 || restore_mark(restore, error) != 0)
		return -1;
	int result =
		replace(restore, restore->path, &restore->kept, drops, dump->has_routines, error);
	if (result == 0 || put_back(restore, error))
		restore_unmark(restore);
	return result;
}

/* --- rows alone ------------------------------------------------------------------------------ */

static const char tables_here[] = "SELECT TABLE_NAME FROM information_schema.TABLES "
				  "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE <> 'VIEW'";
static const char triggers_here[] = "SELECT DISTINCT EVENT_OBJECT_TABLE FROM "
				    "information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()";

/* Those of what a query names that the dump has, and that are not kept. */
static int find_hit(const struct restore *restore, const struct sql_dump *dump, const char *query,
	struct list *hit, struct error *error)
{
	struct rows rows = {0};
	if (restore_ask(restore, query, &rows, error) != 0)
		return -1;
	for (size_t i = 0; i < rows_count(&rows); i++) {
		const char *name = rows_value(&rows, i, 0);
		if (list_has(&dump->tables, name) && !list_has(&restore->kept, name))
			list_append(hit, name);
	}
	rows_clear(&rows);
	return 0;
}

/* Triggers would add their own rows, and cannot be switched off. */
static int check_triggers(
	const struct restore *restore, const struct sql_dump *dump, struct error *error)
{
	struct list with = {0};
	int result = find_hit(restore, dump, triggers_here, &with, error);
	if (result == 0 && with.count > 0)
		result = error_set(error, STATUS_RESTORE,
			"table %s has triggers, which would change what is restored, and MySQL "
			"cannot switch them off: leave it out (--exclude), or restore the whole",
			with.items[0]);
	list_clear(&with);
	return result;
}

/* In one transaction; DELETE, because TRUNCATE would end it. */
static int restore_rows(struct restore *restore, const struct list *hit, struct error *error)
{
	struct text sql = {0};
	struct load load = {.restore = restore, .dump = dump_of(restore, restore->path)};
	load.dump.rows_of = hit;
	text_add(&sql, "SET foreign_key_checks = 0;\nSTART TRANSACTION;\n");
	for (size_t i = 0; restore->truncate && i < hit->count; i++) {
		autofree char *quoted = sql_dump_quoted(hit->items[i]);
		text_add_format(&sql, "DELETE FROM %s;\n", quoted);
	}
	int result = run_load(&load, restore->url->name, sql.bytes, "COMMIT;\n", error);
	text_free(&sql);
	return result;
}

static int restore_some(struct restore *restore, const struct sql_dump *dump, struct error *error)
{
	struct list hit = {0};
	int result = find_hit(restore, dump, tables_here, &hit, error);
	restore_count(restore, (long long)hit.count);
	if (result == 0)
		result = check_triggers(restore, dump, error);
	if (result == 0)
		result = restore_rows(restore, &hit, error);
	list_clear(&hit);
	return result;
}

int restore_apply_mysql(struct restore *restore, struct error *error)
{
	struct sql_dump dump;
	int result = scan(restore, &dump, error);
	restore_count(restore, (long long)dump.tables.count);
	if (result == 0)
		result = restore->data_only ? restore_some(restore, &dump, error)
					    : restore_whole(restore, &dump, error);
	sql_dump_clear(&dump);
	return result;
}
