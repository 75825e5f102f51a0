"""A shop in each kind of database, its backups, and what is in them once its own tools have put them back."""

import pytest

import servers
from backups import Backups
from shop import make_shop
from stocked import MARIADB, POSTGRES, Sqlite, stock


@pytest.fixture(scope="session")
def postgres_server():
    with servers.Postgres() as server:
        yield make_shop(server)


@pytest.fixture(scope="session")
def mariadb_server():
    with servers.MariaDB() as server:
        yield make_shop(server)


@pytest.fixture
def postgres(postgres_server):
    postgres_server.sql("DROP DATABASE IF EXISTS shop WITH (FORCE)")
    postgres_server.sql("CREATE DATABASE shop OWNER app")
    return stock(postgres_server, POSTGRES)


@pytest.fixture
def mariadb(mariadb_server):
    mariadb_server.sql("DROP DATABASE IF EXISTS shop")
    mariadb_server.sql("CREATE DATABASE shop CHARACTER SET utf8mb4")
    return stock(mariadb_server, MARIADB)


@pytest.fixture
def sqlite(folder):
    return Sqlite(folder)


@pytest.fixture(params=["postgres", "mariadb", "sqlite"])
def database(request):
    """Every test that takes it runs on all three."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def make_backups(container, folder):
    def make(server, **url):
        return Backups(container, folder, server, **url)

    return make


@pytest.fixture
def backups(make_backups, database):
    return make_backups(database)
