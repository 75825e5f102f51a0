"""Starts tminus as PID 1 with a tminus.ini of the test's own."""

import pytest


@pytest.fixture
def supervised(container, folder):
    """Runs tminus with these lines as its file; further words stand behind the file's name."""
    def start(text, *arguments, **keywords):
        name = folder.script("tminus.ini", text.replace("@", str(folder.path)), mode=0o644)
        return container("--config", name, *arguments, **keywords)
    return start
