"""Starts the program that a test is about, the real one or tminus under its name: programs.doubles."""

import pytest


@pytest.fixture
def start(container, double):
    """Starts the program with these arguments."""
    return lambda *arguments, **keywords: container(*arguments, program=double.path, **keywords)


@pytest.fixture
def plain(start):
    """The same as a child of the test, not as a PID 1."""
    return lambda *arguments, **keywords: start(*arguments, namespace=False, **keywords)
