import itertools
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from example import PASSWORD  # noqa: E402
from servers import MariaDB, Postgres  # noqa: E402


@pytest.fixture(scope="session")
def postgresql():
    with Postgres() as server:
        server.sql(f"CREATE ROLE app LOGIN PASSWORD '{PASSWORD}'")
        yield server


@pytest.fixture(scope="session")
def mariadb():
    with MariaDB() as server:
        server.sql(f"CREATE USER app IDENTIFIED BY '{PASSWORD}'")
        yield server


def create_database(server, name):
    """An empty database that app owns; its URL."""
    if isinstance(server, Postgres):
        server.sql(f"CREATE DATABASE {name} OWNER app")
    else:
        server.sql(f"CREATE DATABASE {name}")
        server.sql(f"GRANT ALL ON {name}.* TO app")
    return server.url(password=PASSWORD, name=name)


@pytest.fixture(scope="session")
def database_names():
    return (f"example_{number}" for number in itertools.count(1))


@pytest.fixture
def new_database(request, database_names, tmp_path):
    """A function: the kind of a database to the URL of an empty one. Starts no server in vain."""
    def create(kind):
        if kind == "sqlite":
            return f"sqlite:///{tmp_path}/example.sqlite3"
        return create_database(request.getfixturevalue(kind), next(database_names))
    return create
