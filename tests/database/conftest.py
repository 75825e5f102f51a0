"""Fixtures of the database room's tests: the servers that most of them share, and open_session."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

import servers  # noqa: E402


@pytest.fixture(scope="session")
def program():
    """tests/database/open_session.c with the sanitizers: what is not freed, on any path, is an error."""
    return servers.build_with_library("tests/database/open_session.c", "libpq", "libmariadb", "sqlite3", variant="asan")


class Outcome(dict):
    """One line of the program's, as attributes."""

    __getattr__ = dict.__getitem__


@pytest.fixture
def open_session(program):
    """Runs the program; keywords are its options. Every outcome is looked at for the password."""

    def run(url, *words, level="query", writable=False, connect=1000, handshake=5000, environment=None, prefix=()):
        command = [*prefix, str(program), url, "--level", level, "--connect", str(connect)]
        command += ["--handshake", str(handshake), *words] + (["--writable"] if writable else [])
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
                                env={**os.environ, **(environment or {})})
        assert result.stdout and result.returncode in (0, 1), (result.returncode, result.stderr)
        for secret in ("secret", "wr0ng"):
            assert secret not in result.stdout + result.stderr
        outcome = Outcome(json.loads(result.stdout.splitlines()[0]))
        outcome["stderr"] = result.stderr
        return outcome

    return run


@pytest.fixture(scope="session")
def postgres():
    with servers.Postgres(addresses="127.0.0.1,::1" if servers.has_ipv6() else "127.0.0.1") as server:
        server.sql("CREATE ROLE app LOGIN PASSWORD 'secret'")
        server.sql("CREATE DATABASE shop OWNER app")
        yield server


@pytest.fixture(scope="session")
def mariadb():
    with servers.MariaDB() as server:
        for host in ("%", "localhost"):
            server.sql(f"CREATE USER app@'{host}' IDENTIFIED BY 'secret'")
            server.sql(f"GRANT ALL ON shop.* TO app@'{host}'")
        server.sql("CREATE DATABASE shop")
        yield server
