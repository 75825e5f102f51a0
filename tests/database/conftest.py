"""Fixtures of the database room's tests: the servers that most of them share, and open_session."""

import json
import os
import pathlib
import shlex
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

import servers  # noqa: E402


def pkg_config(*words):
    return shlex.split(subprocess.run(["pkg-config", *words], check=True, capture_output=True, text=True).stdout)


@pytest.fixture(scope="session")
def program():
    """tests/database/open_session.c, built against this tree's library."""
    target = ROOT / "build" / "debug" / "open_session"
    source = ROOT / "tests" / "database" / "open_session.c"
    library = ROOT / "build" / "debug" / "libtminus.a"
    with servers.cache_lock():
        make = ["make", "-s", "-C", str(ROOT), "build/debug/libtminus.a"]
        environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS")}
        subprocess.run(make, check=True, env=environment)
        newest = max(source.stat().st_mtime, library.stat().st_mtime)
        if not target.exists() or target.stat().st_mtime < newest:
            command = ["gcc", "-std=c11", "-D_GNU_SOURCE", "-g", "-O1", "-I", str(ROOT / "include"), str(source),
                       str(library), *pkg_config("--libs", "libpq", "libmariadb", "sqlite3"), "-linih"]
            subprocess.run([*command, "-o", str(target)], check=True)
    return target


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
        assert result.stdout, (result.returncode, result.stderr)
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
