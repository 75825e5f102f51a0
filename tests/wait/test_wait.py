"""The wait step, from the outside: for every way in which a database cannot be used, the documented
status and one clear line."""

import contextlib
import os
import re
import subprocess
import threading

import psycopg2
import pytest

import harness
import servers
from shop import make_shop

READY = "is ready after"
SOON = {"wait_grace": "300ms", "wait_timeout": "30s"}
NOT_FOR_LONG = {"wait_grace": "30s", "wait_timeout": "1500ms"}


def unused_url(kind):
    """The URL of a server of this kind that was never started."""
    scheme = "postgresql" if kind is servers.Postgres else "mysql"
    return servers.url(scheme, "127.0.0.1", servers.free_port(), "app", "secret", "shop")


# --- it can be used ------------------------------------------------------------------------------


def test_a_usable_database_starts_the_app(boot, database):
    result = boot(database.url())
    assert result.status == 0 and result.output == "the app runs\n"
    assert re.search(rf"{READY} \d+ ms: (PostgreSQL|MariaDB) \d+", result.log)


def test_a_database_through_pgbouncer_is_usable(boot):
    with servers.Postgres() as postgres:
        make_shop(postgres)
        with servers.PgBouncer(postgres, {"app": "secret"}) as bouncer:
            result = boot(bouncer.url(), settings={"upgrade_command": "true"})
    assert result.status == 0 and READY in result.log


def test_redis_is_waited_for_beside_the_database(boot, database):
    with servers.Redis() as redis:
        result = boot(database.url(), settings={"wait_targets": f"tcp://127.0.0.1:{redis.port}"})
    assert result.status == 0
    assert len(re.findall(READY, result.log)) == 2


def test_a_second_database_can_be_a_target(boot, database):
    with make_started(servers.MariaDB) as other:
        result = boot(database.url(), settings={"wait_targets": other.url()})
    assert result.status == 0
    assert len(re.findall(READY, result.log)) == 2


@contextlib.contextmanager
def make_started(kind, **options):
    """A server with role and database, for a with statement."""
    with kind(**options) as server:
        yield make_shop(server)


# --- refused: 77 ---------------------------------------------------------------------------------


def test_a_wrong_password_gives_77_after_the_grace(boot, database):
    result = boot(database.url(password="wr0ng"), settings=SOON)
    assert result.status == 77 and result.output == ""
    assert "password" in result.line and "app" in result.line


def test_an_unknown_role_gives_77(boot, database):
    result = boot(database.url(user="nobody_here"), settings=SOON)
    assert result.status == 77
    assert "nobody_here" in result.line


def test_an_unknown_database_gives_77(boot, database):
    result = boot(database.url(name="nothing_here"), settings=SOON)
    assert result.status == 77
    assert "nothing_here" in result.line


def test_a_refusal_at_the_time_limit_is_still_77(boot, database):
    result = boot(database.url(password="wr0ng"), settings=NOT_FOR_LONG)
    assert result.status == 77


def test_a_role_that_is_created_within_the_grace_is_waited_for(container, database, kind):
    run = container("--", "echo", "the app runs",
                    environment={"DATABASE_URL": database.url(user="late"), "TMINUS_WAIT_GRACE": "60s"})
    run.expect_error("waiting for .*late")
    if kind is servers.Postgres:
        database.sql("CREATE ROLE late LOGIN PASSWORD 'secret'")
    else:
        database.sql("CREATE USER late IDENTIFIED BY 'secret'")
        database.sql("GRANT ALL ON shop.* TO late")
    assert run.wait() == 0


def test_tls_that_the_server_requires_is_refused_without_it(boot, kind):
    postgres = kind is servers.Postgres
    options = {"hba": ["hostssl all all all scram-sha-256"]} if postgres else {"require_secure_transport": "ON"}
    parameters = {"sslmode": "disable"} if postgres else {"ssl-mode": "DISABLED"}
    with make_started(kind, tls=True, **options) as server:
        result = boot(server.url(**parameters), settings=SOON)
    assert result.status == 77
    assert re.search("SSL|TLS|encryption|secure transport", result.line)


def test_tls_that_the_server_does_not_have_is_refused(boot, database, kind):
    parameters = {"sslmode": "require"} if kind is servers.Postgres else {"ssl-mode": "REQUIRED"}
    result = boot(database.url(**parameters), settings=SOON)
    assert result.status == 77
    assert re.search("SSL|TLS", result.line)


def url_with_authority(server, path):
    if isinstance(server, servers.Postgres):
        return server.url(host="localhost", sslmode="verify-full", sslrootcert=path)
    return server.url(host="localhost", ssl_ca=path, ssl_verify_identity="true")


def test_the_authority_that_the_url_names_counts_and_no_other(boot, kind, folder):
    other = servers.Authority(folder.path)
    with make_started(kind, tls=True) as server:
        own = server.authority.ca
        beside_the_app = boot(url_with_authority(server, own.name), settings={"app_workdir": own.parent})
        refused = boot(url_with_authority(server, str(other.ca)), settings=SOON)
    assert beside_the_app.status == 0
    assert refused.status == 77
    assert "certificate" in refused.line


# --- not there, not yet: 69 ----------------------------------------------------------------------


def test_an_unknown_host_gives_69(boot, kind):
    url = unused_url(kind).replace("127.0.0.1", "no-such-host.invalid")
    result = boot(url, settings=NOT_FOR_LONG)
    assert result.status == 69
    assert "no-such-host.invalid" in result.line


def test_a_port_where_nobody_answers_gives_69(boot, kind):
    result = boot(unused_url(kind), settings=NOT_FOR_LONG)
    assert result.status == 69
    assert "refused" in result.line


def test_a_host_that_drops_everything_gives_69(boot, kind):
    with servers.Blackhole() as hole:
        url = re.sub(r":\d+/", f":{hole.port}/", unused_url(kind))
        result = boot(url, settings=NOT_FOR_LONG)
    assert result.status == 69
    assert "no connection within" in result.line


def test_a_server_that_accepts_and_says_nothing_gives_69_in_time(boot, kind):
    with servers.Misbehaving(servers.says_nothing) as silent:
        url = re.sub(r":\d+/", f":{silent.port}/", unused_url(kind))
        result = boot(url, settings=NOT_FOR_LONG)
    assert result.status == 69
    assert result.seconds < 30


@pytest.mark.parametrize("level", ["query", "ready"])
def test_a_silent_server_in_the_place_of_a_mysql_is_doubted_before_the_limit(container, level):
    """A PostgreSQL waits for its client to speak first."""
    with servers.Misbehaving(servers.says_nothing) as silent:
        run = container("--", "true", environment={
            "DATABASE_URL": f"mysql://shop@127.0.0.1:{silent.port}/shop", "TMINUS_WAIT_LEVEL": level})
        run.expect_error("accepts connections, but has said nothing within 2 s, and a MySQL server speaks first: is this")
        assert "has not answered within" not in run.err.text()
        run.signal(15)
        assert run.wait() == 143


def test_a_server_of_another_protocol_is_called_that(boot, kind):
    with servers.Misbehaving(servers.says(b"-ERR unknown command\r\n")) as other:
        url = re.sub(r":\d+/", f":{other.port}/", unused_url(kind))
        result = boot(url, settings=SOON)
    assert result.status in (69, 77)
    assert re.search("does not speak|not a", result.line)


def test_too_many_connections_give_69(boot, kind):
    options = {"max_connections": 4} if kind is servers.Postgres else {"max_connections": 10}
    with make_started(kind, **options) as server:
        held = []
        try:
            while len(held) < 40:
                held.append(server.connect())
        except Exception:  # each client library has its own
            pass
        result = boot(server.url(), settings=NOT_FOR_LONG)
        for connection in held:
            connection.close()
    assert result.status == 69
    assert re.search("too many|slots", result.line, re.IGNORECASE)


def test_a_server_in_recovery_is_not_enough_for_an_upgrade(boot):
    with make_started(servers.Postgres, wal_level="replica") as server:
        server.stop()
        server.become_standby()
        server.start()
        enough = boot(server.url())
        not_enough = boot(server.url(), settings={**NOT_FOR_LONG, "upgrade_command": "true"})
    assert enough.status == 0
    assert not_enough.status == 69
    assert "recovery" in not_enough.line or "standby" in not_enough.line


def test_a_read_only_server_is_not_enough_for_an_upgrade(boot, kind):
    with make_started(kind) as server:
        if kind is servers.Postgres:
            server.sql("ALTER SYSTEM SET default_transaction_read_only = on")
            server.sql("SELECT pg_reload_conf()")
            harness.await_true(lambda: is_read_only(server), "read only")
        else:
            server.sql("SET GLOBAL read_only = ON")
        enough = boot(server.url())
        not_enough = boot(server.url(), settings={**NOT_FOR_LONG, "upgrade_command": "true"})
    assert enough.status == 0
    assert not_enough.status == 69
    assert "read" in not_enough.line


def is_read_only(server):
    """As the role app sees it: servers.py's own sessions stay writable."""
    with contextlib.closing(psycopg2.connect(server.url())) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW default_transaction_read_only")
        return cursor.fetchone() == ("on",)


# --- it comes later ------------------------------------------------------------------------------


def test_a_server_that_starts_late_is_found(container, kind):
    server = kind()
    run = container("--", "echo", "the app runs",
                    environment={"DATABASE_URL": server.url(), "TMINUS_WAIT_GRACE": "60s"})
    run.expect_error("refused")
    with server:
        make_shop(server)
        assert run.wait(60) == 0
    assert READY in run.err.text()


def test_a_server_that_restarts_meanwhile_has_to_be_stable_again(container, kind):
    """An official image's temporary first server: it accepts, then goes away."""
    with make_started(kind) as server:
        run = container("--", "echo", "the app runs", environment={
            "DATABASE_URL": server.url(), "TMINUS_WAIT_STABLE": "4s", "TMINUS_WAIT_GRACE": "60s"})
        harness.await_true(lambda: sessions(server) > 0, "the session to be open")
        server.stop()
        run.expect_error("waiting for")
        assert READY not in run.err.text()
        server.start()
        assert run.wait(60) == 0
    assert READY in run.err.text()


def sessions(server):
    """How many sessions of app the server has."""
    if isinstance(server, servers.Postgres):
        return server.sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'")[0][0]
    return server.sql("SELECT count(*) FROM information_schema.processlist WHERE user = 'app'")[0][0]


@pytest.mark.parametrize("late", [pytest.param(12, id="12 seconds")])
def test_a_host_name_that_appears_late_is_found(container, database, folder, late):
    """As in Compose, where a name exists only once its container runs."""
    hosts = folder.script("hosts", "127.0.0.1 localhost\n", 0o644)
    resolver = folder.script("resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n", 0o644)
    url = database.url(host="the-database")
    run = container("--", "echo", "the app runs", environment={"DATABASE_URL": url},
                    setup=f"mount --bind {hosts} /etc/hosts; mount --bind {resolver} /etc/resolv.conf")
    run.expect_error("the-database")

    def appear():
        with open(hosts, "a", encoding="ascii") as file:
            file.write("127.0.0.1 the-database\n")

    timer = threading.Timer(late, appear)
    timer.start()
    assert run.wait(90) == 0
    timer.join()
    assert READY in run.err.text()


# --- the limits hold -----------------------------------------------------------------------------


def test_term_ends_a_wait_that_hangs_in_a_handshake(container, kind):
    with servers.Misbehaving(servers.says_nothing) as silent:
        url = re.sub(r":\d+/", f":{silent.port}/", unused_url(kind))
        run = container("--", "echo", "the app runs", environment={"DATABASE_URL": url, "TMINUS_WAIT_TIMEOUT": "1h"})
        run.expect(lambda: run.init.children(), "the keeper")
        run.signal(15)
        assert run.wait() == 128 + 15
    assert run.out.text() == ""


def test_every_target_that_is_not_ready_is_named(container, folder):
    run = container("--", "echo", "the app runs", environment={
        "TMINUS_WAIT_TARGETS": f"file:{folder / 'one'} file:{folder / 'two'} file:/etc/passwd",
        "TMINUS_WAIT_TIMEOUT": "300ms"})
    assert run.wait() == 69
    errors = re.findall(r"^tminus: error: (.*)$", run.err.text(), re.MULTILINE)
    assert len(errors) == 2 and "one" in errors[0] and "two" in errors[1]


def test_the_session_is_closed_once_boot_is_over(container, database, recorder):
    run = container("--", *recorder.command("--end", "15=0"), environment={"DATABASE_URL": database.url()})
    run.expect(recorder.is_ready, "the app to run")
    harness.await_true(lambda: sessions(database) == 0, "the keeper's session to be closed")
    run.expect(lambda: len(run.init.children()) == 1, "the keeper to be gone")
    run.signal(15)
    assert run.wait() == 0


@pytest.mark.not_sanitized("valgrind cannot run it")
def test_the_keeper_leaks_nothing(database, folder):
    """valgrind looks at each process when it ends; the keeper is one of them."""
    log = folder / "valgrind.%p"
    result = subprocess.run(
        ["valgrind", "--quiet", "--trace-children=yes", "--leak-check=full", "--errors-for-leak-kinds=definite,possible",
         "--show-leak-kinds=definite,possible", f"--log-file={log}", harness.TMINUS, "wait"],
        env={**os.environ, "DATABASE_URL": database.url()}, capture_output=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    logs = list(folder.path.glob("valgrind.*"))
    assert len(logs) >= 2, "the keeper has a log of its own"
    assert [path.read_text() for path in logs if path.read_text()] == []


# --- SQLite --------------------------------------------------------------------------------------


def test_a_sqlite_file_that_does_not_exist_yet_is_the_tools_to_make(boot, folder):
    result = boot(f"sqlite:///{folder / 'app.db'}", settings={"upgrade_command": "true"})
    assert result.status == 0
    assert not (folder / "app.db").exists()


def test_a_file_that_is_no_sqlite_database_is_refused(boot, folder):
    folder.script("app.db", "this is a text, and a rather long one at that\n" * 100, 0o644)
    result = boot(f"sqlite:///{folder / 'app.db'}", settings=SOON)
    assert result.status == 77
    assert "app.db" in result.line


def test_a_folder_that_does_not_exist_is_named(boot, folder):
    result = boot(f"sqlite:///{folder / 'data' / 'app.db'}", settings={**NOT_FOR_LONG, "upgrade_command": "true"})
    assert result.status in (69, 77)
    assert "data" in result.line
