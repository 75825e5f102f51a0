"""The programs that tminus can stand for: the real ones, and tminus under their names."""

import os
import pathlib

import pytest

import harness

REAL = pathlib.Path("/usr/bin")
NAMES = harness.HELPERS / "names"


def under_name(name, program=harness.TMINUS):
    """The program as a file of this name."""
    folder = NAMES / pathlib.Path(program).parent.name
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / name
    temporary = folder / f".{name}.{os.getpid()}"
    temporary.symlink_to(program)
    os.replace(temporary, link)
    return str(link)


class Double:
    """A program by its name: the real one, or tminus under that name."""

    def __init__(self, name, is_real):
        self.name = name
        self.is_real = is_real
        self.path = str(REAL / name) if is_real else under_name(name)

    def __str__(self):
        return f"{self.name} {'itself' if self.is_real else 'by tminus'}"


def doubles(*names):
    """The parameters of a test: each of these programs, twice."""
    return pytest.mark.parametrize("double", [Double(name, real) for name in names for real in (True, False)], ids=str)
