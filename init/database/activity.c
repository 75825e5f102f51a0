#include "database/activity.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "database/lock.h"

/* Who is seen in every one of these looks is connected. */
#define LOOKS 6
#define LOOK_EVERY_MS 250

/* What a tool that was killed has left works on until its statement has ended: such a server does
 * not look whether its client is there. */
#define LEAVES_WITHIN_MS 60000

#define ARGUMENT "$1"

/* Who holds tminus's lock, which is not somebody else: lock.c. */
#define MYSQL_LOCKER "COALESCE(IS_USED_LOCK(" LOCK_MYSQL_NAME "), 0)"

/* How one kind of database is asked. $1 is a session name as a literal; of cancel, the backend. */
struct questions {
	const char *fresh; /* what must be said before each look; NULL: nothing */
	const char *blocked;
	const char *cancel;
	const char *others; /* backend, description, and whether it may be what a tool has left */
	const char *all;    /* name and number of all connections; NULL: others shows them all */
	const char *seen;   /* number of those that this role sees */
};

/* Of other roles' sessions an ordinary one sees little: most columns are NULL. */
#define POSTGRES_WHO(a)                                                                           \
	"'pid ' || " a ".pid || ' (' || coalesce(nullif(" a ".application_name, ''), 'no name') " \
	"|| ', role ' || coalesce(" a ".usename, '?') || coalesce(', ' || host(" a                \
	".client_addr), '') || ')'"

/* clang-format off */
static const char postgres_blocked[] =
	"SELECT a.pid, a.query_start, coalesce(" POSTGRES_WHO("b")
	" || coalesce(', ' || b.state || ' for ' || extract(epoch FROM clock_timestamp() - "
	"b.state_change)::int || ' s: ' || left(b.query, 100), "
	"'; GRANT pg_read_all_stats shows what it does'), "
	"'a prepared transaction (pg_prepared_xacts)') FROM pg_catalog.pg_stat_activity a "
	"CROSS JOIN LATERAL unnest(pg_catalog.pg_blocking_pids(a.pid)) AS k(pid) "
	"LEFT JOIN pg_catalog.pg_stat_activity b ON b.pid = k.pid "
	"WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() "
	"AND a.wait_event_type = 'Lock' AND (a.application_name = $1 OR a.usename = current_user "
	"AND a.query ~* '^\\s*(alter|create|drop|truncate|reindex)\\M') LIMIT 1";
static const char postgres_others[] =
	"SELECT o.pid, " POSTGRES_WHO("o") ", (o.application_name LIKE 'tminus-%')::int "
	"FROM pg_catalog.pg_stat_activity o "
	"WHERE o.datname = current_database() AND o.pid <> pg_backend_pid() "
	"AND coalesce(o.backend_type, 'client backend') = 'client backend' "
	"AND coalesce(o.application_name, '') NOT IN ('tminus', $1) ORDER BY 1";

static const char mysql_blocked[] =
	"SELECT ID, INFO, COALESCE((SELECT CONCAT('connection ', o.ID, ' (', o.USER, '@', o.HOST, "
	"'), as it seems, which has been in this database for ', o.TIME, ' s') "
	"FROM information_schema.PROCESSLIST o WHERE o.DB = p.DB "
	"AND o.ID NOT IN (p.ID, CONNECTION_ID(), " MYSQL_LOCKER ") AND COMMAND <> 'Daemon' "
	"ORDER BY o.TIME DESC LIMIT 1), "
	"'somebody whom this role cannot see (GRANT PROCESS ON *.* shows who)') "
	"FROM information_schema.PROCESSLIST p WHERE p.DB = DATABASE() AND p.ID <> CONNECTION_ID() "
	"AND p.STATE LIKE 'Waiting for%lock' "
	"AND p.USER = SUBSTRING_INDEX(CURRENT_USER(), '@', 1) AND '' <> $1 LIMIT 1";
static const char mysql_others[] =
	"SELECT ID, CONCAT('connection ', ID, ' (', USER, '@', HOST, ')'), "
	"COMMAND IN ('Query', 'Execute') AND USER = SUBSTRING_INDEX(CURRENT_USER(), '@', 1) "
	"FROM information_schema.PROCESSLIST WHERE DB = DATABASE() "
	"AND ID NOT IN (CONNECTION_ID(), " MYSQL_LOCKER ") AND '' <> $1 ORDER BY 1";
/* clang-format on */

static const struct questions questions[] = {
	[DATABASE_POSTGRES] = {.fresh = "SELECT pg_catalog.pg_stat_clear_snapshot()",
		.blocked = postgres_blocked,
		.cancel = "SELECT pg_catalog.pg_cancel_backend($1)",
		.others = postgres_others},
	[DATABASE_MYSQL] = {.blocked = mysql_blocked,
		.cancel = "KILL QUERY $1",
		.others = mysql_others,
		.all = "SHOW GLOBAL STATUS LIKE 'Threads_connected'",
		.seen = "SELECT COUNT(*) FROM information_schema.PROCESSLIST"},
	[DATABASE_SQLITE] = {0},
};

/* Runs a question with argument in it. */
static int ask(struct session *session, const char *question, const char *argument,
	struct rows *rows, struct failure *failure)
{
	const char *fresh = questions[session_kind(session)].fresh;
	if (fresh != NULL && session_query(session, fresh, NULL, failure) != 0)
		return -1;
	const char *place = strstr(question, ARGUMENT);
	struct text sql = {0};
	text_add_format(&sql, "%.*s%s%s", (int)(place - question), question, argument,
		place + strlen(ARGUMENT));
	int result = session_query(session, sql.bytes, rows, failure);
	text_free(&sql);
	return result;
}

static int ask_about(struct session *session, const char *question, const char *name,
	struct rows *rows, struct failure *failure)
{
	autofree char *literal = session_literal(session, name);
	return ask(session, question, literal, rows, failure);
}

int activity_blocked(struct session *session, const char *name, struct activity_block *block,
	struct failure *failure)
{
	struct rows rows = {0};
	const char *question = questions[session_kind(session)].blocked;
	if (question == NULL)
		return 0;
	int result = ask_about(session, question, name, &rows, failure);
	if (result == 0 && rows_count(&rows) > 0) {
		(void)snprintf(
			block->backend, sizeof block->backend, "%s", rows_value(&rows, 0, 0));
		(void)snprintf(block->since, sizeof block->since, "%s", rows_value(&rows, 0, 1));
		(void)snprintf(block->reason, sizeof block->reason, "%s", rows_value(&rows, 0, 2));
		result = 1;
	}
	rows_clear(&rows);
	return result;
}

int activity_cancel(
	struct session *session, const struct activity_block *block, struct failure *failure)
{
	return ask(session, questions[session_kind(session)].cancel, block->backend, NULL, failure);
}

#define COLUMNS 3 /* of others */

/* Keeps of seen what is in rows as well. */
static void keep_seen(struct rows *seen, const struct rows *rows)
{
	struct rows kept = {.columns = seen->columns};
	for (size_t i = 0; i < rows_count(seen); i++) {
		bool still = false;
		for (size_t k = 0; k < rows_count(rows); k++)
			still = still || text_equal(rows_value(seen, i, 0), rows_value(rows, k, 0));
		if (!still)
			continue;
		for (size_t column = 0; column < COLUMNS; column++)
			list_append(&kept.values, rows_value(seen, i, column));
	}
	rows_clear(seen);
	*seen = kept;
}

/* A role without the right to see others' connections knows their number at most. */
static int add_unseen(struct session *session, struct rows *others, struct failure *failure)
{
	const struct questions *kind = &questions[session_kind(session)];
	struct rows all = {0};
	struct rows seen = {0};
	int result = 0;
	if (kind->all == NULL)
		return 0;
	if (session_query(session, kind->all, &all, failure) != 0 ||
		session_query(session, kind->seen, &seen, failure) != 0)
		result = -1;
	if (result == 0 && rows_number(&all, 0, 1) > rows_number(&seen, 0, 0)) {
		list_append(&others->values, "0");
		list_append(&others->values, "some that this role cannot see, perhaps in other "
					     "databases (GRANT PROCESS ON *.* shows them)");
		list_append(&others->values, "0");
		others->columns = COLUMNS;
	}
	rows_clear(&all);
	rows_clear(&seen);
	return result;
}

static int look_around(
	struct session *session, const char *name, struct rows *others, struct failure *failure)
{
	const char *question = questions[session_kind(session)].others;
	if (ask_about(session, question, name, others, failure) != 0)
		return -1;
	return add_unseen(session, others, failure);
}

/* Who is there in each of several looks. */
static int look_again(
	struct session *session, const char *name, struct rows *seen, struct failure *failure)
{
	const struct timespec pause = {.tv_nsec = LOOK_EVERY_MS * 1000000L};
	int result = look_around(session, name, seen, failure);
	for (int i = 1; i < LOOKS && result == 0 && rows_count(seen) > 0; i++) {
		struct rows rows = {0};
		(void)nanosleep(&pause, NULL);
		result = look_around(session, name, &rows, failure);
		if (result == 0)
			keep_seen(seen, &rows);
		rows_clear(&rows);
	}
	return result;
}

static void describe(const struct rows *seen, char *room, size_t size)
{
	size_t used = 0;
	room[0] = '\0';
	for (size_t i = 0; i < rows_count(seen) && used < size; i++)
		used += (size_t)snprintf(room + used, size - used, "%s%s", i > 0 ? ", " : "",
			rows_value(seen, i, 1));
}

static bool may_leave(const struct rows *seen)
{
	bool may = rows_count(seen) > 0;
	for (size_t i = 0; i < rows_count(seen); i++)
		may = may && rows_number(seen, i, 2) > 0;
	return may;
}

int activity_others(struct session *session, const char *name, const struct activity_ear *ear,
	char *room, size_t size, struct failure *failure)
{
	struct rows seen = {0};
	int64_t deadline = clock_now() + LEAVES_WITHIN_MS;
	int result;
	room[0] = '\0';
	if (questions[session_kind(session)].others == NULL)
		return 0;
	do {
		result = look_again(session, name, &seen, failure);
		describe(&seen, room, size);
	} while (result == 0 && may_leave(&seen) && clock_now() < deadline &&
		 ear->tell(ear->context, room));
	bool found = rows_count(&seen) > 0;
	rows_clear(&seen);
	return result != 0 ? -1 : found;
}
