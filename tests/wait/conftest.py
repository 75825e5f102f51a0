"""The databases that the wait step meets, and a boot that is timed."""

import dataclasses
import re
import time

import pytest

import servers
from shop import PASSWORD, make_shop


KINDS = {"postgres": servers.Postgres, "mariadb": servers.MariaDB}


@pytest.fixture(params=KINDS, scope="session")
def kind(request):
    """The class of the database; every test that takes it runs on each."""
    return KINDS[request.param]


@pytest.fixture(scope="session")
def database(kind):
    with kind() as server:
        yield make_shop(server)


@dataclasses.dataclass
class Boot:
    """How a boot ended."""

    status: int
    seconds: float
    errors: list
    log: str
    output: str

    @property
    def line(self):
        """The one line that says why."""
        assert len(self.errors) == 1, f"not one line of error:\n{self.log}"
        return self.errors[0]


@pytest.fixture
def boot(container, record_property, request):
    """Boots with this database until the end; nothing it says may hold a password."""

    def run(url, **settings):
        began = time.monotonic()
        environment = {name: str(value) for name, value in settings.pop("environment", {}).items()}
        environment.update({"DATABASE_URL": url} if url else {})
        environment.update({f"TMINUS_{name.upper()}": str(value) for name, value in settings.pop("settings", {}).items()})
        one = container("--", "echo", "the app runs", environment=environment, **settings)
        status = one.wait(90)
        log = one.err.text()
        result = Boot(status, time.monotonic() - began, re.findall(r"^tminus: error: (.*)$", log, re.MULTILINE), log,
                      one.out.text())
        assert PASSWORD not in log and "wr0ng" not in log
        record_property("figure", f"{request.node.name}: status {status} after {result.seconds:.2f} s: "
                                  f"{result.errors[-1] if result.errors else 'ready'}")
        return result

    return run
