"""Runs of tminus that back up, and the folder that they fill."""

import hashlib
import json
import os

import harness
from stocked import contents, put_back

STATUS_BACKUP = 73
LIMIT = 120


class Backups:
    """start: the fixture container. The backups go into FOLDER/backups."""

    def __init__(self, start, folder, server, **url):
        self.start_container = start
        self.folder = folder
        self.server = server
        self.url = server.url(**url)
        self.path = folder / "backups"
        self.path.mkdir(mode=0o700, exist_ok=True)

    def start(self, *words, environment=None, **settings):
        """tminus with these words. settings: backup_keep=3; words of others go to the container."""
        others = {name: settings.pop(name) for name in ("prefix", "namespace", "before", "setup") if name in settings}
        chosen = {"backup_directory": self.path, "wait_grace": "0", **settings}
        variables = {"DATABASE_URL": self.url, **(environment or {})}
        variables.update({f"TMINUS_{name.upper()}": str(value) for name, value in chosen.items() if value is not None})
        return self.start_container(*(words or ("backup",)), environment=variables, **others)

    def run(self, *words, **others):
        """The same to its end: status and log, in which there is no password."""
        one = self.start(*words, **others)
        status = one.wait(LIMIT)
        log = one.err.text()
        assert "secret" not in log + one.out.text()
        return status, log

    def make(self, **others):
        """A backup that succeeds: its path."""
        before = set(self.files())
        status, log = self.run(**others)
        assert status == 0, log
        new, = set(self.files()) - before
        assert str(self.path / new) in log
        return self.path / new

    def fail(self, *words, **others):
        """One that fails: the last error. Nothing is left of it."""
        before = self.everything()
        status, log = self.run(*words, **others)
        errors = [line for line in log.splitlines() if line.startswith("tminus: error: ")]
        assert status == STATUS_BACKUP and errors, log
        assert self.everything() == before
        return errors[-1]

    def everything(self):
        return sorted(os.listdir(self.path)) if self.path.is_dir() else None

    def files(self):
        return [name for name in self.everything() if not name.startswith(".") and not name.endswith(".manifest")]

    def manifest(self, file):
        lines = harness.read_text(f"{file}.manifest").splitlines()
        return dict(line.split(" = ", 1) if " = " in line else (line.rstrip(" ="), "") for line in lines)

    def listed(self):
        """What backup --list --json says."""
        one = self.start("backup", "--list", "--json")
        assert one.wait() == 0, one.err.text()
        return json.loads(one.out.text())

    def expect_whole(self, file, tables=None):
        """file holds, row by row, what is in the database, or these tables of it."""
        wanted = {table: rows for table, rows in contents(self.server).items() if tables is None or table in tables}
        assert contents(self.server, put_back(self.server, file)) == wanted


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()
