"""What every suite shares: markers, private folders, containers that end with their test, stand-ins for apps."""

import fcntl
import os
import pathlib
import signal
import sys

import pytest

import harness


def pytest_configure(config):
    # Tests with their assertions rewritten take seconds to compile, in each worker: they are kept, out of the tree.
    sys.pycache_prefix = str(harness.ROOT / "build" / "pycache")
    sys.dont_write_bytecode = False
    # Under nohup(1) SIGHUP is ignored, and every process that a test starts would inherit that.
    for number in harness.SIGNALS:
        if signal.getsignal(number) == signal.SIG_IGN and number not in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
    config.addinivalue_line("markers", "serial: needs the machine for itself; run behind the others")
    config.addinivalue_line("markers", "not_sanitized(reason): cannot hold in the build with sanitizers")


def pytest_collection_modifyitems(config, items):
    """What cannot hold in a build with sanitizers is not among its tests; the plain build has run it."""
    marked = [item for item in items if item.get_closest_marker("not_sanitized")]
    if marked and harness.is_sanitized():
        config.hook.pytest_deselected(items=marked)
        items[:] = [item for item in items if item not in marked]


def pytest_terminal_summary(terminalreporter):
    """Prints each figure that a test recorded, whichever worker ran it."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", []):
                if name == "figure" and report.when == "call":
                    terminalreporter.write_line(f"figure: {value}")


@pytest.fixture
def folder():
    made = harness.Folder()
    yield made
    made.remove()


@pytest.fixture
def container():
    """Starts a Container; whatever is still running at the end of the test is killed."""
    started = []

    def start(*arguments, **keywords):
        started.append(harness.Container(*arguments, **keywords))
        return started[-1]

    yield start
    for each in started:
        each.kill()


@pytest.fixture(scope="session")
def orphans():
    return harness.build_helper("orphans")


@pytest.fixture(scope="session")
def bomb():
    return harness.build_helper("bomb")


@pytest.fixture(scope="session")
def unclean():
    return harness.build_helper("unclean")


@pytest.fixture
def full_pipe():
    """The writing end of a pipe that is full and that nobody reads, and its reading end."""
    read_end, write_end = os.pipe()
    fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, harness.PIPE_SIZE)
    os.set_blocking(write_end, False)
    try:
        while True:
            os.write(write_end, b"x" * 4096)
    except BlockingIOError:
        pass
    os.set_blocking(write_end, True)
    yield write_end, read_end
    os.close(write_end)
    os.close(read_end)


@pytest.fixture
def terminal():
    made = harness.Terminal()
    yield made
    made.close()


@pytest.fixture
def on_terminal(container, terminal):
    """Starts tminus as the leader of a session whose controlling terminal is the pseudo-terminal."""
    def start(*arguments, **keywords):
        return container(*arguments, stdin=terminal.slave, stdout=terminal.slave, stderr=terminal.slave,
                         prefix=["setsid", "--ctty"], **keywords)
    return start


class Recorder:
    """The recorder's program and what it wrote into its file."""

    def __init__(self, path):
        self.program = harness.build_helper("recorder")
        self.path = path

    def command(self, *options):
        return [self.program, str(self.path), *options]

    def line(self, *options):
        """The same as the text of a setting."""
        return " ".join(self.command(*options))

    def signals(self, copy=0):
        """The numbers received so far, in their order; None before it is ready."""
        path = pathlib.Path(f"{self.path}.{copy}") if copy else self.path
        lines = harness.read_text(path).splitlines()
        return [int(line) for line in lines[1:]] if lines else None

    def is_ready(self, copies=0):
        return all(self.signals(copy) is not None for copy in range(copies + 1))


@pytest.fixture
def recorder(folder):
    return Recorder(folder / "signals")


@pytest.fixture(scope="session", autouse=True)
def no_settings_from_outside():
    """A test's own environment is the only one: what the caller exported must not leak in."""
    for name in [name for name in os.environ if name.startswith("TMINUS_") and name != "TMINUS_LONG"]:
        del os.environ[name]
