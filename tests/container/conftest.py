"""One engine for all tests of this folder, with the image tminus and the stand-ins; containers that end."""

import pathlib
import signal
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import engine as docker  # noqa: E402
from harness import ROOT  # noqa: E402


@pytest.fixture(scope="session")
def engine():
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # who ends this ends the engine too, in order
    reason = docker.missing()
    if reason:
        pytest.skip(reason)
    try:
        running = docker.Engine().open()
    except docker.Unavailable as problem:
        pytest.skip(str(problem))
    with running:
        running.build_all()
        yield running


@pytest.fixture
def start(engine):
    """Starts containers, which are removed at the end of the test."""
    started = []

    def run(image, *command, options=()):
        started.append(engine.start_container(image, *command, options=options))
        return started[-1]

    yield run
    for each in started:
        engine.docker("rm", "--force", "--volumes", each.identity)


@pytest.fixture(scope="session")
def page(engine):
    """docker/scratch: tminus and busybox, which starts at once."""
    return engine.build("page", ROOT / "docker/scratch", ROOT / "docker/scratch/Dockerfile")
