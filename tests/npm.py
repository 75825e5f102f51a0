"""The packages from npm's registry that tests/packages lists."""

import shutil
import subprocess

import pytest

import servers


def npm_packages():
    lines = (servers.ROOT / "tests" / "packages").read_text().splitlines()
    return [word for line in lines if line.startswith("npm ") for word in line.split()[1:]]


@pytest.fixture(scope="session")
def node_modules():
    """The folder with the packages, installed once, without their scripts."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("there is no npm here to install " + " ".join(npm_packages()))
    target = servers.CACHE / "npm"
    with servers.cache_lock():
        listed = target / "installed"
        wanted = " ".join(npm_packages())
        if not listed.exists() or listed.read_text() != wanted:
            install(target, npm_packages())
            listed.write_text(wanted)
    return target / "node_modules"


def install(target, packages):
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    (target / "package.json").write_text('{"private": true}\n')
    command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", *packages]
    result = subprocess.run(command, cwd=target, capture_output=True, text=True, timeout=300)
    if result.returncode != 0:
        pytest.skip(f"npm cannot install {' '.join(packages)} here: {result.stderr.strip()[-200:]}")
