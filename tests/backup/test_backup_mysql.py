"""A MySQL server, with MariaDB's tool, which images of Debian have, and with MySQL's own."""

import pytest

import releases
from shop import make_shop
from stocked import MARIADB, stock

ALL_BUT_ONE = ["authors", "books"]


@pytest.fixture(scope="module")
def server():
    with releases.MySQL() as server:
        make_shop(server)
        server.sql("ALTER DATABASE shop CHARACTER SET utf8mb4")
        server.sql("SET GLOBAL log_bin_trust_function_creators = 1")
        yield stock(server, MARIADB)


@pytest.fixture(params=["mariadb-dump", "mysqldump"])
def tool(request):
    """The words that run it."""
    if request.param == "mariadb-dump":
        return request.param
    return " ".join(releases.loader(releases.debian("sid", "mysql-client-core"), "usr/bin/mysqldump"))


@pytest.fixture
def backups(make_backups, server):
    return make_backups(server)


def test_every_row_comes_back(backups, tool):
    file = backups.make(backup_command=tool)
    assert tool.rpartition("/")[2] in backups.manifest(file)["tool"]
    backups.expect_whole(file)


@pytest.mark.parametrize("settings", [{"backup_tables": "authors books"}, {"backup_exclude": "\"the 'odd' one\""}])
def test_some_tables(backups, tool, settings):
    backups.expect_whole(backups.make(backup_command=tool, **settings), ALL_BUT_ONE)


def test_missing_rights_are_named(make_backups, server, tool):
    server.sql("CREATE USER reader IDENTIFIED BY 'secret'")
    server.sql("GRANT SELECT, CREATE VIEW, DROP, SHOW VIEW ON shop.* TO reader")
    try:
        error = make_backups(server, user="reader").fail(backup_command=tool)
        assert "a dump needs GRANT SELECT, SHOW VIEW" in error
    finally:
        server.sql("DROP USER reader")


def test_what_could_not_be_restored_is_not_backed_up(make_backups, server):
    """MariaDB's tool writes generated columns in a way that MySQL refuses."""
    server.sql("CREATE TABLE doubled (id INT PRIMARY KEY, twice INT GENERATED ALWAYS AS (id * 2) STORED)", "shop")
    try:
        assert "generated columns" in make_backups(server).fail(backup_command="mariadb-dump")
    finally:
        server.sql("DROP TABLE doubled", "shop")
