"""Sessions of others in the database shop: who holds the lock, what an earlier start left."""

import contextlib
import threading

import psycopg2
import pymysql

import servers

DEAD = "0123456789abcdef"  # a boot that is no more
LOCK = {
    servers.Postgres: "SELECT pg_advisory_lock(1953327470, 30067)",
    servers.MariaDB: "SELECT GET_LOCK(CONCAT('tminus:', SHA2('shop', 224)), 10)",
}
IS_FREE = {
    servers.Postgres: "SELECT NOT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory')",
    servers.MariaDB: "SELECT IS_FREE_LOCK(CONCAT('tminus:', SHA2('shop', 224)))",
}


def run(connection, statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


def lock_is_free(server):
    return bool(server.sql(IS_FREE[type(server)], name="shop")[0][0])


@contextlib.contextmanager
def held_lock(server):
    """tminus's lock, held by a session that is none of tminus's."""
    with contextlib.closing(server.connect("shop")) as connection:
        run(connection, LOCK[type(server)])
        yield


def as_app(server, database="shop"):
    if isinstance(server, servers.Postgres):
        return psycopg2.connect(server.url(name=database))
    return pymysql.connect(host="127.0.0.1", port=server.port, user="app", password="secret", database=database)


def named_session(server, name=f"tminus-{DEAD}"):
    """A session of the role app with this application name (PostgreSQL)."""
    return contextlib.closing(psycopg2.connect(server.url(), application_name=name))


def leave_begun(server, boot=DEAD, kind="upgrade"):
    """The ledger of a boot that began its upgrade and died."""
    fields = {"kind": kind, "name": "", "state": "begun", "digest": "", "revision_from": "", "revision_to": "",
              "boot": boot, "host": "elsewhere", "at": "2026-01-01T00:00:00Z"}
    cast = "::text" if isinstance(server, servers.Postgres) else ""
    columns = ", ".join(f"'{value}'{cast} AS {name}" for name, value in fields.items())
    with contextlib.closing(as_app(server)) as connection:
        run(connection, f"CREATE VIEW tminus_ledger AS SELECT 1 AS n, {columns}")
        connection.commit()


def leave_pooled_sessions(bouncer, count):
    """As an upgrade behind a pooler leaves them: its clients have gone, the pooler's sessions keep its name."""
    with contextlib.ExitStack() as stack:
        sessions = [stack.enter_context(named_session(bouncer)) for _ in range(count)]
        for session in sessions:
            run(session, "SELECT 1")
        for session in sessions:
            session.commit()


class RunningDdl:
    """An ALTER TABLE of the role app, in a session without a name, that waits for somebody's transaction."""

    def __init__(self, server):
        self.holder = server.connect("shop")
        self.worker = as_app(server)
        run(self.worker, "CREATE TABLE strangers (id INT PRIMARY KEY)")
        self.worker.commit()

    def __enter__(self):
        run(self.holder, "BEGIN")
        run(self.holder, "SELECT * FROM strangers")
        self.thread = threading.Thread(target=self.alter)
        self.thread.start()
        return self

    def alter(self):
        run(self.worker, "ALTER TABLE strangers ADD COLUMN n INT")
        self.worker.commit()

    def __exit__(self, *reason):
        run(self.holder, "COMMIT")
        self.thread.join()
        self.holder.close()
        self.worker.close()
