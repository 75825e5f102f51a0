"""What every suite shares: markers, private folders, containers that end with their test, figures."""

import os

import pytest

import harness


def pytest_configure(config):
    config.addinivalue_line("markers", "serial: needs the machine for itself; run behind the others")
    config.addinivalue_line("markers", "not_sanitized(reason): cannot hold in the build with sanitizers")


def pytest_collection_modifyitems(config, items):
    marked = [item for item in items if item.get_closest_marker("not_sanitized")]
    if not marked or not harness.is_sanitized():
        return
    for item in marked:
        reason = item.get_closest_marker("not_sanitized").args[0]
        item.add_marker(pytest.mark.skip(reason=f"build with sanitizers: {reason}"))


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


@pytest.fixture(scope="session", autouse=True)
def no_settings_from_outside():
    """A test's own environment is the only one: what the caller exported must not leak in."""
    for name in [name for name in os.environ if name.startswith("TMINUS_") and name != "TMINUS_LONG"]:
        del os.environ[name]
