/* What is due, row by row: an Alembic project and an SQLite file. */
#include "../config/folder.h"

#include "database/query.h"
#include "steps/inspect.h"

#define NOTHING 0U
#define UPGRADE 1U
#define SEED 2U
#define BOTH (UPGRADE | SEED)

#define TABLE "CREATE TABLE alembic_version (version_num TEXT); CREATE TABLE books (id);"
#define AT(revision) TABLE "INSERT INTO alembic_version VALUES ('" revision "')"

static struct database_url url = {.kind = DATABASE_SQLITE};
static struct session *shop;

static void run_sql(const char *sql)
{
	struct failure failure;
	assert_int_equal(session_query(shop, sql, NULL, &failure), 0);
}

static int enter(void **state)
{
	static char name[] = "shop.db";
	const struct session_options options = {.level = WAIT_QUERY, .writable = true};
	struct failure failure;
	if (folder_enter(state) != 0)
		return -1;
	url.name = name;
	folder_write_bytes("shop.db", "", 0);
	folder_write("alembic/env.py", "url = os.environ['DATABASE_URL']\n");
	folder_write("alembic.ini", "[alembic]\nscript_location = alembic\n");
	(void)mkdir("alembic/versions", 0777);
	folder_write("alembic/versions/a.py", "revision = 'a'\ndown_revision = None\n");
	folder_write("alembic/versions/b.py", "revision = 'b'\ndown_revision = 'a'\n");
	return session_open(&url, &options, &shop, &failure);
}

/* One state and what follows. */
struct row {
	const char *name;
	const char *sql;     /* makes the tables */
	const char *upgrade; /* state of the newest upgrade in the ledger; NULL: none */
	const char *seed;
	const char *to;	    /* where that upgrade led to */
	bool trusted;	    /* the tool has agreed */
	bool among;	    /* the lock is not held */
	struct config says; /* upgrade_trust, upgrade_ahead, unversioned */
	enum work_when seed_when;
	enum finding_kind kind;
	uint64_t due;
	bool refused;
};

static struct config configure(const struct row *row)
{
	static char tool[] = "alembic";
	static char *upgrade[] = {tool, "upgrade", "head", NULL};
	struct config config = row->says;
	config.upgrade_command = (struct list){.items = upgrade, .count = 3};
	config.database = &url;
	config.upgrade_tool = tool;
	return config;
}

static void add_upgrade(struct ledger *ledger, const struct row *row)
{
	if (row->upgrade == NULL)
		return;
	struct ledger_entry *entry = ledger_add(ledger, WORK_UPGRADE, "", row->upgrade, "other");
	if (row->to != NULL)
		ledger_set(&entry->to, row->to);
}

/* The ledger as row has it; trust is what inspect itself computes. */
static void write_ledger(
	const struct row *row, const struct keeper_job *job, struct inspection *inspection)
{
	struct failure failure;
	struct ledger ledger = {0};
	(void)inspect(job, shop, true, inspection, &failure);
	add_upgrade(&ledger, row);
	if (row->seed != NULL)
		ledger_set(&ledger_add(&ledger, WORK_SEED, "", row->seed, "other")->digest, "d1");
	if (row->trusted)
		ledger_set(
			&ledger_add(&ledger, INSPECT_TRUST, "", LEDGER_FINISHED, "other")->digest,
			inspection->trust);
	assert_int_equal(ledger_write(shop, LEDGER_VIEW, &ledger, &failure), 0);
	ledger_clear(&ledger);
}

static void check_row(const struct row *row)
{
	struct inspection inspection = {0};
	struct failure failure = {0};
	const struct work works[] = {
		{.kind = WORK_UPGRADE, .name = "", .when = WORK_PENDING},
		{.kind = WORK_SEED, .name = "", .when = row->seed_when, .digest = "d1"},
	};
	const struct config config = configure(row);
	const struct keeper_job job = {.wait = {.database = &url},
		.config = &config,
		.works = works,
		.work_count = 2,
		.boot_id = "us"};
	run_sql(row->sql);
	write_ledger(row, &job, &inspection);
	int result = inspect(&job, shop, !row->among, &inspection, &failure);
	if ((result != 0) != row->refused || inspection.finding.kind != row->kind ||
		inspection.due != row->due || (row->refused && failure.status != 65))
		fail_msg("%s: result %d, %s (%s), due %d, status %d", row->name, result,
			finding_name(inspection.finding.kind), inspection.finding.reason,
			(int)inspection.due, failure.status);
	inspection_clear(&inspection);
	run_sql("DROP TABLE IF EXISTS books; DROP TABLE IF EXISTS alembic_version;"
		"DROP VIEW IF EXISTS tminus_ledger");
}

#define SETTLED .upgrade = LEDGER_FINISHED, .seed = LEDGER_FINISHED, .seed_when = WORK_ONCE
#define REFUSED .due = NOTHING, .refused = true

static const struct row rows[] = {
	{"a new database", "", .seed_when = WORK_ONCE, .kind = FINDING_EMPTY, .due = BOTH},
	{"settled", AT("b"), SETTLED, .trusted = true, .kind = FINDING_AT_HEAD, .due = NOTHING},
	{"the tool has not agreed", AT("b"), SETTLED, .kind = FINDING_AT_HEAD, .due = UPGRADE},
	{"nobody needs to agree", AT("b"), SETTLED, .says = {.upgrade_trust = TRUST_NATIVE},
		.kind = FINDING_AT_HEAD, .due = NOTHING},
	{"the tool alone decides", AT("b"), SETTLED, .trusted = true,
		.says = {.upgrade_trust = TRUST_TOOL}, .kind = FINDING_UNKNOWN, .due = UPGRADE},
	{"pending", AT("a"), SETTLED, .trusted = true, .kind = FINDING_PENDING, .due = UPGRADE},
	{"an upgrade was begun", AT("b"), .upgrade = LEDGER_BEGUN, .seed = LEDGER_FINISHED,
		.seed_when = WORK_ONCE, .trusted = true, .kind = FINDING_AT_HEAD, .due = UPGRADE},
	{"an upgrade failed, and somebody mended it", AT("b"), .upgrade = LEDGER_FAILED,
		.seed = LEDGER_FINISHED, .seed_when = WORK_ONCE, .trusted = true,
		.kind = FINDING_AT_HEAD, .due = NOTHING},
	{"a seed was begun", AT("b"), .upgrade = LEDGER_FINISHED, .seed = LEDGER_BEGUN,
		.seed_when = WORK_ONCE, .trusted = true, .kind = FINDING_AT_HEAD, .due = SEED},
	{"a seed failed", AT("b"), .upgrade = LEDGER_FINISHED, .seed = LEDGER_FAILED,
		.seed_when = WORK_ONCE, .trusted = true, .kind = FINDING_AT_HEAD, .due = SEED},
	{"a seed for each start", AT("b"), .upgrade = LEDGER_FINISHED, .seed = LEDGER_FINISHED,
		.seed_when = WORK_ALWAYS, .trusted = true, .kind = FINDING_AT_HEAD, .due = SEED},
	{"a seed that did not change", AT("b"), .upgrade = LEDGER_FINISHED, .seed = LEDGER_FINISHED,
		.seed_when = WORK_CHANGED, .trusted = true, .kind = FINDING_AT_HEAD,
		.due = NOTHING},
	{"a later image", AT("c"), SETTLED, .to = "c", .kind = FINDING_AHEAD, .due = NOTHING},
	{"a later image that is refused", AT("c"), SETTLED, .to = "c",
		.says = {.upgrade_ahead = AHEAD_REFUSES}, .kind = FINDING_AHEAD, REFUSED},
	{"a revision of nobody's", AT("c"), SETTLED, .to = "b", .kind = FINDING_FOREIGN, REFUSED},
	{"a revision of nobody's, without the lock", AT("c"), SETTLED, .among = true,
		.kind = FINDING_FOREIGN, REFUSED},
	{"a later image at work", AT("c"), .upgrade = LEDGER_BEGUN, .among = true,
		.kind = FINDING_FOREIGN, .due = BOTH},
	{"a later image that died", AT("c"), .upgrade = LEDGER_BEGUN, .kind = FINDING_FOREIGN,
		REFUSED},
	{"no version table", "CREATE TABLE books (id)", .seed_when = WORK_ONCE,
		.kind = FINDING_UNVERSIONED, .due = BOTH},
	{"no version table, which is refused", "CREATE TABLE books (id)",
		.says = {.unversioned = UNVERSIONED_REFUSES}, .kind = FINDING_UNVERSIONED, REFUSED},
	{"an empty version table while another works", TABLE, .upgrade = LEDGER_BEGUN,
		.among = true, .says = {.unversioned = UNVERSIONED_REFUSES},
		.kind = FINDING_UNVERSIONED, .due = BOTH},
};

static void what_is_due_follows_from_finding_ledger_and_settings(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++)
		check_row(&rows[i]);
}

static void trust_ends_when_what_it_stands_on_changes(void **state)
{
	struct inspection before = {0};
	struct inspection after = {0};
	struct failure failure;
	const struct row row = {.seed_when = WORK_ONCE};
	const struct config config = configure(&row);
	const struct work works[] = {{.kind = WORK_UPGRADE, .name = ""}};
	const struct keeper_job job = {
		.wait = {.database = &url}, .config = &config, .works = works, .work_count = 1};
	(void)state;
	assert_int_equal(inspect(&job, shop, true, &before, &failure), 0);
	assert_int_equal(inspect(&job, shop, true, &after, &failure), 0);
	assert_string_equal(before.trust, after.trust);
	folder_write("alembic/env.py", "url = 'sqlite:///elsewhere.db'\n");
	assert_int_equal(inspect(&job, shop, true, &after, &failure), 0);
	assert_string_not_equal(before.trust, after.trust);
	inspection_clear(&before);
	inspection_clear(&after);
}

static int leave(void **state)
{
	session_close(shop);
	return folder_leave(state);
}

#define shop_test(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		shop_test(what_is_due_follows_from_finding_ledger_and_settings),
		shop_test(trust_ends_when_what_it_stands_on_changes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
