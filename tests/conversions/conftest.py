import contextlib
import os

import pytest

import servers
from databases import PASSWORD, Database
from npm import modules
from world import World


@pytest.fixture(scope="session")
def postgres():
    with servers.Postgres() as server:
        server.sql(f"CREATE ROLE app LOGIN CREATEDB PASSWORD '{PASSWORD}'")
        server.sql("CREATE ROLE shop LOGIN PASSWORD 'secret' IN ROLE app")
        yield server


@pytest.fixture(scope="session")
def mariadb():
    with servers.MariaDB() as server:
        server.sql(f"CREATE USER app IDENTIFIED BY '{PASSWORD}'")
        yield server


@pytest.fixture(scope="session")
def redis():
    with servers.Redis() as server:
        yield server


class Stage:
    """Makes what a run of a case needs; whatever still runs at the end of the test is killed."""

    def __init__(self, request, cleaning):
        self.request, self.cleaning, self.database, self.free = request, cleaning, None, servers.free_port()

    def world(self, case, kind, new=True):
        """A new world, and an empty database, or the one of the world before."""
        if new and case.database in ("postgres", "mariadb"):
            self.database = Database(case.database, self.request.getfixturevalue(case.database), case.created)
        variables = {"free": self.free, **(self.database.variables() if self.database else {})}
        if case.redis:
            variables["redis"] = self.request.getfixturevalue("redis").port
        made = World(case, kind, variables, modules(case.modules) if case.modules else None)
        self.cleaning.callback(made.remove)
        if case.sql and new:
            self.database.sql(case.sql)
        return made

    def start(self, world, **start):
        run = world.start(**start)
        self.cleaning.callback(run.kill)
        return run


@pytest.fixture
def stage(request):
    if os.geteuid() != 0:
        pytest.skip("only root can make a root of its own")
    with contextlib.ExitStack() as cleaning:
        yield Stage(request, cleaning)
