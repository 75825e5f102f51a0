"""Packages from npm's registry, for tests of what Debian does not have: a folder for each group, and dbmate."""

import pathlib
import shutil
import subprocess

import pytest

import servers


def packages_of(group):
    lines = (servers.ROOT / "tests" / "packages").read_text().splitlines()
    return [word for line in lines if line.startswith(f"{group} ") for word in line.split()[1:]]


def modules(group):
    """The folder with the group's packages from npm's registry, installed once, without their scripts."""
    packages = packages_of(group)
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("there is no npm here to install " + " ".join(packages))
    target = servers.CACHE / group
    with servers.cache_lock():
        listed = target / "installed"
        if not listed.exists() or listed.read_text() != " ".join(packages):
            install(target, packages)
            listed.write_text(" ".join(packages))
    return target / "node_modules"


@pytest.fixture(scope="session")
def node_modules():
    return modules("npm")


@pytest.fixture(scope="session")
def prisma_modules():
    return modules("prisma")


def install(target, packages):
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    (target / "package.json").write_text('{"private": true}\n')
    command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", *packages]
    result = subprocess.run(command, cwd=target, capture_output=True, text=True, timeout=300)
    if result.returncode != 0:
        pytest.skip(f"npm cannot install {' '.join(packages)} here: {result.stderr.strip()[-200:]}")


@pytest.fixture(scope="session")
def dbmate(node_modules):
    """The real program."""
    found = list(pathlib.Path(node_modules).glob("@dbmate/*/bin/dbmate"))
    if not found:
        pytest.skip("dbmate has no program for this machine")
    return found[0]
