"""Boots of a project in a private folder, and what they leave there."""

import json
import os

import pytest

import harness


class Project:
    """A folder with a tminus.ini, which tminus is run in until it ends."""

    def __init__(self, folder, container):
        self.folder = folder
        self.path = folder.path
        self.container = container
        self.strace = folder.path / ".strace"

    def __truediv__(self, name):
        return self.path / name

    def write(self, name, contents, mode=0o644):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return self.folder.script(name, contents, mode)

    def start(self, ini, *arguments, command=("true",), **keywords):
        if harness.read_text(self.path / "tminus.ini") != ini:  # others may be reading it
            self.write("tminus.ini", ini)
        keywords = {"namespace": False, "cwd": self.path, **keywords}
        return self.container(*arguments, "--", *command, **keywords)

    def boot(self, ini, *arguments, status=0, **keywords):
        """What a start has said, which ended with that status."""
        run = self.start(ini, *arguments, **keywords)
        assert run.wait() == status, run.err.text()
        return run.err.text()

    def faults(self, ini, status=78, **keywords):
        """The messages of a start that was refused."""
        said = self.boot(ini, status=status, **keywords)
        return [line.removeprefix("tminus: error: ") for line in said.splitlines() if "error: " in line]

    def variables(self, ini, *names, environment=None, **keywords):
        """What the app finds in its environment under these names; None for what is not set."""
        run = self.start(ini, command=("python3", "-c", "import json, os; print(json.dumps(dict(os.environ)))"),
                         environment=environment, **keywords)
        assert run.wait() == 0, run.err.text()
        found = json.loads(run.out.text())
        values = [found.get(name) for name in names]
        return values[0] if len(values) == 1 else values

    def calls(self, ini, **keywords):
        """The system calls of a start, one line each."""
        self.boot(ini, before=["strace", "-f", "-qq", "-o", self.strace], **keywords)
        return self.strace.read_text(errors="replace").splitlines()

    def temporary(self):
        """The names of the temporary files in its folder."""
        return sorted(name for name in os.listdir(self.path) if name.endswith(".partial"))

    def mode(self, name):
        return os.lstat(self.path / name).st_mode & 0o7777

    def owner(self, name):
        status = os.lstat(self.path / name)
        return status.st_uid, status.st_gid


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: it changes owners")
AS_NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
