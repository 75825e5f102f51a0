"""Servers with an empty database for each test, and the fleet of replicas that start on it."""

import pathlib
import sys
import zlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "wait"))

import harness  # noqa: E402
import servers  # noqa: E402
from fleet import Fleet  # noqa: E402
from shop import make_shop  # noqa: E402

# How the tests' password shows where a password must not be: in a URL, and as words of libpq and clients.
SECRETS = [":secret@", "password=secret", "-psecret"]


def empty_shop(server):
    """The database shop, anew."""
    if isinstance(server, servers.Postgres):
        server.sql("DROP DATABASE shop WITH (FORCE)")
        server.sql("CREATE DATABASE shop OWNER app")
    else:
        server.sql("DROP DATABASE shop")
        server.sql("CREATE DATABASE shop")
    return server


@pytest.fixture(scope="session")
def postgres_server():
    with servers.Postgres(max_connections=100) as server:
        yield make_shop(server)


@pytest.fixture(scope="session")
def mariadb_server():
    with servers.MariaDB(max_connections=100) as server:
        yield make_shop(server)


@pytest.fixture
def postgres(postgres_server):
    return empty_shop(postgres_server)


@pytest.fixture
def mariadb(mariadb_server):
    return empty_shop(mariadb_server)


SERVERS = ["postgres", "mariadb"]


def pytest_generate_tests(metafunc):
    """What takes server runs on both, or, in a module that does not say BOTH_SERVERS, on one, which its name
    decides; with TMINUS_LONG=1 on both, too."""
    own = any(mark.args[0] == "server" for mark in metafunc.definition.iter_markers("parametrize"))
    if "server" not in metafunc.fixturenames or own:
        return
    both = harness.LONG or getattr(metafunc.module, "BOTH_SERVERS", False)
    chosen = SERVERS if both else [SERVERS[zlib.crc32(metafunc.definition.name.encode()) % 2]]
    metafunc.parametrize("server", chosen, indirect=True)


@pytest.fixture
def server(request):
    """Of the kind that pytest_generate_tests has chosen."""
    return request.getfixturevalue(request.param)


@pytest.fixture(params=["postgres", "mariadb", "sqlite"])
def any_url(request, folder):
    """The URL of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{folder / 'shop.db'}"
    return request.getfixturevalue(request.param).url()


@pytest.fixture
def make_fleet(container, folder):
    """Fleets on a database; whatever they did, no password is in their logs, nor in any process's argv."""
    made = []

    def make(url):
        made.append(Fleet(container, folder, url))
        return made[-1]

    with harness.watch_arguments(SECRETS) as shown:
        yield make
    for fleet in made:
        for replica in fleet.replicas:
            for secret in SECRETS:
                assert secret not in replica.err.text() + replica.out.text()
    assert not shown, f"passwords in the process list: {shown}"


@pytest.fixture
def fleet(server, make_fleet):
    return make_fleet(server.url())
