"""Containers with places for the status document of their own, and the subcommands run inside of them."""

import json
import os
import subprocess

import pytest

import harness
from places import PLACES, mounts


class Inside:
    """A container as `docker exec` and HEALTHCHECK see it."""

    def __init__(self, run):
        self.run = run

    def __getattr__(self, name):
        return getattr(self.run, name)

    def execute(self, *words, user=None, environment=None):
        """Runs a command in the container; CompletedProcess."""
        become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
        return subprocess.run(
            ["nsenter", f"--target={self.run.init.pid}", "--mount", "--pid", *become, *words],
            env={"PATH": harness.PATH, **harness.sanitizer_options(), **(environment or {})},
            capture_output=True, text=True, timeout=harness.LIMIT, check=False)

    def tminus(self, *arguments, **keywords):
        return self.execute(harness.TMINUS, *arguments, **keywords)

    def document(self):
        """The status document; {} when there is none."""
        shown = self.tminus("status", "--json")
        return json.loads(shown.stdout) if shown.returncode == 0 else {}

    def expect_document(self, **wanted):
        """Waits for a document with these values, which is returned."""
        def find():
            document = self.document()
            return document if wanted.items() <= document.items() else None
        return self.expect(find, lambda: f"{wanted} in {self.document()}")

    def health(self, *arguments, **keywords):
        return self.tminus("health", *arguments, **keywords).returncode

    def number(self):
        """Of the mount namespace, which names the document."""
        return os.stat(f"/proc/{self.run.init.pid}/ns/mnt").st_ino

    def path(self, place):
        """The document's name in a place of the container, as seen from outside."""
        folder = "/run/tminus" if place == "/run" else place
        return f"/proc/{self.run.init.pid}/root{folder}/tminus-{self.number()}.json"

    def places(self):
        """Where there is a document."""
        return [place for place in PLACES if os.path.exists(self.path(place))]


@pytest.fixture
def inside(container):
    """Starts a container whose places are memory of its own, and gives it as Inside."""
    def start(*arguments, setup=mounts(*PLACES), **keywords):
        return Inside(container(*arguments, setup=setup, **keywords))
    return start


@pytest.fixture
def folder():
    """Not in /tmp, which is hidden in these containers."""
    made = harness.Folder("/var/tmp")
    yield made
    made.remove()


class Gate:
    """A command that runs until it is opened."""

    def __init__(self, folder):
        self.path = folder / "gate"
        os.mkfifo(self.path)
        self.path.chmod(0o666)
        self.command = f"cat {self.path}"

    def open(self):
        self.path.write_text("")


@pytest.fixture
def gate(folder):
    return Gate(folder)
