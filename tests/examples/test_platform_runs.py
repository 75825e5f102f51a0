"""The platforms' command lines, run here with the real app on a real server."""

import itertools
import os
import pathlib
import shutil
import subprocess

import psycopg2
import pytest

from example import PASSWORD, ROOT, SEEDED, TMINUS, Example
from platforms import starts

NODE_LIMIT = 240


def services_of_flask():
    """(name, its starts) for every service whose app is the Flask example: first boot, then the app."""
    mine = [start for start in starts() if start.folder.resolve().name == "flask" and start.service != "image"]
    ordered = sorted(mine, key=lambda start: (start.file, start.service, not start.is_boot()))
    for (file, service), group in itertools.groupby(ordered, lambda start: (start.file, start.service)):
        yield pytest.param(list(group), id=f"{file}:{service}")


def environment_here(start, url, scratch):
    """The start's environment with the server of the test in the place of the platform's."""
    environment = {name: value for name, value in start.environment.items() if name != "PORT"}
    if "TMINUS_DATABASE_HOST" not in environment:
        return environment | {"DATABASE_URL": url}
    parts = psycopg2.extensions.parse_dsn(url)
    secret = scratch / "password"
    secret.write_text(f"{parts['password']}\n")
    return environment | {
        "TMINUS_DATABASE_HOST": parts["host"], "TMINUS_DATABASE_PORT": parts["port"],
        "TMINUS_DATABASE_NAME": parts["dbname"], "TMINUS_DATABASE_PASSWORD_FILE": str(secret)}


@pytest.mark.parametrize("service", services_of_flask())
def test_the_service_upgrades_once_and_serves_its_seed(service, new_database, tmp_path):
    url = new_database("mariadb" if "mysql" in service[0].file else "postgresql")
    *boots, app = service
    upgrades = 0
    for start in boots:
        example = Example("flask", tmp_path / "boot", **environment_here(start, url, tmp_path))
        done = subprocess.run([TMINUS, *start.words[1:]], cwd=example.folder, env=example.environment,
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        upgrades += done.stderr.count("upgrade: flask db upgrade")
    example = Example("flask", tmp_path / "app", **environment_here(app, url, tmp_path))
    with example.boot(TMINUS, *app.words[1:]) as boot:
        assert boot.emails() == SEEDED
        assert boot.stop() == 0, boot.log()
    assert upgrades + boot.log().count("upgrade: flask db upgrade") == 1


# --- PythonAnywhere ------------------------------------------------------------------------------


class Account:
    """A home folder on PythonAnywhere, as the README fills it."""

    def __init__(self, scratch, url):
        self.example = Example("flask", scratch)
        self.home = scratch
        self.example.folder.rename(scratch / "launches")
        self.example.folder = scratch / "launches"
        source = ROOT / "examples/pythonanywhere"
        for name in ("deploy", "environment"):
            shutil.copy(source / name, scratch)
        (scratch / "bin").mkdir()
        (scratch / "bin/tminus").symlink_to(TMINUS)
        (scratch / ".launches-database").write_text(f"{url}\n")
        (scratch / "www").mkdir()
        self.wsgi = pathlib.Path(shutil.copy(source / "you_pythonanywhere_com_wsgi.py", scratch / "www"))
        os.utime(self.wsgi, (0, 0))

    def deploy(self):
        return subprocess.run([self.home / "deploy"], env={**self.example.environment, "WSGI": str(self.wsgi)},
                              capture_output=True, text=True, check=False)

    def console(self, line):
        """A line in a console that has the settings."""
        script = f". ./environment && cd launches && {line}"
        return subprocess.run(["sh", "-c", script], cwd=self.home, env=self.example.environment,
                              capture_output=True, text=True, check=False)

    def is_reloaded(self):
        return self.wsgi.stat().st_mtime > 0


@pytest.fixture
def account(mariadb, tmp_path):
    """With a database that is named as PythonAnywhere names them, and is removed behind the test."""
    mariadb.sql("CREATE DATABASE `you$launches`")
    mariadb.sql("GRANT ALL ON `you$launches`.* TO app")
    yield Account(tmp_path, mariadb.url(password=PASSWORD, name="you$launches").replace("%24", "$"))
    mariadb.sql("DROP DATABASE `you$launches`")


def test_pythonanywhere_boots_in_a_console_and_serves_by_its_wsgi_file(account):
    done = account.deploy()
    assert done.returncode == 0, done.stderr
    assert "you$launches" in done.stderr
    assert account.is_reloaded()
    command = ("sh", "-c", f"exec gunicorn --bind 127.0.0.1:$PORT --chdir {account.wsgi.parent} "
               f"{account.wsgi.stem}:application")
    with account.example.boot(*command) as app:
        assert app.emails() == SEEDED


def test_pythonanywhere_goes_back_in_a_console(account):
    assert account.deploy().returncode == 0
    done = account.console("tminus guard --backup -- flask db downgrade")
    assert done.returncode == 0, done.stderr
    assert "guard" in account.console("tminus check --history").stdout
    assert "you$launches" in account.console("tminus backup --list").stdout
    done = account.console("tminus restore latest")
    assert done.returncode == 0, done.stderr
    assert "nothing" in account.console("tminus check").stdout


def test_pythonanywhere_does_not_reload_when_the_upgrade_fails(account):
    programs = account.home / ".virtualenvs/launches/bin"
    programs.mkdir(parents=True)
    (programs / "flask").write_text("#!/bin/sh\nexit 1\n")
    (programs / "flask").chmod(0o755)
    assert account.deploy().returncode == 76
    assert not account.is_reloaded()


# --- Node.js -------------------------------------------------------------------------------------


@pytest.fixture
def node_example(tmp_path):
    """compose-node-postgres with its packages, as its Dockerfile installs them."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not on PATH")
    example = Example("compose-node-postgres", tmp_path)
    done = subprocess.run(["npm", "install", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"],
                          cwd=example.folder, capture_output=True, text=True, timeout=NODE_LIMIT, check=False)
    if done.returncode != 0:
        pytest.skip(f"npm install failed: {done.stderr.strip()[-200:]}")
    dbmate, = example.folder.glob("node_modules/@dbmate/linux-*/bin/dbmate")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/dbmate").symlink_to(dbmate)
    node = pathlib.Path(shutil.which("node")).parent
    example.environment["PATH"] = f"{tmp_path}/bin:{node}:{example.environment['PATH']}"
    return example


def test_node_and_dbmate_migrate_once_and_seed_once(node_example, new_database):
    start, = (start for start in starts() if start.file == "compose-node-postgres/docker-compose.yml")
    url = new_database("postgresql")
    node_example.environment.update(start.environment, DATABASE_URL=f"{url}?sslmode=disable")
    for expected in (2, 0):
        with node_example.boot(TMINUS, *start.words[1:]) as boot:
            status, document = boot.get("/api/launches")
            assert status == 200
            assert [launch["title"] for launch in document["launches"]] == ["Analytical Engine", "COBOL", "Eagle"]
            assert boot.stop() == 0, boot.log()
        assert boot.log().count("Applied: ") == expected
