"""A project's folder, the database that it works on, and tminus with a preset in it."""

import contextlib
import os
import pathlib

import psycopg2
import pytest

import harness
import servers
from npm import dbmate, node_modules, prisma_modules  # noqa: F401  fixtures
from shop import make_shop


class Project:
    """The files of a project; boot starts it as a container does."""

    def __init__(self, folder, container, url):
        self.folder = folder
        self.container = container
        self.url = url
        self.environment = {}
        self.path = harness.PATH

    def write(self, files):
        for path, text in files.items():
            (self.folder.path / path).parent.mkdir(parents=True, exist_ok=True)
            self.folder.script(path, text, mode=0o755 if text.startswith("#!") else 0o644)

    def boot(self, preset="auto", status=0, **environment):
        """One start to its end; its log. app.workdir is the project."""
        settings = {"TMINUS_BOOT_PRESET": preset, "TMINUS_APP_WORKDIR": str(self.folder.path)}
        replica = self.container("--", "true", environment={
            "PATH": self.path, "HOME": os.environ.get("HOME", "/"), "DATABASE_URL": self.url, **self.environment,
            **settings, **environment})
        assert replica.wait(120) == status, replica.err.text() + replica.out.text()
        return replica.err.text()

    def use(self, modules):
        """The packages are there, as npm install leaves them."""
        (self.folder.path / "node_modules").symlink_to(modules)

    def query(self, statement):
        with contextlib.closing(psycopg2.connect(self.url)) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()


@pytest.fixture(scope="session")
def postgres_server():
    with servers.Postgres() as server:
        yield make_shop(server)


@pytest.fixture
def postgres(postgres_server):
    postgres_server.sql("DROP DATABASE shop WITH (FORCE)")
    postgres_server.sql("CREATE DATABASE shop OWNER app")
    return postgres_server


@pytest.fixture
def project(folder, container, postgres):
    """One whose database is PostgreSQL's."""
    return Project(folder, container, postgres.url())


@pytest.fixture
def sqlite_project(folder, container):
    """One whose database is the file shop.db."""
    return Project(folder, container, f"sqlite3:///{folder / 'shop.db'}")


@pytest.fixture
def node_project(project, node_modules):
    project.use(node_modules)
    return project


@pytest.fixture
def stand_in(project):
    """Programs of these names, first in the PATH, that write down their arguments and chosen variables."""
    def stand_in(*names, variables="DATABASE_URL"):
        shown = "".join(f' "{name}=${name}"' for name in variables.split())
        programs = project.folder.path / "programs"
        project.write({f"programs/{name}": f'#!/bin/sh\nprintf "%s\\n" {name} "$@"{shown} >>"$CALLS"\n'
                       for name in names})
        project.path = f"{programs}:{harness.PATH}"
        project.environment["CALLS"] = str(project.folder.path / "calls")
        return pathlib.Path(project.environment["CALLS"])
    return stand_in
