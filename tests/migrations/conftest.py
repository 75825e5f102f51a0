"""Fixtures of the migrations room's tests: the readers on the command line, and the real tools."""

import collections
import os
import pathlib
import subprocess

import pytest

import servers
from npm import node_modules  # noqa: F401

Finding = collections.namedtuple("Finding", "kind pending reason")


@pytest.fixture(scope="session")
def inspect_files():
    """Runs tests/migrations/inspect_files.c: what the reader of tool concludes in folder."""
    program = servers.build_with_library("tests/migrations/inspect_files.c")

    def run(tool, directory, table="table", versions=(), tables=0, folder=None, environment=None):
        line = "\t".join([str(directory), str(tables), table, *versions]) + "\n"
        result = subprocess.run([program, tool], input=line.encode(), cwd=folder, check=True, capture_output=True,
                                timeout=60, env={**os.environ, **(environment or {})})
        kind, pending, reason = result.stdout.decode(errors="replace").rstrip("\n").split("\t", 2)
        return Finding(kind, int(pending), reason)

    return run


@pytest.fixture(scope="session")
def dbmate(node_modules):
    """The real program."""
    found = list(pathlib.Path(node_modules).glob("@dbmate/*/bin/dbmate"))
    if not found:
        pytest.skip("dbmate has no program for this machine")
    return found[0]
