"""The stand-ins for apps and steps: small C programs, compiled once."""

import pytest

import harness


@pytest.fixture(scope="session")
def orphans():
    return harness.build_helper("orphans")


@pytest.fixture(scope="session")
def bomb():
    return harness.build_helper("bomb")


@pytest.fixture(scope="session")
def unclean():
    return harness.build_helper("unclean")
