/* Migrations that are read while the server answers, and those that are read when they are needed.
 */
#include "../config/folder.h"

#include "base/clock.h"
#include "steps/project.h"

static struct database_url url = {.kind = DATABASE_POSTGRES};
static struct config config;
static const struct keeper_job job = {.wait = {.database = &url}, .config = &config};

static int enter(void **state)
{
	static char tool[] = "alembic";
	static char *upgrade[] = {tool, "upgrade", "head", NULL};
	if (folder_enter(state) != 0)
		return -1;
	config = (struct config){
		.upgrade_tool = tool, .upgrade_command = {.items = upgrade, .count = 3}};
	folder_write("alembic/env.py", "url = os.environ['DATABASE_URL']\n");
	folder_write("alembic.ini", "[alembic]\nscript_location = alembic\n");
	(void)mkdir("alembic/versions", 0777);
	folder_write("alembic/versions/a.py", "revision = 'a'\ndown_revision = None\n");
	folder_write("alembic/versions/b.py", "revision = 'b'\ndown_revision = 'a'\n");
	return 0;
}

/* Of a database that is at b. */
static enum finding_kind conclude(struct project_ahead *ahead)
{
	static const struct migrations_row row = {.version = "b"};
	static const struct migrations_state state = {
		.has_version_table = true, .version_tables = 1, .rows = &row, .row_count = 1};
	struct finding finding = {0};
	project_conclude(project_reader(&config), &job, ahead, &state, &finding);
	enum finding_kind kind = finding.kind;
	finding_clear(&finding);
	return kind;
}

static void read_whole(struct project_ahead *ahead)
{
	size_t pieces = 0;
	while (project_read_ahead(ahead))
		pieces++;
	assert_true(pieces >= 2);
}

static void add_revision(void)
{
	folder_write("alembic/versions/c.py", "revision = 'c'\ndown_revision = 'b'\n");
}

static void the_first_look_alone_uses_what_was_read(void **state)
{
	struct project_ahead ahead = {.job = &job};
	(void)state;
	read_whole(&ahead);
	add_revision();
	assert_int_equal(conclude(&ahead), FINDING_AT_HEAD);
	assert_false(project_read_ahead(&ahead));
	assert_int_equal(conclude(&ahead), FINDING_PENDING);
}

static void what_is_left_is_read_at_the_look(void **state)
{
	struct project_ahead ahead = {.job = &job};
	(void)state;
	assert_true(project_read_ahead(&ahead));
	assert_true(project_read_ahead(&ahead));
	add_revision();
	assert_int_equal(conclude(&ahead), FINDING_PENDING);
}

static void what_was_read_long_ago_is_read_again(void **state)
{
	struct project_ahead ahead = {.job = &job};
	(void)state;
	read_whole(&ahead);
	add_revision();
	ahead.begun = clock_now() - 1000;
	assert_int_equal(conclude(&ahead), FINDING_PENDING);
	assert_false(project_read_ahead(&ahead));
}

/* Or a server that keeps silent would be waited for as long as files are read. */
static void who_reads_for_too_long_ends_before_he_begins_again(void **state)
{
	struct project_ahead ahead = {.job = &job};
	(void)state;
	assert_true(project_read_ahead(&ahead));
	ahead.begun = clock_now() - 1000;
	assert_false(project_read_ahead(&ahead));
	read_whole(&ahead);
	project_forget(&ahead);
}

static void nothing_is_read_ahead_where_it_must_not_be(void **state)
{
	struct project_ahead ahead = {.job = NULL};
	(void)state;
	assert_false(project_read_ahead(&ahead));
	assert_int_equal(conclude(&ahead), FINDING_AT_HEAD);
	assert_int_equal(conclude(NULL), FINDING_AT_HEAD);
}

static void nothing_is_read_ahead_where_the_tool_decides(void **state)
{
	struct project_ahead ahead = {.job = &job};
	(void)state;
	config.upgrade_trust = TRUST_TOOL;
	assert_false(project_read_ahead(&ahead));
}

static void a_conclusion_of_the_files_alone_is_kept(void **state)
{
	struct project_ahead ahead = {.job = &job};
	(void)state;
	folder_write("alembic/versions/b.py", "revision = f'{x}'\ndown_revision = 'a'\n");
	read_whole(&ahead);
	assert_int_equal(conclude(&ahead), FINDING_UNKNOWN);
	assert_null(ahead.project);
}

static void what_is_not_used_is_given_back(void **state)
{
	struct project_ahead ahead = {.job = &job};
	(void)state;
	read_whole(&ahead);
	project_forget(&ahead);
	assert_null(ahead.project);
	assert_false(project_read_ahead(&ahead));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, enter, folder_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_look_alone_uses_what_was_read),
		TEST(what_is_left_is_read_at_the_look),
		TEST(what_was_read_long_ago_is_read_again),
		TEST(who_reads_for_too_long_ends_before_he_begins_again),
		TEST(nothing_is_read_ahead_where_it_must_not_be),
		TEST(nothing_is_read_ahead_where_the_tool_decides),
		TEST(a_conclusion_of_the_files_alone_is_kept),
		TEST(what_is_not_used_is_given_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
