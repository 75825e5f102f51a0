"""Users and groups of a test's own, and what /proc/self/status says of an app."""

import os
import shlex

import pytest

import harness

PASSWD = """root:x:0:0:root:/root:/bin/sh
app:x:1500:1600:The app:/srv/app:/bin/sh
homeless:x:1501:1501:::/bin/sh
1777:x:1502:1502:a name of digits:/nonexistent:/bin/sh
"""
GROUP = """root:x:0:
app:x:1600:
homeless:x:1501:
logs:x:1700:somebody,app
media:x:1701:app
others:x:1702:somebody
"""

ROOT_NEEDED = "needs root: it changes the user, and makes namespaces"


def pytest_collection_modifyitems(items):
    if os.geteuid() != 0:
        here = os.path.dirname(__file__)
        for item in items:
            if str(item.path).startswith(here):
                item.add_marker(pytest.mark.skip(reason=ROOT_NEEDED))


def mounted(path, place):
    return f"mount --bind {shlex.quote(str(path))} {place} || exit 99"


@pytest.fixture
def accounts(folder):
    """Shell code that gives the container this passwd and group, or empty ones."""
    def make(passwd=PASSWD, group=GROUP):
        return "\n".join(mounted(folder.script(name, text, 0o644), f"/etc/{name}")
                         for name, text in (("passwd", passwd), ("group", group)))
    return make


MODES = {
    "supervised by PID 1": {"namespace": True, "environment": {}},
    "in exec mode": {"namespace": True, "environment": {"TMINUS_APP_MODE": "exec"}},
    "below a plain process": {"namespace": False, "environment": {}},
}


@pytest.fixture(params=MODES)
def mode(request):
    """What Container takes for each way to run an app."""
    return {name: dict(value) if isinstance(value, dict) else value for name, value in MODES[request.param].items()}


class Status:
    """/proc/self/status, as an app printed it."""

    def __init__(self, text):
        self.fields = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)

    def ids(self, name):
        """Uid or Gid: real, effective, saved and of the file system, when they are all the same, as one number."""
        values = set(self.fields[name].split())
        assert len(values) == 1, f"{name}: {self.fields[name]}"
        return int(values.pop())

    def groups(self):
        return [int(group) for group in self.fields["Groups"].split()]

    def capabilities(self):
        """The five sets as one dictionary of masks."""
        return {name: int(self.fields[f"Cap{name}"], 16) for name in ("Inh", "Prm", "Eff", "Bnd", "Amb")}

    def no_new_privs(self):
        return self.fields["NoNewPrivs"] == "1"


@pytest.fixture
def status_of():
    """Waits for the end of a container that ran `cat /proc/self/status`."""
    def read(run):
        assert run.wait() == 0, run.err.text()
        return Status(run.out.text())
    return read


@pytest.fixture
def own_status():
    with open("/proc/self/status", encoding="ascii") as file:
        return Status(file.read())


@pytest.fixture
def tries():
    return harness.ROOT / "tests" / "identity" / "tries.py"
