"""The stand-ins for apps and steps: small C programs, compiled once."""

import pathlib

import pytest

import harness


@pytest.fixture(scope="session")
def orphans():
    return harness.build_helper("orphans")


@pytest.fixture(scope="session")
def bomb():
    return harness.build_helper("bomb")


@pytest.fixture(scope="session")
def unclean():
    return harness.build_helper("unclean")


class Recorder:
    """The recorder's program and what it wrote into its file."""

    def __init__(self, path):
        self.program = harness.build_helper("recorder")
        self.path = path

    def command(self, *options):
        return [self.program, str(self.path), *options]

    def line(self, *options):
        """The same as the text of a setting."""
        return " ".join(self.command(*options))

    def signals(self, copy=0):
        """The numbers received so far, in their order; None before it is ready."""
        path = pathlib.Path(f"{self.path}.{copy}") if copy else self.path
        lines = harness.read_text(path).splitlines()
        return [int(line) for line in lines[1:]] if lines else None

    def is_ready(self, copies=0):
        return all(self.signals(copy) is not None for copy in range(copies + 1))


@pytest.fixture
def recorder(folder):
    return Recorder(folder / "signals")
