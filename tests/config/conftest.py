"""Runs `tminus config` in a private folder with an environment of the test's own."""

import json
import subprocess

import pytest

import harness


class Configured:
    """Writes the folder's tminus.ini and asks tminus what it makes of it."""

    def __init__(self, folder):
        self.folder = folder

    def write(self, text):
        self.folder.script("tminus.ini", text, mode=0o644)

    def run(self, *arguments, prefix=(), cwd=None, **environment):
        return subprocess.run(
            [*prefix, harness.TMINUS, *arguments],
            cwd=cwd or self.folder.path,
            env={"PATH": harness.PATH, **harness.sanitizer_options(), **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )

    def values(self, *arguments, **environment):
        """The document of `tminus config --json`."""
        result = self.run("config", "--json", *arguments, **environment)
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    def faults(self, *arguments, **environment):
        """The lines of a configuration that is refused."""
        result = self.run("config", *arguments, **environment)
        assert (result.returncode, result.stdout) == (78, "")
        return [line.removeprefix("tminus: error: ") for line in result.stderr.splitlines()]


@pytest.fixture
def configured(folder):
    return Configured(folder)
