/* The ledger's entries in memory, and in a view of an SQLite file. */
#include "../config/folder.h"

#include "base/memory.h"
#include "database/ledger.h"

static void entries_are_found_by_kind_and_name_newest_first(void **state)
{
	struct ledger ledger = {0};
	(void)state;
	ledger_set(&ledger_add(&ledger, "seed", "", LEDGER_FINISHED, "one")->digest, "first");
	ledger_set(&ledger_add(&ledger, "step", "index", LEDGER_FAILED, "one")->digest, "other");
	ledger_set(&ledger_add(&ledger, "seed", "", LEDGER_BEGUN, "two")->digest, "second");
	assert_string_equal(ledger_find(&ledger, "seed", "")->digest, "second");
	assert_true(ledger_is(ledger_find(&ledger, "seed", ""), LEDGER_BEGUN));
	assert_true(ledger_is(ledger_find(&ledger, "step", "index"), LEDGER_FAILED));
	assert_null(ledger_find(&ledger, "step", ""));
	assert_false(ledger_is(NULL, LEDGER_BEGUN));
	ledger_clear(&ledger);
	assert_int_equal(ledger.count, 0);
}

static void the_end_takes_the_place_of_the_beginning_of_the_same_boot(void **state)
{
	struct ledger ledger = {0};
	(void)state;
	(void)ledger_add(&ledger, "seed", "", LEDGER_BEGUN, "dead");
	(void)ledger_add(&ledger, "upgrade", "", LEDGER_BEGUN, "one");
	(void)ledger_add(&ledger, "seed", "", LEDGER_BEGUN, "one");
	(void)ledger_add(&ledger, "seed", "", LEDGER_FINISHED, "one");
	assert_int_equal(ledger.count, 3);
	assert_string_equal(ledger.entries[0].boot, "dead");
	assert_true(ledger_is(&ledger.entries[0], LEDGER_BEGUN));
	assert_string_equal(ledger.entries[1].kind, "upgrade");
	assert_true(ledger_is(&ledger.entries[2], LEDGER_FINISHED));
	ledger_clear(&ledger);
}

static void it_stays_short_and_keeps_the_newest_of_each_kind_and_name(void **state)
{
	struct ledger ledger = {0};
	char boot[16];
	(void)state;
	(void)ledger_add(&ledger, "step", "once", LEDGER_FINISHED, "first");
	(void)ledger_add(&ledger, "upgrade", "", LEDGER_FINISHED, "first");
	for (int i = 0; i < 200; i++) {
		(void)snprintf(boot, sizeof boot, "%d", i);
		(void)ledger_add(&ledger, "seed", "", LEDGER_BEGUN, boot);
		(void)ledger_add(&ledger, "seed", "", LEDGER_FINISHED, boot);
		assert_true(ledger.count <= LEDGER_KEEPS);
	}
	assert_int_equal(ledger.count, LEDGER_KEEPS);
	assert_string_equal(ledger_find(&ledger, "step", "once")->boot, "first");
	assert_string_equal(ledger_find(&ledger, "upgrade", "")->boot, "first");
	assert_string_equal(ledger_find(&ledger, "seed", "")->boot, "199");
	ledger_clear(&ledger);
}

/* More names than entries are kept: none is forgotten. */
static void what_ran_once_is_never_forgotten(void **state)
{
	struct ledger ledger = {0};
	char name[16];
	(void)state;
	for (int i = 0; i < 60; i++) {
		(void)snprintf(name, sizeof name, "step%d", i);
		(void)ledger_add(&ledger, "step", name, LEDGER_FINISHED, "one");
	}
	for (int i = 0; i < 60; i++) {
		(void)snprintf(name, sizeof name, "step%d", i);
		assert_non_null(ledger_find(&ledger, "step", name));
	}
	ledger_clear(&ledger);
}

static struct session *open_shop(void)
{
	static char name[] = "shop.db";
	const struct database_url url = {.kind = DATABASE_SQLITE, .name = name};
	const struct session_options options = {.level = WAIT_QUERY, .writable = true};
	struct session *session = NULL;
	struct failure failure;
	folder_write_bytes(name, "", 0);
	assert_int_equal(session_open(&url, &options, &session, &failure), 0);
	return session;
}

static void one_that_was_never_written_is_empty(void **state)
{
	struct ledger ledger = {0};
	struct failure failure;
	struct session *session = open_shop();
	(void)state;
	assert_int_equal(ledger_read(session, LEDGER_VIEW, &ledger, &failure), 0);
	assert_int_equal(ledger.count, 0);
	session_close(session);
}

static void what_is_written_is_read_again_whatever_it_holds(void **state)
{
	static const char *const texts[] = {"it's", "\"; DROP TABLE books; --", "\\' \\", "%s", ""};
	struct ledger written = {0};
	struct ledger read = {0};
	struct failure failure;
	struct session *session = open_shop();
	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct ledger_entry *entry =
			ledger_add(&written, "step", texts[i], LEDGER_FINISHED, "one");
		ledger_set(&entry->from, texts[i]);
		ledger_set(&entry->host, texts[i]);
		assert_int_equal(ledger_write(session, LEDGER_VIEW, &written, &failure), 0);
	}
	assert_int_equal(ledger_read(session, LEDGER_VIEW, &read, &failure), 0);
	assert_int_equal(read.count, written.count);
	for (size_t i = 0; i < read.count; i++) {
		assert_string_equal(read.entries[i].name, texts[i]);
		assert_string_equal(read.entries[i].from, texts[i]);
		assert_string_equal(read.entries[i].host, texts[i]);
		assert_string_equal(read.entries[i].at, written.entries[i].at);
	}
	ledger_clear(&read);
	ledger_clear(&written);
	session_close(session);
}

#define folder_test(name) cmocka_unit_test_setup_teardown(name, folder_enter, folder_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_found_by_kind_and_name_newest_first),
		cmocka_unit_test(the_end_takes_the_place_of_the_beginning_of_the_same_boot),
		cmocka_unit_test(it_stays_short_and_keeps_the_newest_of_each_kind_and_name),
		cmocka_unit_test(what_ran_once_is_never_forgotten),
		folder_test(one_that_was_never_written_is_empty),
		folder_test(what_is_written_is_read_again_whatever_it_holds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
