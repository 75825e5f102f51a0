"""Starts tminus in a folder with its files; commands that say what they were called with."""

import json
import types

import pytest

import harness

# What a process was executed with, whatever its C library or interpreter makes of it later.
SEEN = """#!/usr/bin/python3 -IS
import json
def parts(name):
    return open(f"/proc/self/{name}", encoding="utf-8", errors="surrogateescape").read().split("\\0")[:-1]
print(json.dumps([parts("cmdline")[3:], parts("environ")]), flush=True)
"""

MODES = {"as a child": {}, "in exec mode": {"TMINUS_APP_MODE": "exec"}}


@pytest.fixture(params=MODES)
def mode(request):
    """The environment for each way to run an app."""
    return MODES[request.param]


def seen(line):
    """What one `seen` printed: argv, and the environment as a dictionary."""
    argv, environ = json.loads(line)
    variables = dict(entry.split("=", 1) for entry in environ)
    assert len(variables) == len(environ), "a variable is there twice"
    return types.SimpleNamespace(argv=argv, environ=variables)


@pytest.fixture
def image(container, folder):
    """Runs tminus in the folder, with these lines as tminus.ini; `seen` is on the PATH there."""
    (folder / "bin").mkdir()
    folder.script("bin/seen", SEEN)

    def start(ini, *arguments, files=None, environment=None, **keywords):
        folder.script("tminus.ini", ini, mode=0o644)
        for name, text in (files or {}).items():
            folder.script(name, text, mode=0o600)
        path = f"{folder / 'bin'}:{harness.PATH}"
        return container(*arguments, cwd=folder.path, environment={"PATH": path, **(environment or {})}, **keywords)
    return start


@pytest.fixture
def run(image):
    """The same, to its end: what each `seen` saw, in their order, and the log."""
    def ended(*arguments, status=0, **keywords):
        made = image(*arguments, **keywords)
        assert made.wait() == status, made.err.text()
        found = [seen(line) for line in made.out.text().splitlines()]
        return types.SimpleNamespace(seen=found, log=made.err.text())
    return ended
