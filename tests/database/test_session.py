"""Sessions against real servers: what is usable, what is not, and what is said about it."""

import contextlib
import json
import os
import pathlib
import shutil
import sqlite3
import struct
import subprocess
import tempfile
import threading

import psycopg2
import pytest

import servers

KINDS = ["postgres", "mariadb"]


@pytest.fixture(params=KINDS)
def server(request):
    return request.getfixturevalue(request.param)


def scheme(kind):
    return {"postgres": "postgresql", "mariadb": "mysql"}[kind]


def url_to(kind, port, host="127.0.0.1", **parameters):
    return servers.url(scheme(kind), host, port, "app", "secret", "shop", **parameters)


# --- what both have ------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["tcp", "ready", "query"])
def test_a_running_server_is_usable_at_every_level(server, open_session, level):
    assert open_session(server.url(), level=level).verdict == "ok"


def test_the_server_is_named(postgres, mariadb, open_session):
    assert open_session(postgres.url()).server.startswith("PostgreSQL 1")
    assert open_session(mariadb.url()).server.startswith("MariaDB 1")


def test_a_writable_server_is_writable(server, open_session):
    assert open_session(server.url(), writable=True).verdict == "ok"


@pytest.mark.parametrize(
    "kind, change, codes",
    [
        ("postgres", {"password": "wr0ng"}, ["28P01"]),
        ("postgres", {"user": "nobody"}, ["28P01"]),  # the server does not say whether the role is there
        ("postgres", {"name": "nowhere"}, ["3D000"]),
        ("mariadb", {"password": "wr0ng"}, ["1045"]),
        ("mariadb", {"user": "nobody"}, ["1045"]),
        ("mariadb", {"name": "nowhere"}, ["1044", "1049"]),
    ],
)
def test_refused_credentials_are_retried_for_the_grace_only(request, open_session, kind, change, codes):
    outcome = open_session(request.getfixturevalue(kind).url(**change))
    assert (outcome.verdict, outcome.status) == ("grace", 77)
    assert outcome.code in codes
    assert f"{change.get('user', 'app')}@127.0.0.1:" in outcome.message
    assert "; " in outcome.message, "no advice"


def test_a_database_that_is_not_there_is_named(mariadb, open_session):
    mariadb.sql("GRANT SELECT ON *.* TO app@'%'")
    try:
        outcome = open_session(mariadb.url(name="nowhere"))
    finally:
        mariadb.sql("REVOKE SELECT ON *.* FROM app@'%'")
    assert (outcome.verdict, outcome.code) == ("grace", "1049")


@pytest.mark.parametrize("level", ["tcp", "ready"])
def test_wrong_credentials_do_not_matter_before_the_login(server, open_session, level):
    assert open_session(server.url(password="wr0ng", name="nowhere"), level=level).verdict == "ok"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("level", ["tcp", "ready", "query"])
def test_nobody_listens(open_session, kind, level):
    outcome = open_session(url_to(kind, servers.free_port()), level=level)
    assert (outcome.verdict, outcome.status) == ("retry", 69)
    assert "Connection refused" in outcome.message and outcome.ms < 100


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_host_is_retried(open_session, kind):
    outcome = open_session(url_to(kind, 5, "no-such-host.invalid"))
    assert (outcome.verdict, outcome.status) == ("retry", 69)
    assert '"no-such-host.invalid" cannot be resolved' in outcome.message


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("level", ["tcp", "ready", "query"])
def test_a_connect_that_is_not_answered_is_abandoned(open_session, kind, level):
    with servers.Blackhole() as hole:
        outcome = open_session(url_to(kind, hole.port), level=level, connect=200, handshake=20000)
    assert (outcome.verdict, outcome.status) == ("retry", 69)
    assert "no connection within 200 ms" in outcome.message
    assert 190 <= outcome.ms < 700


@pytest.mark.parametrize("kind, level", [("postgres", "ready"), ("postgres", "query"), ("mariadb", "tcp"),
                                         ("mariadb", "ready"), ("mariadb", "query")])
@pytest.mark.parametrize("behaviour", ["silent", "trickle"])
def test_a_server_that_says_nothing_has_the_handshakes_limit(open_session, kind, level, behaviour):
    first = {"postgres": b"E\0\0\x40\0", "mariadb": b"\x60\0\0\0\x0a"}[kind]
    does = servers.says_nothing if behaviour == "silent" else servers.trickles(first, ask=kind == "postgres")
    parameters = {"sslmode": "disable"} if kind == "postgres" else {}
    with servers.Misbehaving(does) as server:
        outcome = open_session(url_to(kind, server.port, **parameters), level=level, connect=5000, handshake=300)
    assert (outcome.verdict, outcome.status) == ("retry", 69)
    assert "has not answered within 300 ms" in outcome.message
    assert 290 <= outcome.ms < 900


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("words", [b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", b"-ERR unknown command\r\n"])
def test_another_protocol_is_said_to_be_one(open_session, kind, words):
    does = servers.answers(words) if kind == "postgres" else servers.says(words)
    with servers.Misbehaving(does) as server:
        outcomes = [open_session(url_to(kind, server.port), level=level) for level in ("ready", "query")]
    for outcome in outcomes:
        assert (outcome.verdict, outcome.status) == ("grace", 77)
        assert "does not speak" in outcome.message and "check host and port" in outcome.message


@pytest.mark.parametrize("kind", KINDS)
def test_redis_is_no_database(open_session, kind):
    with servers.Redis() as redis:
        outcome = open_session(url_to(kind, redis.port), handshake=300)
    assert outcome.verdict == "retry" and "something else listens there" in outcome.message


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("behaviour", [servers.closes, servers.resets])
def test_a_server_that_hangs_up_is_retried(open_session, kind, behaviour):
    with servers.Misbehaving(behaviour) as server:
        outcome = open_session(url_to(kind, server.port))
    assert (outcome.verdict, outcome.status) == ("retry", 69), outcome


@pytest.mark.parametrize("kind", KINDS)
def test_a_dead_address_does_not_hide_a_live_one(request, open_session, kind):
    """localhost is ::1 first where there is IPv6; nobody listens there on this port."""
    server = request.getfixturevalue(kind)
    outcome = open_session(server.url(host="localhost"))
    assert outcome.verdict == "ok"


def test_ipv6_literals(postgres, open_session):
    if not servers.has_ipv6():
        pytest.skip("no IPv6 here")
    assert open_session(postgres.url(host="::1")).verdict == "ok"
    outcome = open_session(url_to("postgres", servers.free_port("::1"), "::1"))
    assert "app@[::1]:" in outcome.message


def test_the_address_of_a_name_is_shown(open_session):
    outcome = open_session(url_to("mariadb", servers.free_port(), "localhost"))
    assert "app@localhost:" in outcome.message
    assert "(127.0.0.1)" in outcome.message or "(::1)" in outcome.message


# --- PostgreSQL ----------------------------------------------------------------------------------


def hosts_url(*ports, **parameters):
    hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
    query = "?" + "&".join(f"{name}={value}" for name, value in parameters.items()) if parameters else ""
    return f"postgresql://app:secret@{hosts}/shop{query}"


def test_a_socket_folder_is_a_host(postgres, open_session):
    outcome = open_session(f"postgresql://postgres@/shop?host={postgres.folder}&port={postgres.port}")
    assert outcome.verdict == "ok"
    outcome = open_session(f"postgresql://postgres@/shop?host={postgres.folder}&port=1")
    assert outcome.verdict == "retry" and "/.s.PGSQL.1]/shop" in outcome.message
    assert "the socket is not there yet" in outcome.message


def test_a_missing_password_is_asked_for(postgres, open_session):
    outcome = open_session(postgres.url(password=None))
    assert (outcome.verdict, outcome.status) == ("grace", 77)
    assert "put the password into the URL" in outcome.message


def test_parameters_of_other_drivers_are_ignored(postgres, open_session):
    parameters = {"schema": "public", "connection_limit": "5", "pgbouncer": "true"}
    assert open_session(postgres.url(**parameters)).verdict == "ok"


def test_a_parameter_that_libpq_refuses_is_a_configuration_error(postgres, open_session):
    outcome = open_session(postgres.url(sslmode="perhaps"))
    assert (outcome.verdict, outcome.status) == ("refuse", 78)
    assert "perhaps" in outcome.message


def test_options_reach_the_server(postgres, open_session):
    assert open_session(postgres.url(options="-c search_path=public")).verdict == "ok"
    outcome = open_session(postgres.url(options="-c no_such_thing=1"))
    assert (outcome.verdict, outcome.code) == ("grace", "42704")
    outcome = open_session(postgres.url(options="-c default_transaction_read_only=on"), writable=True)
    assert outcome.verdict == "retry" and "read-only" in outcome.message


def test_the_application_is_named(postgres, program):
    process = subprocess.Popen([str(program), postgres.url(), "--check", "1"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    rows = postgres.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'open_session'")
    process.communicate("\n")
    assert rows == [(1,)] and process.returncode == 0


def test_an_open_session_that_the_server_ends_is_noticed(postgres, program):
    process = subprocess.Popen([str(program), postgres.url(application_name="x"), "--check", "2"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert '"ok"' in process.stdout.readline()
    process.stdin.write("\n")
    process.stdin.flush()
    assert '"ok"' in process.stdout.readline()
    postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'open_session'")
    rest, _ = process.communicate("\n")
    assert '"retry"' in rest and ("57P01" in rest or "closed the connection" in rest) and process.returncode == 0


def login(server):
    """A session of the app, None while the server has no room for it."""
    try:
        return psycopg2.connect(server.url())
    except psycopg2.OperationalError:
        return None


def test_a_full_server_is_retried(open_session):
    with servers.Postgres(max_connections=4, superuser_reserved_connections=3) as server:
        server.sql("CREATE ROLE app LOGIN PASSWORD 'secret'")
        server.sql("CREATE DATABASE shop OWNER app")
        holder = servers.until(lambda: login(server), "the sessions that made the database to be gone")
        outcome = open_session(server.url())
        ready = open_session(server.url(), level="ready")
        holder.close()
    assert (outcome.verdict, outcome.status, outcome.code) == ("retry", 69, "53300")
    assert ready.verdict == "ok"  # it answers, as for pg_isready


def test_a_starting_server_says_so(open_session):
    with contextlib.ExitStack() as stack:
        server = servers.Postgres(standby=True, restore_command="sleep 60; false")
        stack.push(server)  # its folder goes at the end
        stack.callback(server.stop, 3)
        server.start(wait=False)
        outcome = servers.until(lambda: starting(open_session, server), "57P03")
        ready = open_session(server.url(), level="ready")
        tcp = open_session(server.url(), level="tcp")
    assert (outcome.verdict, outcome.status, outcome.code) == ("retry", 69, "57P03")
    assert ready.verdict == "retry" and ready.starting
    assert tcp.verdict == "ok"


def starting(open_session, server):
    outcome = open_session(server.url())
    return outcome if outcome.get("starting") else None


def test_a_standby_is_usable_but_not_writable(open_session):
    with servers.Postgres() as server:
        server.sql("CREATE ROLE app LOGIN PASSWORD 'secret'")
        server.sql("CREATE DATABASE shop OWNER app")
        server.stop()
        server.become_standby()
        server.start()
        assert open_session(server.url()).verdict == "ok"
        outcome = open_session(server.url(), writable=True)
        assert outcome.verdict == "retry" and "in recovery" in outcome.message
        attributes = open_session(server.url(target_session_attrs="read-write"))
        assert attributes.verdict == "retry", attributes
        server.sql("SELECT pg_promote()")
        assert open_session(server.url(), writable=True).verdict == "ok"


def test_a_read_only_database_is_not_writable(postgres, open_session):
    postgres.sql("CREATE DATABASE frozen OWNER app")
    postgres.sql("ALTER DATABASE frozen SET default_transaction_read_only = on")
    assert open_session(postgres.url(name="frozen")).verdict == "ok"
    outcome = open_session(postgres.url(name="frozen"), writable=True)
    assert outcome.verdict == "retry" and "read-only (default_transaction_read_only)" in outcome.message
    postgres.sql("DROP DATABASE frozen")


def test_the_first_usable_host_wins(postgres, open_session):
    assert open_session(hosts_url(servers.free_port(), postgres.port)).verdict == "ok"
    outcome = open_session(hosts_url(servers.free_port(), servers.free_port()))
    assert outcome.verdict == "retry" and "none of 2 hosts is usable" in outcome.message


def test_a_blackhole_costs_one_connect_limit(postgres, open_session):
    with servers.Blackhole() as hole:
        outcome = open_session(hosts_url(hole.port, postgres.port), connect=200)
    assert outcome.verdict == "ok" and 190 <= outcome.ms < 700


def test_the_first_writable_host_wins(postgres, open_session):
    with servers.Postgres(default_transaction_read_only="on") as other:
        other.sql("CREATE ROLE app LOGIN PASSWORD 'secret'")
        other.sql("CREATE DATABASE shop OWNER app")
        assert open_session(hosts_url(other.port), writable=True).verdict == "retry"
        assert open_session(hosts_url(other.port, postgres.port), writable=True).verdict == "ok"


# --- PostgreSQL with TLS -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tls_postgres():
    hba = ["hostssl all all all scram-sha-256"]
    with servers.Postgres(tls=True, hba=hba) as server:
        server.sql("CREATE ROLE app LOGIN PASSWORD 'secret'")
        server.sql("CREATE DATABASE shop OWNER app")
        yield server


@pytest.fixture(scope="module")
def other_authority(tmp_path_factory):
    return servers.Authority(tmp_path_factory.mktemp("other"))


def test_tls_is_used_where_the_server_has_it(tls_postgres, open_session):
    for mode in ("prefer", "require", "no-verify", "true"):
        assert open_session(tls_postgres.url(sslmode=mode)).verdict == "ok"
    assert open_session(tls_postgres.url(ssl="true")).verdict == "ok"


def test_tls_that_is_wanted_by_the_server_is_said(tls_postgres, open_session):
    outcome = open_session(tls_postgres.url(sslmode="disable"))
    assert (outcome.verdict, outcome.status, outcome.code) == ("grace", 77, "28000")
    assert "sslmode=require" in outcome.message
    assert open_session(tls_postgres.url(sslmode="disable"), level="ready").verdict == "ok"


def test_tls_that_the_server_has_not_is_said(postgres, open_session):
    outcome = open_session(postgres.url(sslmode="require"))
    assert (outcome.verdict, outcome.status) == ("grace", 77)
    assert "does not support SSL" in outcome.message


def test_the_certificate_is_verified_by_name_though_we_connect_by_address(tls_postgres, open_session):
    ca = str(tls_postgres.authority.ca)
    good = tls_postgres.url(host="localhost", sslmode="verify-full", sslrootcert=ca)
    assert open_session(good).verdict == "ok"
    assert open_session(tls_postgres.url(sslmode="verify-ca", sslrootcert=ca)).verdict == "ok"
    outcome = open_session(tls_postgres.url(sslmode="verify-full", sslrootcert=ca))
    assert (outcome.verdict, outcome.status) == ("grace", 77)
    assert "does not match host name" in outcome.message and "verify-ca" in outcome.message


def test_a_certificate_of_another_authority_is_refused(tls_postgres, other_authority, open_session):
    outcome = open_session(tls_postgres.url(host="localhost", sslmode="verify-full", sslrootcert=str(other_authority.ca)))
    assert (outcome.verdict, outcome.status) == ("grace", 77)
    assert "certificate verify failed" in outcome.message and "sslrootcert" in outcome.message


def test_a_certificate_file_that_is_not_there_is_said(tls_postgres, open_session):
    outcome = open_session(tls_postgres.url(sslmode="verify-ca", sslrootcert="/nowhere/ca.crt"))
    assert (outcome.verdict, outcome.status) == ("grace", 77)
    assert "/nowhere/ca.crt" in outcome.message


# --- PgBouncer -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pgbouncer(postgres):
    with servers.PgBouncer(postgres, {"app": "secret"}) as server:
        yield server


def test_a_pooler_in_transaction_mode_is_usable(pgbouncer, open_session):
    for level in ("tcp", "ready", "query"):
        assert open_session(pgbouncer.url(), level=level).verdict == "ok"
    assert open_session(pgbouncer.url(), writable=True).verdict == "ok"


@pytest.mark.parametrize("change", [{"password": "wr0ng"}, {"user": "nobody"}, {"name": "nowhere"}])
def test_a_poolers_refusal_is_one(pgbouncer, open_session, change):
    outcome = open_session(pgbouncer.url(**change))
    assert (outcome.verdict, outcome.status) == ("grace", 77)


# --- MariaDB -------------------------------------------------------------------------------------


def test_a_unix_socket_of_mariadb(mariadb, open_session):
    good = f"mysql://app:secret@localhost/shop?unix_socket={mariadb.socket}"
    for level in ("tcp", "ready", "query"):
        assert open_session(good, level=level).verdict == "ok"
    outcome = open_session("mysql://app:secret@localhost/shop?unix_socket=/nowhere/sock")
    assert outcome.verdict == "retry" and "the socket is not there yet" in outcome.message


def test_sqlalchemys_parameters_are_ignored(mariadb, open_session):
    outcome = open_session(mariadb.url(charset="utf8mb4", use_unicode="1", connection_limit="5"))
    assert outcome.verdict == "ok"


def test_a_read_only_mariadb_is_not_writable(mariadb, open_session):
    mariadb.sql("SET GLOBAL read_only = 1")
    try:
        outcome = open_session(mariadb.url(), writable=True)
        usable = open_session(mariadb.url())
    finally:
        mariadb.sql("SET GLOBAL read_only = 0")
    assert outcome.verdict == "retry" and "read-only (read_only)" in outcome.message
    assert usable.verdict == "ok"


def test_an_open_session_of_mariadb_that_is_ended_is_noticed(mariadb, program):
    process = subprocess.Popen([str(program), mariadb.url(), "--check", "2"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    assert '"ok"' in process.stdout.readline()
    process.stdin.write("\n")
    process.stdin.flush()
    assert '"ok"' in process.stdout.readline()
    for (number,) in mariadb.sql("SELECT id FROM information_schema.processlist WHERE user = 'app'"):
        mariadb.sql(f"KILL {number}")
    rest, _ = process.communicate("\n")
    assert '"retry"' in rest and process.returncode == 0


@pytest.mark.parametrize("level", ["tcp", "ready", "query"])
def test_a_full_mariadb_is_retried(open_session, level):
    with servers.MariaDB(max_connections=10) as server:
        server.sql("CREATE USER app@'%' IDENTIFIED BY 'secret'")
        with contextlib.ExitStack() as stack:
            for _ in range(11):  # the last is the one in reserve for root
                stack.enter_context(contextlib.closing(server.connect()))
            outcome = open_session(server.url(), level=level)
    assert (outcome.verdict, outcome.status, outcome.code) == ("retry", 69, "1040")


@pytest.mark.parametrize("level", ["tcp", "ready", "query"])
def test_a_blocked_host_is_told_what_to_do(open_session, level):
    words = servers.mysql_error(1129, "Host '10.0.0.7' is blocked because of many connection errors")
    with servers.Misbehaving(servers.says(words)) as server:
        outcome = open_session(url_to("mariadb", server.port), level=level)
    assert (outcome.verdict, outcome.code) == ("grace", "1129")
    assert "mysqladmin flush-hosts" in outcome.message


@pytest.mark.parametrize("level", ["tcp", "ready"])
def test_probing_does_not_get_this_host_blocked(open_session, level, tmp_path):
    """A server counts connections that end without a login, but not those of loopback; so its own
    counter of the handshakes that broke is looked at."""
    with servers.MariaDB(performance_schema="ON") as server:
        before = aborted(server)
        for _ in range(5):
            assert open_session(server.url(), level=level).verdict == "ok"
        assert aborted(server) == before


def aborted(server):
    return server.sql("SHOW GLOBAL STATUS LIKE 'Aborted_connects_preauth'")[0][1]


@pytest.fixture(scope="module")
def tls_mariadb():
    with servers.MariaDB(tls=True, require_secure_transport="ON") as server:
        server.sql("CREATE USER app@'%' IDENTIFIED BY 'secret'")
        server.sql("CREATE DATABASE shop")
        server.sql("GRANT ALL ON shop.* TO app@'%'")
        yield server


def test_mysql_tls_is_used_where_the_server_has_it(tls_mariadb, open_session):
    for parameters in ({}, {"ssl-mode": "REQUIRED"}, {"ssl": "true"}, {"sslmode": "require"}):
        assert open_session(tls_mariadb.url(**parameters), writable=True).verdict == "ok"


def test_mysql_tls_that_is_wanted_by_the_server_is_said(tls_mariadb, open_session):
    outcome = open_session(tls_mariadb.url(**{"ssl-mode": "DISABLED"}))
    assert (outcome.verdict, outcome.status) == ("grace", 77), outcome
    assert "ssl-mode" in outcome.message and "TLS" in outcome.message


def test_mysql_tls_that_the_server_has_not_is_said(mariadb, open_session):
    outcome = open_session(mariadb.url(**{"ssl-mode": "REQUIRED"}))
    assert (outcome.verdict, outcome.status) == ("grace", 77)
    assert "TLS" in outcome.message


def test_nothing_is_sent_to_a_mysql_without_the_tls_that_is_required(open_session):
    """It could ask for the password in clear text."""
    said = []

    def ask(server, connection):
        connection.sendall(servers.mysql_greeting())
        try:
            said.append(connection.recv(4096))
        except ConnectionResetError:
            said.append(b"")

    with servers.Misbehaving(ask) as server:
        outcome = open_session(url_to("mariadb", server.port, **{"ssl-mode": "REQUIRED"}))
        servers.until(lambda: said, "the end of the connection")
    assert (outcome.verdict, outcome.status) == ("grace", 77) and "no TLS" in outcome.message
    assert said == [b""]


class Greedy(servers.Misbehaving):
    """A server without TLS that asks for the password by one of the ways to log in, and keeps what it gets."""

    def __init__(self, plugin, greeting=servers.mysql_greeting(), then=b""):
        super().__init__(self.ask)
        self.plugin, self.greeting, self.then = plugin, greeting, then
        self.said = b""
        self.answered = threading.Event()

    def ask(self, _, connection):
        switch = b"\xfe" + self.plugin.encode() + b"\x0012345678901234567890\0"
        words = [self.greeting, servers.mysql_packet(switch, 2)] + ([servers.mysql_packet(self.then, 4)] if self.then else [])
        with contextlib.suppress(OSError):
            for each in words:
                connection.sendall(each)
                self.said += connection.recv(4096)
        self.answered.set()


LONG_GREETING = servers.mysql_packet(b"\x0a8.0.36-" + 300 * b"x" + servers.mysql_greeting()[11:])
SEND_PASSWORD = b"\x01\x04"  # of caching_sha2_password


@pytest.mark.parametrize("mode", [{}, {"ssl-mode": "DISABLED"}, {"ssl_cert": __file__}])
@pytest.mark.parametrize("greeting", [servers.mysql_greeting(), LONG_GREETING], ids=["plain", "long"])
@pytest.mark.parametrize("plugin, then", [("mysql_clear_password", b""), ("dialog", b""),
                                          ("caching_sha2_password", SEND_PASSWORD)], ids=["clear", "dialog", "sha2"])
def test_no_mysql_without_tls_gets_the_password_itself(open_session, plugin, then, greeting, mode):
    with Greedy(plugin, greeting, then) as server:
        outcome = open_session(url_to("mariadb", server.port, **mode), environment={"LC_ALL": "C"})
        servers.until(server.answered.is_set, "the end of the connection")
    assert outcome.verdict == "grace" and b"secret" not in server.said
    assert "ssl-mode=REQUIRED" in outcome.message


@pytest.mark.parametrize("mode", [{"ssl-mode": "REQUIRED"}, {"ssl_ca": __file__}])
def test_nothing_at_all_is_said_to_a_mysql_that_hides_whether_it_has_tls(open_session, mode):
    with Greedy("mysql_clear_password", LONG_GREETING) as server:
        outcome = open_session(url_to("mariadb", server.port, **mode))
        servers.until(server.answered.is_set, "the end of the connection")
    assert "the server has no TLS" in outcome.message and server.said == b""


def test_a_mysql_with_tls_may_ask_for_the_password_itself(tls_mariadb, open_session):
    """As PAM and LDAP need it."""
    tls_mariadb.sql("INSTALL SONAME 'auth_pam'")
    tls_mariadb.sql("CREATE USER pam IDENTIFIED VIA pam USING 'other'")
    outcome = open_session(tls_mariadb.url(user="pam"))
    assert outcome.code != "5010", outcome
    assert open_session(tls_mariadb.url(user="pam", **{"ssl-mode": "DISABLED"})).code == "5010"


@pytest.mark.parametrize("name", ["ssl-mode", "ssl_mode", "sslmode", "sslMode"])
def test_a_tls_mode_of_mysql_that_there_is_not_is_a_wrong_setting(mariadb, open_session, name):
    outcome = open_session(mariadb.url(**{name: "bogus"}))
    assert (outcome.verdict, outcome.status) == ("refuse", 78)
    assert f"{name}=bogus of the URL is none of" in outcome.message


def connector_version():
    version = subprocess.run(["pkg-config", "--modversion", "libmariadb"], capture_output=True, text=True).stdout
    return tuple(int(number) for number in version.strip().split(".")[:2])


def test_mysql_certificates_are_verified(tls_mariadb, other_authority, open_session):
    ca = str(tls_mariadb.authority.ca)
    identity = {"ssl_ca": ca, "ssl_mode": "VERIFY_IDENTITY"}
    assert open_session(tls_mariadb.url(ssl_ca=ca)).verdict == "ok"
    assert open_session(tls_mariadb.url(host="localhost", **identity)).verdict == "ok"
    refused = [
        open_session(tls_mariadb.url(ssl_ca=str(other_authority.ca))),
    ]
    if connector_version() < (3, 4):  # later ones do not compare the names of loopback
        refused.append(open_session(tls_mariadb.url(**identity)))
    for outcome in refused:
        assert (outcome.verdict, outcome.status, outcome.code) == ("grace", 77, "2026"), outcome
        assert "certificate" in outcome.message


@pytest.mark.parametrize("parameter", ["ssl_ca", "ssl_cert", "ssl_key"])
def test_a_certificate_file_of_mysql_that_is_not_there_is_named(tls_mariadb, open_session, parameter):
    outcome = open_session(tls_mariadb.url(**{parameter: "/nowhere/file"}))
    assert (outcome.verdict, outcome.status) == ("grace", 77)
    assert "/nowhere/file cannot be read" in outcome.message


def test_mysql_tls_that_nobody_asked_for_and_fails_is_left_out(mariadb, open_session):
    """A proxy that announces TLS and cannot: the app's driver would not have tried it."""

    def announce_and_fail(server, connection):
        connection.sendall(servers.mysql_greeting(tls=True))
        if connection.recv(4096)[4:6][1] & 0x08:
            connection.sendall(b"\x15\x03\x01\0\x02\x02\x28")  # an alert: handshake failure
            return
        connection.sendall(servers.mysql_packet(b"\xff" + struct.pack("<H", 1045) + b"#28000Access denied", 2))

    with servers.Misbehaving(announce_and_fail) as server:
        outcome = open_session(url_to("mariadb", server.port))
        assert server.connections == 2
    assert (outcome.verdict, outcome.code) == ("grace", "1045"), outcome


@pytest.mark.parametrize("rest", ["silent", "trickle"])
def test_mysql_tls_that_hangs_has_the_handshakes_limit(open_session, rest):
    def hang(server, connection):
        connection.sendall(servers.mysql_greeting(tls=True))
        connection.recv(4096)
        if rest == "trickle":
            connection.sendall(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc")
        while not server.ended.wait(0.02):
            connection.sendall(b"\x03" if rest == "trickle" else b"")

    with servers.Misbehaving(hang) as server:
        outcome = open_session(url_to("mariadb", server.port, **{"ssl-mode": "REQUIRED"}), handshake=1500)
    assert outcome.verdict == "retry" and "has not answered within 1.5 s" in outcome.message
    assert outcome.ms < 3500


def test_a_plugin_that_the_client_lacks_is_no_wrong_password(open_session, tmp_path):
    def switch(server, connection):
        connection.sendall(servers.mysql_greeting())
        connection.recv(4096)
        connection.sendall(servers.mysql_packet(b"\xfecaching_sha2_password\0" + b"12345678901234567890\0", 2))
        connection.recv(4096)
        connection.sendall(servers.mysql_packet(b"\xff" + struct.pack("<H", 1045) + b"#28000Access denied", 4))

    with servers.Misbehaving(switch) as server:
        outcome = open_session(url_to("mariadb", server.port), environment={"MARIADB_PLUGIN_DIR": str(tmp_path)})
    assert (outcome.verdict, outcome.status) == ("grace", 77)
    assert "caching_sha2_password" in outcome.message and "libmariadb3" in outcome.message
    assert "check user and password" not in outcome.message


# --- SQLite --------------------------------------------------------------------------------------


def sqlite_url(path):
    return f"sqlite:///{path}"


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "shop.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE ship (name TEXT)")
        connection.commit()
    return path


def test_an_sqlite_file_is_usable_and_left_as_it_is(database, open_session):
    before = database.read_bytes()
    assert open_session(sqlite_url(database)).server.startswith("SQLite 3.")
    assert open_session(sqlite_url(database), writable=True).verdict == "ok"
    assert database.read_bytes() == before
    assert os.listdir(database.parent) == ["shop.db"]


@pytest.mark.parametrize("writable", [False, True])
def test_an_sqlite_file_that_is_not_there_is_never_created(tmp_path, open_session, writable):
    assert open_session(sqlite_url(tmp_path / "new.db"), writable=writable).verdict == "ok"
    assert os.listdir(tmp_path) == []


def test_a_missing_folder_is_retried(tmp_path, open_session):
    outcome = open_session(sqlite_url(tmp_path / "late" / "shop.db"))
    assert (outcome.verdict, outcome.status) == ("retry", 69)
    assert f"there is no folder {tmp_path}/late" in outcome.message and "mount" in outcome.message


def test_another_kind_of_file_is_refused(tmp_path, open_session):
    (tmp_path / "shop.db").write_text("this is no database, though it is long enough to be one\n" * 100)
    outcome = open_session(sqlite_url(tmp_path / "shop.db"))
    assert (outcome.verdict, outcome.status, outcome.code) == ("grace", 77, "26")
    (tmp_path / "folder").mkdir()
    assert open_session(sqlite_url(tmp_path / "folder")).verdict == "grace"


def test_a_locked_file_is_retried(database, open_session):
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        for writable in (False, True):
            outcome = open_session(sqlite_url(database), writable=writable)
            assert (outcome.verdict, outcome.status, outcome.code) == ("retry", 69, "5")


def test_write_ahead_logging_is_usable(database, open_session):
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    assert open_session(sqlite_url(database), writable=True).verdict == "ok"


def unprivileged():
    return ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"] if os.geteuid() == 0 else []


@pytest.fixture
def public_program(program, tmp_path_factory):
    """A copy that another user can run."""
    with contextlib.ExitStack() as stack:
        folder = subprocess.run(["mktemp", "-d"], check=True, capture_output=True, text=True).stdout.strip()
        stack.callback(shutil.rmtree, folder, True)
        os.chmod(folder, 0o755)
        yield shutil.copy(program, folder)


@pytest.mark.parametrize("what", ["file", "folder", "missing"])
def test_what_cannot_be_written_is_refused_where_it_must_be(public_program, what):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "shop.db"
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE ship (name TEXT)")
        os.chmod(path, 0o444 if what == "file" else 0o666)
        os.chmod(folder, 0o777 if what == "file" else 0o755)
        if what == "missing":
            path.unlink()
        run = lambda *words: json.loads(subprocess.run([*unprivileged(), public_program, sqlite_url(path), *words],
                                                       capture_output=True, text=True).stdout)
        outcome = run("--writable")
        assert (outcome["verdict"], outcome["status"]) == ("grace", 77), outcome
        assert "cannot be written" in outcome["message"]
        if what != "missing":
            assert run()["verdict"] == "ok"


def test_a_database_in_memory_is_usable(open_session):
    assert open_session("sqlite://").server.endswith("in memory")
