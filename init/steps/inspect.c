#include "steps/inspect.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "config/read_file.h"
#include "database/catalog.h"
#include "database/extensions.h"
#include "steps/precondition.h"
#include "steps/project.h"

#define REVISIONS_SHOWN 4
#define REASON_SIZE 300

/* What a finding means for the upgrade. */
enum meaning {
	MEANS_RUN,     /* the upgrade is due */
	MEANS_SETTLED, /* it is not, where the finding is trusted */
	MEANS_REFUSE,  /* 65, unless the tool alone decides */
	MEANS_AHEAD,   /* nothing is due at all */
	MEANS_UNVERSIONED,
};

static const enum meaning meanings[FINDING_KINDS] = {
	[FINDING_UNKNOWN] = MEANS_RUN,
	[FINDING_AT_HEAD] = MEANS_SETTLED,
	[FINDING_PENDING] = MEANS_RUN,
	[FINDING_EMPTY] = MEANS_RUN,
	[FINDING_UNVERSIONED] = MEANS_UNVERSIONED,
	[FINDING_FOREIGN] = MEANS_REFUSE,
	[FINDING_AHEAD] = MEANS_AHEAD,
	[FINDING_DIVERGED] = MEANS_REFUSE,
	[FINDING_BROKEN] = MEANS_REFUSE,
	[FINDING_HALF_APPLIED] = MEANS_REFUSE,
};

/* One reading: what every part of it needs. */
struct reading {
	const struct keeper_job *job;
	const struct config *config;
	struct session *session;
	const struct migrations_reader *reader; /* NULL: no native one, or the tool alone decides */
	bool alone;
	struct catalog_names names;
	struct inspection *inspection;
	struct failure *failure;
};

static bool has_upgrade(const struct keeper_job *job)
{
	for (size_t i = 0; i < job->work_count; i++)
		if (text_equal(job->works[i].kind, WORK_UPGRADE))
			return true;
	return false;
}

/* --- the version table ----------------------------------------------------------------------- */

/* SELECT column FROM table ORDER BY 1 */
static int read_column(
	const struct reading *reading, const char *table, const char *column, struct rows *rows)
{
	struct text sql = {0};
	autofree char *quoted = catalog_quoted(reading->session, &reading->names, table);
	text_add_format(&sql, "SELECT %s FROM %s ORDER BY 1", column, quoted);
	int result = session_query(reading->session, sql.bytes, rows, reading->failure);
	text_free(&sql);
	return result;
}

/* A few as they are, many as the last one, their number and a digest: enough to compare. */
static char *revision_text(const struct rows *rows)
{
	struct text text = {0};
	struct sha256 sha;
	char digest[SHA256_TEXT];
	size_t count = rows_count(rows);
	sha256_begin(&sha);
	for (size_t i = 0; i < count; i++) {
		const char *value = rows_value(rows, i, 0);
		sha256_add(&sha, value, strlen(value) + 1);
		if (count <= REVISIONS_SHOWN)
			text_add_format(&text, "%s%s", i > 0 ? " " : "", value);
	}
	sha256_end(&sha, digest);
	if (count > REVISIONS_SHOWN)
		text_add_format(&text, "%s (%zu applied, %.12s)", rows_value(rows, count - 1, 0),
			count, digest);
	return text_take(&text);
}

static bool is_truthy(const char *value)
{
	return value[0] != '\0' && !text_equal(value, "0") && !text_equal(value, "f") &&
	       !text_equal(value, "false");
}

static int read_lock(const struct reading *reading, struct migrations_state *state)
{
	struct rows rows = {0};
	int result = read_column(
		reading, reading->reader->lock_table, reading->reader->lock_column, &rows);
	for (size_t i = 0; i < rows_count(&rows); i++)
		state->locked = state->locked || is_truthy(rows_value(&rows, i, 0));
	rows_clear(&rows);
	return result;
}

/* --- files ----------------------------------------------------------------------------------- */

static void add_file(struct sha256 *sha, const char *folder, const char *name)
{
	struct text path = {0};
	struct text contents = {0};
	struct error ignored;
	text_add_format(&path, "%s/%s", folder, name);
	if (read_file(path.bytes, &contents, &ignored) == 0)
		sha256_add(sha, contents.bytes, contents.length);
	sha256_add(sha, name, strlen(name) + 1);
	text_free(&contents);
	text_free(&path);
}

/* What decides which database the tool works on: its configuration and the URL without password. */
static void digest_trust(const struct reading *reading, const char *directory)
{
	static const char *const files[] = {"env.py", "alembic.ini", "../alembic.ini",
		"../knexfile.js", "../knexfile.ts", "../knexfile.mjs", "../../config/database.yml",
		"../../Gemfile.lock", "../../.env"};
	struct sha256 sha;
	sha256_begin(&sha);
	autofree char *url = database_url_display(reading->job->wait.database);
	sha256_add(&sha, url, strlen(url) + 1);
	sha256_add(&sha, directory, strlen(directory) + 1);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		add_file(&sha, directory, files[i]);
	sha256_end(&sha, reading->inspection->trust);
}

static void conclude(
	const struct reading *reading, struct migrations_state *state, const struct rows *versions)
{
	struct inspection *inspection = reading->inspection;
	size_t count = rows_count(versions);
	struct migrations_row *rows = memory_zeroed(count + 1, sizeof *rows);
	for (size_t i = 0; i < count; i++)
		rows[i].version = rows_value(versions, i, 0);
	state->rows = rows;
	state->row_count = count;
	project_conclude(
		reading->reader, reading->job, inspection->ahead, state, &inspection->finding);
	digest_trust(reading, project_directory(reading->reader, reading->config));
	free(rows);
}

static int read_migrations(const struct reading *reading, const struct catalog *catalog)
{
	const struct migrations_reader *reader = reading->reader;
	struct migrations_state state = {
		.has_version_table = catalog->has_version_table,
		.version_tables = catalog->version_tables,
	};
	struct rows versions = {0};
	int result = 0;
	if (catalog->has_version_table)
		result = read_column(
			reading, reading->names.version_table, reader->version_column, &versions);
	if (result == 0 && catalog->has_lock_table)
		result = read_lock(reading, &state);
	if (result == 0 && rows_count(&versions) == 0)
		result = catalog_count_others(
			reading->session, &reading->names, &state.other_tables, reading->failure);
	if (result == 0) {
		reading->inspection->revision = revision_text(&versions);
		conclude(reading, &state, &versions);
	}
	rows_clear(&versions);
	return result;
}

static const char *why_no_reader(const struct reading *reading)
{
	const struct config *config = reading->config;
	if (config->upgrade_command.count == 0)
		return "no upgrade is configured";
	if (config->upgrade_trust == TRUST_TOOL)
		return "upgrade.trust = tool: the command always runs";
	if (config->upgrade_tool == NULL)
		return "upgrade.tool is not set: the command always runs";
	if (migrations_reader_find(config->upgrade_tool) == NULL)
		return "this tool's migrations are not read natively: the command always runs";
	return "the upgrade's options may name another folder: the command always runs, unless "
	       "upgrade.migrations says where they are";
}

/* Where no native reader serves: what the tool has said, if it was asked. */
static void take_answer(const struct reading *reading)
{
	static const enum finding_kind kinds[] = {[TOOL_NOT_ASKED] = FINDING_UNKNOWN,
		[TOOL_SAYS_NOTHING] = FINDING_UNKNOWN,
		[TOOL_SAYS_SETTLED] = FINDING_AT_HEAD,
		[TOOL_SAYS_PENDING] = FINDING_PENDING};
	struct inspection *inspection = reading->inspection;
	(void)finding_set(&inspection->finding, kinds[inspection->answer], "%s",
		inspection->answer == TOOL_NOT_ASKED	  ? why_no_reader(reading)
		: inspection->answer == TOOL_SAYS_NOTHING ? "upgrade.check has said nothing"
							  : "upgrade.check says so");
}

static int read_state(const struct reading *reading)
{
	struct catalog catalog = {0};
	struct inspection *inspection = reading->inspection;
	if (reading->reader == NULL) {
		take_answer(reading);
		return ledger_read(
			reading->session, inspection->view, &inspection->ledger, reading->failure);
	}
	if (catalog_read(reading->session, &reading->names, &catalog, reading->failure) != 0)
		return -1;
	if (catalog.has_ledger && ledger_read(reading->session, inspection->view,
					  &inspection->ledger, reading->failure) != 0)
		return -1;
	return read_migrations(reading, &catalog);
}

static int read_extensions(const struct reading *reading)
{
	const struct list *wanted = &reading->config->database_extensions;
	if (wanted->count == 0)
		return 0;
	return extensions_missing(
		reading->session, wanted, &reading->inspection->missing, reading->failure);
}

/* --- what is due ----------------------------------------------------------------------------- */

static bool moves(const struct ledger_entry *entry)
{
	return ledger_is(entry, LEDGER_FINISHED) &&
	       (text_equal(entry->kind, WORK_UPGRADE) ||
		       (text_equal(entry->kind, WORK_GUARD) &&
			       !text_equal(entry->from, entry->to)));
}

/* The upgrade, or the guarded command, that has left the database at revision. */
static const struct ledger_entry *find_mover(const struct ledger *ledger, const char *revision)
{
	size_t i = ledger->count;
	while (i > 0 && !moves(&ledger->entries[i - 1]))
		i--;
	bool left = i > 0 && text_equal(ledger->entries[i - 1].to, revision);
	return left ? &ledger->entries[i - 1] : NULL;
}

/* A later image did it, when the database is just as work of tminus's left it. */
static void tell_ahead(struct inspection *inspection)
{
	const struct ledger_entry *mover =
		inspection->finding.kind == FINDING_FOREIGN
			? find_mover(&inspection->ledger, inspection->revision)
			: NULL;
	if (mover != NULL)
		(void)finding_set(&inspection->finding, FINDING_AHEAD,
			"the database is at %s, where the %s of %s (boot %s on %s) left it, and "
			"this image does not know that revision: it is older, or the revision's "
			"file was removed",
			inspection->revision, mover->kind, mover->at, mover->boot, mover->host);
}

static bool is_trusted(const struct reading *reading)
{
	const struct inspection *inspection = reading->inspection;
	const struct ledger_entry *entry = ledger_find(&inspection->ledger, INSPECT_TRUST, "");
	return reading->config->upgrade_trust == TRUST_NATIVE || reading->reader == NULL ||
	       (entry != NULL && text_equal(entry->digest, inspection->trust));
}

static bool is_due(const struct reading *reading, const struct work *work)
{
	const struct inspection *inspection = reading->inspection;
	const struct ledger_entry *entry = ledger_find(&inspection->ledger, work->kind, work->name);
	bool finished = ledger_is(entry, LEDGER_FINISHED) || ledger_is(entry, LEDGER_PASSED);
	switch (work->when) {
	case WORK_ALWAYS:
		return true;
	case WORK_ONCE:
		return !finished;
	case WORK_CHANGED:
		return !finished || !text_equal(entry->digest, work->digest);
	case WORK_LATER:
		return !finished || strcmp(entry->digest, work->digest) < 0;
	case WORK_MISSING:
		return inspection->missing.count > 0;
	case WORK_UNVERSIONED:
		return inspection->finding.kind == FINDING_UNVERSIONED;
	case WORK_CHANGES:
		return inspection->finding.kind != FINDING_AT_HEAD &&
		       inspection->finding.kind != FINDING_EMPTY;
	case WORK_PENDING:
		break;
	}
	bool waits = reading->config->upgrade_mode == UPGRADE_WAIT;
	bool at_head = meanings[inspection->finding.kind] == MEANS_SETTLED;
	bool believed = inspection->trusted || waits;
	/* Who waits and cannot know is content with an upgrade that has ended well. */
	if (waits && inspection->finding.kind == FINDING_UNKNOWN &&
		inspection->answer == TOOL_NOT_ASKED)
		return !finished;
	bool unverified =
		ledger_is(entry, LEDGER_FAILED) && reading->config->verify_command.count > 0;
	return !at_head || !believed || unverified || ledger_is(entry, LEDGER_BEGUN);
}

/* What is due at every start, alone, and has nothing to do is not worth the lock. */
static int pass(const struct reading *reading)
{
	char room[REASON_SIZE];
	struct inspection *inspection = reading->inspection;
	for (size_t i = 0; i < reading->job->work_count; i++) {
		const struct work *work = &reading->job->works[i];
		if (work->when != WORK_ALWAYS || inspection->due != work_bit(i))
			continue;
		int result = precondition_ask(work, reading->session, reading->names.schema, room,
			sizeof room, reading->failure);
		if (result < 0)
			return -1;
		if (result == 0)
			return 0;
		struct text text = {0};
		text_add_format(&text, "%s: %s", work->kind, room);
		inspection->passed = text_take(&text);
		inspection->due = 0;
	}
	return 0;
}

static int refuse(const struct reading *reading, const char *why)
{
	const struct finding *finding = &reading->inspection->finding;
	*reading->failure =
		(struct failure){.verdict = VERDICT_REFUSE, .status = STATUS_MIGRATION_STATE};
	(void)snprintf(reading->failure->message, sizeof reading->failure->message,
		"the migrations are %s: %s%s%s%s", finding_name(finding->kind),
		finding->reason != NULL ? finding->reason : "", finding->advice != NULL ? "; " : "",
		finding->advice != NULL ? finding->advice : "", why);
	return -1;
}

/* What refuses, as words behind the finding; NULL where nothing does. */
static const char *find_refusal(const struct reading *reading)
{
	const struct config *config = reading->config;
	enum meaning meaning = meanings[reading->inspection->finding.kind];
	if (!has_upgrade(reading->job))
		return NULL;
	if (meaning == MEANS_AHEAD && config->upgrade_ahead == AHEAD_REFUSES)
		return " (upgrade.ahead = refuse)";
	if (meaning == MEANS_UNVERSIONED && config->unversioned == UNVERSIONED_REFUSES)
		return " (upgrade.unversioned = refuse)";
	if (meaning == MEANS_REFUSE && reading->inspection->finding.kind == FINDING_DIVERGED)
		return ""; /* the tool refuses it as well */
	if (meaning == MEANS_REFUSE)
		return "; with upgrade.trust = tool the tool itself decides";
	return NULL;
}

/* Somebody, a later image perhaps, is in the middle of an upgrade or has died there. Who has the
 * lock can tell. */
static bool is_under_way(const struct reading *reading)
{
	const struct ledger *ledger = &reading->inspection->ledger;
	return !reading->alone && ledger_is(ledger_find(ledger, WORK_UPGRADE, ""), LEDGER_BEGUN);
}

static int decide(const struct reading *reading)
{
	struct inspection *inspection = reading->inspection;
	const char *refusal = find_refusal(reading);
	bool under_way = refusal != NULL && is_under_way(reading);
	if (refusal != NULL && !under_way)
		return refuse(reading, refusal);
	if (meanings[inspection->finding.kind] == MEANS_AHEAD && has_upgrade(reading->job))
		return 0;
	for (size_t i = 0; i < reading->job->work_count; i++)
		if (under_way || is_due(reading, &reading->job->works[i]))
			inspection->due |= work_bit(i);
	return pass(reading);
}

static void name_tables(struct reading *reading)
{
	const struct config *config = reading->config;
	reading->names = (struct catalog_names){.schema = config->database_schema};
	if (reading->reader == NULL)
		return;
	reading->names.version_table = config->upgrade_version_table != NULL
					       ? config->upgrade_version_table
					       : reading->reader->version_table;
	reading->names.lock_table = reading->reader->lock_table;
}

int inspect(const struct keeper_job *job, struct session *session, bool alone,
	struct inspection *inspection, struct failure *failure)
{
	const struct config *config = job->config;
	struct reading reading = {
		.job = job,
		.config = config,
		.session = session,
		.reader = project_reader(config),
		.alone = alone,
		.inspection = inspection,
		.failure = failure,
	};
	name_tables(&reading);
	inspection_clear(inspection);
	inspection->view = catalog_quoted(session, &reading.names, LEDGER_VIEW);
	if (read_state(&reading) != 0 || read_extensions(&reading) != 0)
		return -1;
	tell_ahead(inspection);
	inspection->trusted = is_trusted(&reading);
	return decide(&reading);
}

const char *inspection_text(const struct inspection *inspection, char *room, size_t size)
{
	const struct finding *finding = &inspection->finding;
	bool at_head = finding->kind == FINDING_AT_HEAD && inspection->revision != NULL;
	const char *reason = finding->reason != NULL ? finding->reason : "";
	if (at_head)
		(void)snprintf(room, size, "%s (%s)%s", finding_name(finding->kind),
			inspection->revision,
			inspection->trusted ? ""
					    : "; the tool has not been seen to move this database "
					      "yet, so that it "
					      "is asked (upgrade.trust = native believes it)");
	else
		(void)snprintf(room, size, "%s%s%s", finding_name(finding->kind),
			reason[0] != '\0' ? ": " : "", reason);
	return room;
}

void inspection_clear(struct inspection *inspection)
{
	finding_clear(&inspection->finding);
	ledger_clear(&inspection->ledger);
	free(inspection->revision);
	free(inspection->passed);
	list_clear(&inspection->missing);
	free(inspection->view);
	*inspection = (struct inspection){.answer = inspection->answer, .ahead = inspection->ahead};
}
