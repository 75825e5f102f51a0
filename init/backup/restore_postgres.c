#include "backup/restore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup/feed.h"
#include "backup/tool.h"
#include "base/memory.h"
#include "config/variables.h"
#include "database/query.h"

/*
 * What is to be done is worked out by the server itself, of its catalog and of the archive's table
 * of contents ($t, as pg_restore --list prints it); $x are the tables that stay as they are, a line
 * each, and $n is the schema that all is in, or empty. A line of the contents without its numbers
 * and its owner is "TABLE DATA public users".
 *
 * rel: tables and sequences. stays: kept, and the archive knows nothing of it. saved: kept, and in
 * the archive: its rows are put aside. space: the schemas that it is about; one that holds nothing
 * of an extension's and is ours goes as a whole. object: what goes out of the others.
 * PostgreSQL manual 53, "System Catalogs"; pg_identify_object: 9.27
 */
static const char world[] =
	"WITH entry AS (SELECT nr, line, regexp_replace(regexp_replace(line, "
	"'^\\d+; \\d+ \\d+ ', ''), ' \\S*$', '') AS what FROM unnest(string_to_array($t, E'\\n')) "
	"WITH ORDINALITY AS u(line, nr) WHERE line ~ '^\\d+;'), "
	"name AS (SELECT string_to_array($x, E'\\n') AS names), "
	"member AS (SELECT classid, objid FROM pg_depend WHERE deptype = 'e'), "
	"rel AS (SELECT c.oid, c.relkind, c.relnamespace, c.relowner, "
	"format('%s %s', n.nspname, c.relname) AS label, c.oid::regclass::text AS ident, "
	"c.relname = ANY (names) OR n.nspname || '.' || c.relname = ANY (names) AS kept, "
	"m.objid IS NOT NULL AS extends, EXISTS (SELECT FROM entry WHERE what = "
	"format('TABLE DATA %s %s', n.nspname, c.relname)) AS stored "
	"FROM name, pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
	"LEFT JOIN member m ON m.classid = 'pg_class'::regclass AND m.objid = c.oid "
	"WHERE c.relkind IN ('r', 'p', 'S') AND n.nspname !~ '^pg_' "
	"AND n.nspname <> 'information_schema'), "
	"seq AS (SELECT s.oid, s.ident, s.label, o.refobjid AS owner FROM rel s "
	"LEFT JOIN pg_depend o ON o.classid = 'pg_class'::regclass AND o.objid = s.oid "
	"AND o.deptype IN ('a', 'i') AND o.refclassid = 'pg_class'::regclass "
	"WHERE s.relkind = 'S'), "
	"fk AS (SELECT oid, conrelid, confrelid, format('ALTER TABLE %s ADD CONSTRAINT %I %s;', "
	"conrelid::regclass, conname, pg_get_constraintdef(oid)) AS adds, "
	"format('ALTER TABLE %s DROP CONSTRAINT %I;', conrelid::regclass, conname) AS drops "
	"FROM pg_constraint WHERE contype = 'f' AND conparentid = 0)";

static const char whole_tables[] =
	", stays AS (SELECT * FROM rel WHERE kept AND NOT stored AND relkind <> 'S' "
	"AND NOT extends), "
	"saved AS (SELECT *, (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) "
	"FROM pg_attribute WHERE attrelid = rel.oid AND attnum > 0 AND NOT attisdropped "
	"AND attgenerated = '') AS columns FROM rel WHERE kept AND stored AND relkind = 'r' "
	"AND NOT extends), "
	"space AS (SELECT n.oid, n.nspname, n.nspname <> 'public' "
	"AND pg_has_role(n.nspowner, 'USAGE') "
	"AND NOT EXISTS (SELECT FROM pg_extension WHERE extnamespace = n.oid) "
	"AND NOT EXISTS (SELECT FROM stays WHERE relnamespace = n.oid) "
	"AND NOT EXISTS (SELECT FROM pg_depend d JOIN member USING (classid, objid) "
	"WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid) AS goes "
	"FROM pg_namespace n WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' "
	"AND NOT EXISTS (SELECT FROM member WHERE classid = 'pg_namespace'::regclass "
	"AND objid = n.oid) AND $n IN ('', n.nspname) "
	"AND (n.nspname = 'public' OR pg_has_role(n.nspowner, 'USAGE') "
	"OR EXISTS (SELECT FROM entry WHERE what = 'SCHEMA - ' || n.nspname))), "
	"object AS (SELECT i.type, i.identity FROM space JOIN pg_depend d "
	"ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = space.oid "
	"AND d.deptype = 'n' CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) i "
	"WHERE NOT goes AND NOT EXISTS (SELECT FROM member "
	"WHERE classid = d.classid AND objid = d.objid) "
	"AND NOT EXISTS (SELECT FROM stays LEFT JOIN seq ON seq.owner = stays.oid "
	"WHERE d.classid = 'pg_class'::regclass AND d.objid IN (stays.oid, seq.oid)) "
	"AND i.type = ANY ('{table,view,materialized view,foreign table,sequence,function,"
	"procedure,aggregate,type,collation,conversion,operator,operator class,operator family,"
	"text search configuration,text search dictionary,text search parser,"
	"text search template}')), "
	/* What is there already and stays; extensions, and what they brought, stay as they are. */
	"passed AS (SELECT 'SCHEMA - ' || nspname AS what FROM pg_namespace n WHERE NOT EXISTS "
	"(SELECT FROM space WHERE goes AND space.oid = n.oid) "
	"UNION ALL VALUES ('COMMENT - SCHEMA public'), ('ACL - SCHEMA public') "
	"UNION ALL SELECT 'PUBLICATION - ' || pubname FROM pg_publication "
	"UNION ALL SELECT 'SERVER - ' || srvname FROM pg_foreign_server "
	"UNION ALL SELECT 'FOREIGN DATA WRAPPER - ' || fdwname FROM pg_foreign_data_wrapper "
	"UNION ALL SELECT 'EVENT TRIGGER - ' || evtname FROM pg_event_trigger "
	"UNION ALL SELECT 'TABLE DATA ' || label FROM rel WHERE extends "
	"UNION ALL SELECT 'TABLE DATA ' || label FROM saved "
	"UNION ALL SELECT 'SEQUENCE SET ' || seq.label FROM seq JOIN saved ON owner = saved.oid) ";

static const char whole_plan[] =
	"SELECT (SELECT string_agg(line, E'\\n' ORDER BY nr) FROM entry "
	"WHERE what !~ '^(COMMENT - EXTENSION|SUBSCRIPTION) ' "
	"AND what NOT IN (SELECT what FROM passed)), "
	"concat((SELECT string_agg(format('CREATE TEMP TABLE tminus_kept_%s ON COMMIT DROP AS "
	"TABLE %s;', oid, ident), '') FROM saved), "
	"(SELECT string_agg(format('SELECT lo_unlink(%s);', oid), '') "
	"FROM pg_largeobject_metadata WHERE $n = ''), "
	"(SELECT string_agg(format('DROP SCHEMA %I CASCADE;', nspname), '') FROM space "
	"WHERE goes), "
	"(SELECT string_agg(format('DROP %s IF EXISTS %s CASCADE;', type, identity), '' "
	"ORDER BY type = 'sequence') FROM object), "
	/* A table that stays may have had a column of a type that has gone. */
	"(SELECT string_agg(format('DO $t$BEGIN IF (SELECT count(*) FROM pg_attribute WHERE "
	"attrelid = %s AND attnum > 0 AND NOT attisdropped) <> %s THEN RAISE ''%%'', %L; "
	"END IF; END$t$;', oid, (SELECT count(*) FROM pg_attribute WHERE attrelid = stays.oid "
	"AND attnum > 0 AND NOT attisdropped), "
	"format('%s has a column of a type that goes', ident)), '') FROM stays)), "
	"(SELECT string_agg(format('INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %2$s "
	"FROM pg_temp.tminus_kept_%s;', ident, columns, oid), '') FROM saved), "
	"concat((SELECT string_agg(adds, '') FROM fk WHERE conrelid IN (SELECT oid FROM stays) "
	"AND confrelid NOT IN (SELECT oid FROM stays)), "
	"(SELECT string_agg(format('SELECT setval(%L, %s);', seq.ident, "
	"pg_sequence_last_value(seq.oid)), '') FROM seq JOIN saved ON owner = saved.oid "
	"WHERE pg_sequence_last_value(seq.oid) IS NOT NULL)), "
	"(SELECT count(*) FROM entry WHERE what LIKE 'TABLE DATA %'), "
	"EXISTS (SELECT FROM rel WHERE NOT extends AND NOT kept "
	"AND relowner <> (SELECT oid FROM pg_roles WHERE rolname = current_user)), "
	"EXISTS (SELECT FROM entry WHERE what ~ '^BLOBS? ')";

/* Foreign keys and triggers stand aside while the rows come in: any owner may do that. */
static const char rows_plan[] =
	", hit AS (SELECT * FROM rel WHERE stored AND NOT kept AND relkind = 'r' "
	"AND NOT extends), "
	"hitfk AS (SELECT * FROM fk WHERE conrelid IN (SELECT oid FROM hit) "
	"OR confrelid IN (SELECT oid FROM hit)), "
	"trigger AS (SELECT format('TRIGGER %I;', tgname) AS name, tgrelid::regclass AS ident "
	"FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'O' "
	"AND tgrelid IN (SELECT oid FROM hit)) "
	"SELECT (SELECT string_agg(line, E'\\n' ORDER BY nr) FROM entry WHERE what IN "
	"(SELECT 'TABLE DATA ' || label FROM hit UNION ALL SELECT 'SEQUENCE SET ' || label "
	"FROM seq WHERE owner IS NULL OR owner IN (SELECT oid FROM hit))), "
	"concat((SELECT string_agg(drops, '') FROM hitfk), "
	"(SELECT string_agg(format('ALTER TABLE %s DISABLE %s', ident, name), '') FROM trigger), "
	"(SELECT 'TRUNCATE ' || string_agg(ident, ', ') || ';' FROM hit WHERE $e = 't')), '', "
	"concat((SELECT string_agg(format('ALTER TABLE %s ENABLE %s', ident, name), '') "
	"FROM trigger), (SELECT string_agg(adds, '') FROM hitfk)), "
	"(SELECT count(*) FROM hit), true, false, "
	"(SELECT count(*) FROM entry WHERE what LIKE 'TABLE DATA %'), "
	"(SELECT count(*) FROM rel WHERE stored)";

static const char *const whole[] = {world, whole_tables, whole_plan, NULL};
static const char *const rows_only[] = {world, rows_plan, NULL};

enum column { LIST, BEFORE, BETWEEN, BEHIND, TABLES, OTHER_OWNERS, BLOBS, STORED, THERE };

/* One restore on its way. */
struct work {
	struct restore *restore;
	struct list environment;
	struct rows plan; /* one row: enum column */
	int list;	  /* a file that holds LIST */
	struct feed feed;
};

static void set_environment(struct work *work)
{
	const struct restore *restore = work->restore;
	const struct list *environment = &restore->config->environment;
	for (size_t i = 0; i < environment->count; i++)
		list_append(&work->environment, environment->items[i]);
	variable_set(&work->environment, "PGAPPNAME", restore->application);
	if (restore->url->password != NULL)
		variable_set(&work->environment, "PGPASSWORD", restore->url->password);
}

static void add_bytes(void *context, const char *bytes, size_t length)
{
	text_add_bytes(context, bytes, length);
}

static const char pg_restore[] = "pg_restore";

/* pg_restore with options, NULL behind the last; what it prints goes to output, or into contents.
 */
static int run_pg_restore(const struct work *work, const char *const *options, int output,
	struct text *contents, struct error *error)
{
	struct list argv = {0};
	list_append_owned(&argv, restore_tool(work->restore, pg_restore));
	for (; *options != NULL; options++)
		list_append(&argv, *options);
	list_append(&argv, work->restore->path);
	const struct tool_run run = {.tools = {argv.items},
		.environment = work->environment.items,
		.input = -1,
		.output = output,
		.secret = work->list,
		.take = contents != NULL ? add_bytes : NULL,
		.context = contents};
	int result = tool_run(&run, STATUS_RESTORE, error);
	list_clear(&argv);
	return result;
}

static int list_contents(const struct work *work, struct text *contents, struct error *error)
{
	static const char *const options[] = {"--list", NULL};
	return run_pg_restore(work, options, -1, contents, error);
}

/* --- before anything is changed -------------------------------------------------------------- */

/* The number behind what in text: a major version; 0 for none. */
static long number_behind(const char *text, const char *what)
{
	const char *found = strstr(text, what);
	return found != NULL ? strtol(found + strlen(what), NULL, 10) : 0;
}

/* An archive of a later pg_dump cannot be read, or not fully. */
static int check_version(struct restore *restore, const char *contents, struct error *error)
{
	autofree char *own = restore_tool_version(restore, pg_restore, error);
	if (own == NULL)
		return -1;
	long has = number_behind(own, "(PostgreSQL) ");
	long needs = number_behind(contents, "Dumped by pg_dump version: ");
	if (needs <= has)
		return 0;
	return error_set(error, STATUS_RESTORE,
		"%s was made by pg_dump %ld, and pg_restore here is of version %ld: install "
		"postgresql-client-%ld in this image",
		restore->path, needs, has, needs);
}

int restore_check_postgres(struct restore *restore, struct error *error)
{
	struct text contents = {0};
	struct work work = {.restore = restore, .list = -1};
	set_environment(&work);
	int result = list_contents(&work, &contents, error);
	if (result != 0 && strstr(error->message, "unsupported version") != NULL)
		(void)error_set(error, STATUS_RESTORE,
			"%s was made by a later pg_dump than the pg_restore of this image can "
			"read: install that version's postgresql-client",
			restore->path);
	if (result == 0)
		result = check_version(restore, contents.bytes, error);
	autofree char *psql = result == 0 ? restore_tool_version(restore, "psql", error) : NULL;
	list_clear(&work.environment);
	text_free(&contents);
	return psql != NULL ? 0 : -1;
}

/* --- the plan -------------------------------------------------------------------------------- */

static char *lines_of(const struct list *list)
{
	struct text text = {0};
	for (size_t i = 0; i < list->count; i++)
		text_add_format(&text, "%s%s", i > 0 ? "\n" : "", list->items[i]);
	return text_take(&text);
}

/* What $LETTER stands for, as a literal. */
static char *value_of(const struct work *work, char letter, const char *contents)
{
	const struct restore *restore = work->restore;
	const char *schema = restore->config->database_schema;
	autofree char *names = lines_of(&restore->kept);
	const char *value = letter == 't'    ? contents
			    : letter == 'x'  ? names
			    : letter == 'e'  ? (restore->truncate ? "t" : "f")
			    : schema != NULL ? schema
					     : "";
	return session_literal(restore->session, value);
}

/* The parts of a statement, with their values filled in. */
static char *fill_in(const struct work *work, const char *contents, const char *const *parts)
{
	struct text sql = {0};
	for (; *parts != NULL; parts++)
		for (const char *at = *parts; *at != '\0'; at++) {
			if (*at != '$' || strchr("txen", at[1]) == NULL || at[2] == '$') {
				text_add_byte(&sql, *at);
				continue;
			}
			autofree char *value = value_of(work, *++at, contents);
			text_add(&sql, value);
		}
	return text_take(&sql);
}

/* In a transaction: a pooler would hand search_path on to others. Without one every name that the
 * server prints has its schema. */
static int ask(const struct work *work, const char *sql, struct rows *rows, struct error *error)
{
	struct failure failure = {0};
	struct session *session = work->restore->session;
	int result = session_query(session, "BEGIN; SET LOCAL search_path = ''", NULL, &failure);
	if (result == 0)
		result = session_query(session, sql, rows, &failure);
	if (result == 0)
		result = session_query(session, "COMMIT", NULL, &failure);
	if (result == 0)
		return 0;
	return error_set(error, STATUS_RESTORE, "%s", failure.message);
}

static const char *plan_of(const struct work *work, enum column column)
{
	return rows_value(&work->plan, 0, column);
}

static int make_plan(
	struct work *work, const char *contents, const char *const *parts, struct error *error)
{
	autofree char *sql = fill_in(work, contents, parts);
	return ask(work, sql, &work->plan, error);
}

/* A backup of some tables: they are all there, and their rows are exchanged, or none is. */
static int plan_partial(struct work *work, const char *contents, struct error *error)
{
	work->restore->truncate = true;
	if (make_plan(work, contents, rows_only, error) != 0)
		return -1;
	long long stored = rows_number(&work->plan, 0, STORED);
	long long there = rows_number(&work->plan, 0, THERE);
	if (there == stored)
		return 0;
	if (there != 0)
		return restore_mixed(work->restore, stored, there, error);
	if (make_plan(work, contents, whole, error) != 0)
		return -1;
	memory_free_at(&work->plan.values.items[BEFORE]);
	work->plan.values.items[BEFORE] = memory_copy("");
	return 0;
}

static int plan(struct work *work, struct error *error)
{
	struct text contents = {0};
	const struct restore *restore = work->restore;
	int result = list_contents(work, &contents, error);
	if (result == 0 && restore->data_only)
		result = make_plan(work, contents.bytes, rows_only, error);
	else if (result == 0 && restore->partial)
		result = plan_partial(work, contents.bytes, error);
	else if (result == 0)
		result = make_plan(work, contents.bytes, whole, error);
	text_free(&contents);
	return result;
}

/* --- doing it -------------------------------------------------------------------------------- */

/* pg_restore writes the script of some sections into psql. */
static int send_sections(const struct work *work, const char *const *sections, struct error *error)
{
	char list[40];
	const char *options[10] = {"--file=-", "--exit-on-error", list};
	size_t count = 3;
	(void)snprintf(list, sizeof list, "--use-list=/proc/self/fd/%d", work->list);
	if (plan_of(work, OTHER_OWNERS)[0] != 't')
		options[count++] = "--no-owner";
	for (; *sections != NULL; sections++)
		options[count++] = *sections;
	return run_pg_restore(work, options, work->feed.input, NULL, error);
}

static int send_text(const struct work *work, const char *text, struct error *error)
{
	if (feed_write(&work->feed, text, strlen(text)) == 0)
		return 0;
	return error_set(error, STATUS_RESTORE, "psql has ended");
}

/* Large objects come with a BEGIN and a COMMIT of their own, unless pg_restore makes all of it one
 * transaction. */
static int send_with_blobs(const struct work *work, struct error *error)
{
	static const char *const all[] = {"--single-transaction", NULL};
	if (plan_of(work, BETWEEN)[0] != '\0' || plan_of(work, BEHIND)[0] != '\0')
		return error_set(error, STATUS_RESTORE,
			"--exclude is not possible with a backup that holds large objects");
	return send_sections(work, all, error);
}

static int send_parts(const struct work *work, struct error *error)
{
	static const char *const first[] = {"--section=pre-data", "--section=data", NULL};
	static const char *const last[] = {"--section=post-data", NULL};
	if (send_sections(work, first, error) != 0 ||
		send_text(work, plan_of(work, BETWEEN), error) != 0 ||
		send_sections(work, last, error) != 0 ||
		send_text(work, plan_of(work, BEHIND), error) != 0)
		return -1;
	return send_text(work, "\nCOMMIT;\n", error);
}

/* Nothing is committed unless the last line has come: a stream that ends before is rolled back.
 * Who keeps a table from us for a minute is not waited for any longer. */
static int send_all(const struct work *work, struct error *error)
{
	if (send_text(work,
		    "BEGIN; SET LOCAL client_min_messages = error; SET LOCAL lock_timeout = '60s'; "
		    "SET LOCAL search_path = pg_catalog;\n",
		    error) != 0 ||
		send_text(work, plan_of(work, BEFORE), error) != 0)
		return -1;
	return plan_of(work, BLOBS)[0] == 't' ? send_with_blobs(work, error)
					      : send_parts(work, error);
}

/* psql's own error says more than that its reader has gone. */
static int run(struct work *work, struct error *error)
{
	autofree char *psql = restore_tool(work->restore, "psql");
	char options[] = "-Xqf";
	char input[] = "-";
	char variable[] = "-vON_ERROR_STOP=1";
	char terse[] = "-vVERBOSITY=terse"; /* no row's content in a message */
	char name[] = "-d";
	autofree char *address = session_tool_options(work->restore->url);
	char *const argv[] = {psql, name, address, variable, terse, options, input, NULL};
	const struct tool_run client = {.tools = {argv},
		.environment = work->environment.items,
		.output = -1,
		.secret = -1,
		.tick = work->restore->tick,
		.context = work->restore->context};
	struct error sending = {0};
	if (feed_begin(&work->feed, client, error) != 0)
		return -1;
	int sent = send_all(work, &sending);
	if (feed_end(&work->feed, error) != 0)
		return -1;
	if (sent != 0)
		*error = sending;
	return sent;
}

int restore_apply_postgres(struct restore *restore, struct error *error)
{
	struct work work = {.restore = restore, .list = -1};
	set_environment(&work);
	int result = plan(&work, error);
	if (result == 0) {
		work.list = tool_secret(plan_of(&work, LIST));
		result = work.list < 0 ? error_set(error, STATUS_RESTORE, "no memory for a list")
				       : run(&work, error);
	}
	restore_count(restore, rows_number(&work.plan, 0, TABLES));
	if (work.list >= 0)
		(void)close(work.list);
	rows_clear(&work.plan);
	list_clear(&work.environment);
	return result;
}
