"""What make builds for a release; each test run has a copy of its own."""

import subprocess

import pytest

import harness
from making import VERSION, build


@pytest.fixture(scope="session")
def manual(tmp_path_factory):
    """The text of the manual pages, by their file's name."""
    folder = tmp_path_factory.mktemp("manual")
    return {page: build("manual", f"man/{page}", folder / page).read_text() for page in ("tminus.1", "tminus.ini.5")}


@pytest.fixture(scope="session")
def package(tmp_path_factory):
    """The Debian package."""
    if not (harness.ROOT / "build/static/tminus").exists():
        pytest.skip("there is no static binary: its sources could not be fetched")
    machine = subprocess.run(["dpkg", "--print-architecture"], stdout=subprocess.PIPE, text=True, check=True).stdout
    name = f"tminus_{VERSION}_{machine.strip()}.deb"
    return build("package", name, tmp_path_factory.mktemp("package") / name)


@pytest.fixture
def tarball(tmp_path):
    """Makes the source tarball, under what is given of the environment."""
    if not (harness.ROOT / ".git").exists():
        pytest.skip("a tarball is made from git, and this tree came out of one")
    name = f"tminus-{VERSION}.tar.gz"
    return lambda copy=name, **environment: build("dist", name, tmp_path / copy, **environment)
