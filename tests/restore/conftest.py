"""Servers, and a shop on each kind of database."""

import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

import servers  # noqa: E402
from restored import MariaDB, Postgres, SQLite  # noqa: E402
from shop import make_shop  # noqa: E402


@pytest.fixture(scope="session")
def mariadb_server():
    with servers.MariaDB(max_connections=100) as server:
        make_shop(server)
        server.sql("GRANT PROCESS ON *.* TO app")
        server.sql("GRANT ALL ON `tminus\\_restore\\_%`.* TO app")
        yield server


@pytest.fixture
def mariadb(folder, mariadb_server):
    return MariaDB(folder, mariadb_server)


@pytest.fixture(scope="session")
def postgres_server():
    with servers.Postgres(max_connections=100) as server:
        yield make_shop(server)


@pytest.fixture
def sqlite(folder):
    return SQLite(folder)


@pytest.fixture
def postgres(folder, postgres_server):
    return Postgres(folder, postgres_server)


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def shop(request):
    """Every test that takes it runs on each kind of database."""
    made = request.getfixturevalue(request.param)
    made.fill()
    return made
