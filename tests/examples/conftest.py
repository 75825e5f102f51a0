import itertools
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from servers import MariaDB, Postgres  # noqa: E402


@pytest.fixture(scope="session")
def postgresql():
    with Postgres() as server:
        yield server


@pytest.fixture(scope="session")
def mariadb():
    with MariaDB() as server:
        yield server


@pytest.fixture(scope="session")
def database_names():
    return (f"example_{number}" for number in itertools.count(1))


@pytest.fixture
def new_database(request, database_names, tmp_path):
    """A function: the kind of a database to the URL of an empty one. Starts no server in vain."""
    def create(kind):
        if kind == "sqlite":
            return f"sqlite:///{tmp_path}/example.sqlite3"
        return request.getfixturevalue(kind).create_database(next(database_names))
    return create
