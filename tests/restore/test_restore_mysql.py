"""Restores into Oracle's MySQL, by its own tools: MariaDB's dump rows that MySQL does not take back."""

import pytest

import releases
from restored import MariaDB
from shop import make_shop


@pytest.fixture(scope="module")
def mysql_server():
    with releases.MySQL() as server:
        make_shop(server)
        server.sql("GRANT PROCESS, SHOW_ROUTINE ON *.* TO app")
        server.sql("GRANT ALL ON `tminus\\_restore\\_%`.* TO app")
        server.sql("SET GLOBAL log_bin_trust_function_creators = ON")
        yield server


class MySQL(MariaDB):
    def start(self, *words, **settings):
        return super().start(*words, TMINUS_BACKUP_COMMAND=str(self.folder / "mysqldump"), **settings)


@pytest.fixture
def shop(folder, mysql_server):
    for name in ("mysqldump", "mysql"):
        words = releases.loader(releases.debian("sid", "mysql-client-core"), f"usr/bin/{name}")
        folder.script(name, f'#!/bin/sh\nexec {" ".join(words)} "$@"\n')
    made = MySQL(folder, mysql_server)
    made.fill()
    return made


def test_everything_comes_back_row_by_row(shop):
    before = shop.contents()
    shop.backup()
    shop.spoil()
    shop.restore("latest")
    assert shop.contents() == before
    shop.execute("INSERT INTO users (name) VALUES ('with its trigger')")
    assert len(shop.rows("log")) == len(before["log"][1]) + 1


def test_a_restore_is_refused_while_others_are_connected(shop):
    shop.backup()
    connection = shop.connect()
    assert "others are connected to" in shop.restore("latest", status=74)
    connection.close()
    shop.restore("latest")


def test_rows_alone_leave_structure_as_it_is(shop):
    shop.without_triggers()
    users = shop.rows("users")
    shop.backup()
    shop.execute("DELETE FROM items", "DELETE FROM users", "ALTER TABLE items ADD COLUMN added INTEGER")
    shop.restore("latest", "--data-only", "--truncate")
    assert shop.rows("users") == users
    assert shop.ask("SELECT id, added FROM items ORDER BY 1") == [(1, None), (2, None), (3, None), (4, None)]
