#include "database/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "database/failure.h"
#include "database/query.h"

#define CONNECT_LIMIT 3000
#define STATEMENT_LIMIT 5000 /* less than LOCK_EXPIRES */

#define FILE_SUFFIX ".tminus-lock"

/* Magic numbers that linux/magic.h does not have. statfs(2) */
#define MAGIC_CIFS 0xFF534D42L
#define MAGIC_SMB2 0xFE534D42L
#define MAGIC_VIRTIOFS 0x6a656a63L

struct lock {
	const struct database_url *url;
	struct list files; /* SQLite: the lock files */
	struct session *session;
	int descriptors[LOCK_FILES_MOST]; /* of the lock files; -1 where it is not held */
	bool held;
	bool chosen; /* by lock.url */
};

/* How one kind of database locks. */
struct locker {
	int (*try)(struct lock *lock, struct failure *failure);
	const char *const *statements; /* of try_session: the last one's answer is yes */
	const char *yes;
	int (*beat)(struct lock *lock, struct failure *failure);
	/* The query for what a holder that died left, around its sessions' name; or NULL. pooled is
	 * added where the session goes through a pooler. */
	const char *before_name;
	const char *behind_name;
	const char *pooled;
	const char *order;
};

struct lock *lock_new(const struct database_url *url, const struct list *paths, bool chosen)
{
	struct lock *lock = memory_zeroed(1, sizeof *lock);
	lock->url = url;
	lock->chosen = chosen;
	for (size_t i = 0; i < LOCK_FILES_MOST; i++)
		lock->descriptors[i] = -1;
	for (size_t i = 0; i < paths->count && i < LOCK_FILES_MOST; i++) {
		struct text file = {0};
		text_add_format(&file, "%s" FILE_SUFFIX, paths->items[i]);
		list_append_owned(&lock->files, text_take(&file));
	}
	return lock;
}

static int open_session(struct lock *lock, struct failure *failure)
{
	const struct session_options options = {
		.level = WAIT_QUERY,
		.writable = true,
		.connect_limit = CONNECT_LIMIT,
		.handshake_limit = STATEMENT_LIMIT,
		.application_name = "tminus",
	};
	return session_open(lock->url, &options, &lock->session, failure);
}

/* Runs statements in their order; the last one's rows are left in rows. */
static int run_all(struct lock *lock, const char *const *statements, struct rows *rows,
	struct failure *failure)
{
	for (; *statements != NULL; statements++)
		if (session_query(lock->session, *statements, rows, failure) != 0)
			return -1;
	return 0;
}

static const struct locker *locker_of(const struct lock *lock);

/* Takes the lock by the locker's statements, in a session that is open. As lock_try. */
static int try_session(struct lock *lock, struct failure *failure)
{
	struct rows rows = {0};
	const struct locker *locker = locker_of(lock);
	int result = run_all(lock, locker->statements, &rows, failure);
	if (result == 0)
		result = text_equal(rows_value(&rows, 0, 0), locker->yes) ? 1 : 0;
	rows_clear(&rows);
	return result;
}

/* --- PostgreSQL ------------------------------------------------------------------------------ */

/*
 * The two keys are "tmin" and "us": advisory locks belong to one database. READ COMMITTED, so that
 * the transaction, which runs no statement between its heartbeats, holds back neither VACUUM nor
 * CREATE INDEX CONCURRENTLY. transaction_timeout is there from PostgreSQL 17 on.
 */
static const char *const postgres_statements[] = {
	"BEGIN ISOLATION LEVEL READ COMMITTED",
	"SELECT pg_catalog.set_config('idle_in_transaction_session_timeout', '8s', true), "
	"pg_catalog.set_config('lock_timeout', '5s', true), "
	"pg_catalog.set_config('statement_timeout', '5s', true)",
	"SELECT pg_catalog.set_config(name, '0', true) FROM pg_catalog.pg_settings "
	"WHERE name = 'transaction_timeout'",
	"SELECT pg_catalog.pg_try_advisory_xact_lock(1953327470, 30067)",
	NULL,
};

static int beat_session(struct lock *lock, struct failure *failure)
{
	return session_query(lock->session, "SELECT 1", NULL, failure);
}

static const char postgres_before[] =
	"SELECT 'pid ' || pid || ' (' || coalesce(nullif(application_name, ''), 'no name') || "
	"'), ' || coalesce(state, '') || ': ' || left(coalesce(query, ''), 120) "
	"FROM pg_catalog.pg_stat_activity "
	"WHERE datname = current_database() AND pid <> pg_backend_pid() AND (application_name = ";
static const char postgres_behind[] =
	" OR usename = current_user AND state = 'active' "
	"AND query ~* '^\\s*(alter|create|drop|truncate|reindex)\\M')";
/* A pooler keeps sessions under the name of whoever had them last. */
static const char postgres_pooled[] = " AND coalesce(state, '') <> 'idle'";
static const char postgres_order[] = " ORDER BY backend_start LIMIT 1";

/* --- MySQL ----------------------------------------------------------------------------------- */

/* wait_timeout ends a session that is not heard of; names of locks count for the whole server and
 * have at most 64 characters. MySQL manual 14.14, GET_LOCK */
static const char *const mysql_statements[] = {
	"SET SESSION wait_timeout = 8",
	"SELECT GET_LOCK(" LOCK_MYSQL_NAME ", 0)",
	NULL,
};

/* The number of nodes, as a cluster's own variable or table says; 0 where there is none, or it may
 * not be read. Galera, wsrep_cluster_size; MySQL manual, replication_group_members */
static long long count_nodes(struct lock *lock)
{
	static const struct {
		const char *sql;
		size_t column;
	} questions[] = {
		{"SHOW GLOBAL STATUS LIKE 'wsrep_cluster_size'", 1},
		{"SELECT COUNT(*) FROM performance_schema.replication_group_members WHERE "
		 "MEMBER_STATE = 'ONLINE'",
			0},
	};
	long long most = 0;
	for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
		struct rows rows = {0};
		struct failure ignored;
		if (session_query(lock->session, questions[i].sql, &rows, &ignored) == 0 &&
			rows_number(&rows, 0, questions[i].column) > most)
			most = rows_number(&rows, 0, questions[i].column);
		rows_clear(&rows);
	}
	return most;
}

/* GET_LOCK is one node's own: on another node it would be taken a second time. */
static int try_mysql(struct lock *lock, struct failure *failure)
{
	int result = try_session(lock, failure);
	long long nodes = result > 0 && !lock->chosen ? count_nodes(lock) : 0;
	if (nodes < 2)
		return result;
	return failure_set(failure, failure_of_kind(FAILURE_SETTING), "",
		"the server is one of %lld nodes of a cluster, and MySQL's locks belong to one "
		"node: set lock.url to the URL of one of them, the same for all replicas",
		nodes);
}

/* KILL and a restart take the lock; the session may still answer after a reconnect of a proxy. */
static int beat_mysql(struct lock *lock, struct failure *failure)
{
	struct rows rows = {0};
	int result = session_query(lock->session,
		"SELECT IS_USED_LOCK(" LOCK_MYSQL_NAME ") = CONNECTION_ID()", &rows, failure);
	if (result == 0 && !text_equal(rows_value(&rows, 0, 0), "1"))
		result = failure_set(failure, failure_of_kind(FAILURE_CLOSED), "",
			"the server has given tminus's lock away");
	rows_clear(&rows);
	return result;
}

static const char mysql_before[] =
	"SELECT CONCAT('connection ', ID, ': ', LEFT(INFO, 120)) FROM "
	"information_schema.PROCESSLIST "
	"WHERE DB = DATABASE() AND ID <> CONNECTION_ID() AND COMMAND IN ('Query', 'Execute') "
	"AND USER = SUBSTRING_INDEX(CURRENT_USER(), '@', 1) AND '' <> ";
static const char mysql_behind[] =
	" AND LOWER(LTRIM(INFO)) REGEXP '^(alter|create|drop|truncate|rename|optimize)[[:space:]]'";
static const char mysql_order[] = " ORDER BY TIME DESC LIMIT 1";

/* --- SQLite ---------------------------------------------------------------------------------- */

/* Filesystems where flock(2) is known to lock one host alone, or nothing. */
static bool is_shared(int descriptor)
{
	static const long magics[] = {NFS_SUPER_MAGIC, V9FS_MAGIC, FUSE_SUPER_MAGIC,
		SMB_SUPER_MAGIC, MAGIC_CIFS, MAGIC_SMB2, MAGIC_VIRTIOFS};
	struct statfs status;
	if (fstatfs(descriptor, &status) != 0)
		return false;
	for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++)
		if ((unsigned)status.f_type == (unsigned)magics[i])
			return true;
	return false;
}

/* 1, 0 or -1, as lock_try. The file is never removed: who had it open already would lock a file
 * that nobody else sees. */
static int lock_file(const char *path, int *descriptor, struct failure *failure)
{
	int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
	if (file < 0)
		return failure_set(failure, failure_of_kind(FAILURE_NO_ACCESS), "",
			"%s: the lock file cannot be opened: %s", path, strerror(errno));
	bool shared = is_shared(file);
	if (!shared && flock(file, LOCK_EX | LOCK_NB) == 0) {
		*descriptor = file;
		return 1;
	}
	int reason = shared ? ENOLCK : errno;
	(void)close(file);
	if (reason == EWOULDBLOCK)
		return 0;
	return failure_set(failure, failure_of_kind(FAILURE_SETTING), "",
		"%s: %s; SQLite on a network or host share cannot be locked between replicas; "
		"with one replica alone set lock.enabled = no",
		path, strerror(reason));
}

/* All of them: a file that exists in one place now may turn up in the other. Where no lock file can
 * be, no database can turn up. */
static int try_sqlite(struct lock *lock, struct failure *failure)
{
	bool held = false;
	for (size_t i = 0; i < lock->files.count; i++) {
		int result = lock_file(lock->files.items[i], &lock->descriptors[i], failure);
		if (result == 0)
			return 0;
		held = held || result > 0;
		if (result < 0 && failure->status == STATUS_CONFIG)
			return -1;
	}
	return held ? 1 : -1;
}

static int beat_sqlite(struct lock *lock, struct failure *failure)
{
	(void)lock;
	(void)failure;
	return 0;
}

/* --------------------------------------------------------------------------------------------- */

static const struct locker lockers[] = {
	[DATABASE_POSTGRES] = {.try = try_session,
		.statements = postgres_statements,
		.yes = "t",
		.beat = beat_session,
		.before_name = postgres_before,
		.behind_name = postgres_behind,
		.pooled = postgres_pooled,
		.order = postgres_order},
	[DATABASE_MYSQL] = {.try = try_mysql,
		.statements = mysql_statements,
		.yes = "1",
		.beat = beat_mysql,
		.before_name = mysql_before,
		.behind_name = mysql_behind,
		.pooled = "",
		.order = mysql_order},
	[DATABASE_SQLITE] = {.try = try_sqlite, .beat = beat_sqlite},
};

static const struct locker *locker_of(const struct lock *lock)
{
	return &lockers[lock->url->kind];
}

static void let_go(struct lock *lock)
{
	session_close(lock->session);
	lock->session = NULL;
	for (size_t i = 0; i < LOCK_FILES_MOST; i++) {
		if (lock->descriptors[i] >= 0)
			(void)close(lock->descriptors[i]);
		lock->descriptors[i] = -1;
	}
	lock->held = false;
}

int lock_try(struct lock *lock, struct failure *failure)
{
	let_go(lock);
	if (lock->url->kind != DATABASE_SQLITE && open_session(lock, failure) != 0)
		return -1;
	int result = locker_of(lock)->try(lock, failure);
	if (result <= 0)
		let_go(lock);
	lock->held = result > 0;
	return result;
}

bool lock_is_held(const struct lock *lock)
{
	return lock->held;
}

int lock_beat(struct lock *lock, struct failure *failure)
{
	if (locker_of(lock)->beat(lock, failure) == 0)
		return 0;
	let_go(lock);
	return -1;
}

/* Within a transaction PostgreSQL shows the same activity again until it is told to look anew.
 * PostgreSQL manual 27.2, pg_stat_clear_snapshot */
static int ask_survivor(
	struct session *session, const char *name, struct rows *rows, struct failure *failure)
{
	const struct locker *locker = &lockers[session_kind(session)];
	autofree char *literal = session_literal(session, name);
	struct text sql = {0};
	int result = 0;
	if (session_kind(session) == DATABASE_POSTGRES)
		result = session_query(session,
			"SELECT pg_catalog.pg_backend_pid(), pg_catalog.pg_stat_clear_snapshot()",
			rows, failure);
	bool pooled = rows_number(rows, 0, 0) != session_backend(session);
	text_add_format(&sql, "%s%s%s%s%s", locker->before_name, literal, locker->behind_name,
		pooled ? locker->pooled : "", locker->order);
	if (result == 0)
		result = session_query(session, sql.bytes, rows, failure);
	text_free(&sql);
	return result;
}

int lock_survivor(struct lock *lock, struct session *session, const char *name, char *room,
	size_t size, struct failure *failure)
{
	struct rows rows = {0};
	if (session == NULL)
		session = lock->session;
	if (session == NULL || lockers[session_kind(session)].before_name == NULL)
		return 0;
	int result = ask_survivor(session, name, &rows, failure);
	if (result == 0 && rows_count(&rows) > 0) {
		(void)snprintf(room, size, "%s", rows_value(&rows, 0, 0));
		result = 1;
	}
	rows_clear(&rows);
	return result;
}

void lock_release(struct lock *lock)
{
	let_go(lock);
}

void lock_free(struct lock *lock)
{
	if (lock == NULL)
		return;
	let_go(lock);
	list_clear(&lock->files);
	free(lock);
}
