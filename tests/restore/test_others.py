"""Nobody else may be connected while a database is restored."""

import contextlib
import os
import re
import sqlite3
import threading

import pymysql
import pytest

import harness
from restored import MariaDB


@contextlib.contextmanager
def connected(shop):
    with contextlib.closing(shop.connect()) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT name FROM users")
        cursor.fetchall()
        connection.commit()
        yield connection


def test_a_restore_is_refused_while_others_are_connected(shop):
    shop.backup()
    shop.spoil()
    before = shop.contents()
    with connected(shop):
        said = shop.restore("latest", status=74)
    assert "others are connected to" in said
    assert "say --force" in said
    assert shop.contents() == before
    shop.restore("latest")


def test_what_a_killed_tool_may_have_left_on_mariadb_is_waited_for(mariadb):
    mariadb.fill()
    before = mariadb.contents()
    mariadb.backup()
    mariadb.spoil()
    with contextlib.closing(mariadb.connect()) as left:
        working = threading.Thread(target=interrupted, args=(left,))
        working.start()
        process = mariadb.start("restore", "latest")
        said = harness.await_true(lambda: re.search("what may be left of a command that was killed: connection (\\d+) ",
                                                    process.stdout.readline()), "the line", 60)
        mariadb.server.sql(f"KILL {said[1]}")
        working.join()
    rest = process.communicate(timeout=60)[0]
    assert process.returncode == 0, rest
    assert mariadb.contents() == before


def interrupted(connection):
    with pytest.raises(pymysql.err.Error):
        connection.cursor().execute("DO SLEEP(600)")


def test_force_restores_although_others_are_connected(shop):
    before = shop.contents()
    shop.backup()
    shop.spoil()
    with connected(shop) as connection:
        shop.restore("latest", "--force")
        cursor = connection.cursor()
        cursor.execute("SELECT name FROM users ORDER BY name")
        assert [row[0] for row in cursor.fetchall()] == ["first", "second", "third"]
    assert shop.contents() == before


def test_who_is_connected_is_named(postgres):
    postgres.fill()
    postgres.backup()
    with contextlib.closing(postgres.connect(application_name="gunicorn")) as connection:
        said = postgres.restore("latest", status=74)
        assert f"pid {connection.info.backend_pid} (gunicorn, role app, 127.0.0.1)" in said


def test_who_has_the_file_open_is_named(sqlite):
    sqlite.fill()
    sqlite.backup()
    with connected(sqlite):
        assert f"pid {os.getpid()} (uid {os.getuid()}, " in sqlite.restore("latest", status=74)


def test_a_reader_that_never_ends_is_named(sqlite):
    sqlite.fill()
    sqlite.backup()
    sqlite.spoil()
    before = sqlite.contents()
    with contextlib.closing(sqlite.connect()) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT name FROM users").fetchall()
        said = sqlite.restore("latest", "--force", status=74, TMINUS_LOCK_TIMEOUT="1s")
        assert f"end its transaction, or the process: pid {os.getpid()} (uid {os.getuid()}, " in said
        reader.rollback()
    assert sqlite.contents() == before


def test_an_app_sees_the_restored_state_through_the_handle_that_it_has(sqlite):
    """The live file is written, not replaced, in WAL mode too."""
    sqlite.execute("PRAGMA journal_mode = WAL")
    sqlite.fill()
    sqlite.backup()
    inode = os.stat(sqlite.path).st_ino
    with contextlib.closing(sqlite3.connect(sqlite.path)) as app:
        app.execute("DELETE FROM items")
        app.commit()
        sqlite.restore("latest", "--force")
        assert app.execute("SELECT count(*) FROM items").fetchone() == (4,)
        assert app.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        app.execute("INSERT INTO users (name) VALUES ('written on')")
        app.commit()
    assert os.stat(sqlite.path).st_ino == inode
    assert "('written on',)" in sqlite.rows("(SELECT name FROM users)")
    assert sqlite.ask("PRAGMA integrity_check") == [("ok",)]


def test_a_role_that_sees_nobody_is_told_so(folder, mariadb_server):
    shop = MariaDB(folder, mariadb_server, user="blind")
    shop.fill()
    shop.backup()
    with contextlib.closing(mariadb_server.connect("shop")):
        said = shop.restore("latest", status=74)
    assert "some that this role cannot see" in said
    shop.restore("latest")
