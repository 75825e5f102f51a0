"""The release binary in an image of its own: a chroot that holds it, /etc/hosts and /etc/resolv.conf alone."""

import pathlib
import re
import shutil

import pytest

import harness
import servers
from network import Network
from shop import PASSWORD

STATIC = harness.ROOT / "build" / "static" / "tminus"


@pytest.fixture(scope="session")
def static_tminus():
    if not STATIC.exists():
        pytest.skip("there is no build/static/tminus: `make static` has not been run, or could not fetch its sources")
    return STATIC


class Image:
    """The chroot, and tminus in it."""

    def __init__(self, folder, program, container):
        self.path = folder.path
        self.container = container
        self.path.chmod(0o755)
        shutil.copy(program, self.path / "tminus")
        self.add("/etc/hosts", "127.0.0.1 localhost db db.example.com\n")
        self.add("/etc/resolv.conf", "nameserver 127.0.0.1\n")

    def add(self, name, content):
        """Writes a file, content being text or the path of one to copy; its name in the image."""
        path = self.path / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.read_bytes() if isinstance(content, pathlib.Path) else content.encode())
        path.chmod(0o600)
        return name

    def files(self):
        return sorted(str(path.relative_to(self.path)) for path in self.path.rglob("*") if path.is_file())

    def start(self, *words, network=None, **environment):
        """tminus in the image; environment: settings in small letters (wait_timeout), variables in capitals."""
        variables = {name if name.isupper() else f"TMINUS_{name.upper()}": str(value)
                     for name, value in environment.items()}
        return self.container(*words, program="/tminus", prefix=("chroot", str(self.path)), environment=variables,
                              before=network.prefix if network else ())

    def wait(self, url, network=None, **settings):
        """`tminus wait` for the database at url; its status and what it said, which holds no password."""
        settings = {"wait_timeout": "25s", "wait_grace": "0", **settings}
        one = self.start("wait", network=network, DATABASE_URL=url, **settings)
        status = one.wait()
        log = one.err.text()
        assert PASSWORD not in log and "wr0ng" not in log
        return status, log

    def expect_ready(self, url, server, **settings):
        status, log = self.wait(url, **settings)
        assert status == 0 and re.search(rf"is ready after .*: {server}", log), log

    def expect_refused(self, url, *words, **settings):
        """Status 77, and one line of error that holds each of these words."""
        status, log = self.wait(url, **settings)
        errors = [line for line in log.splitlines() if line.startswith("tminus: error: ")]
        assert status == 77 and len(errors) == 1, log
        for word in words:
            assert word in errors[0], log


@pytest.fixture
def image(static_tminus, folder, container):
    return Image(folder, static_tminus, container)


@pytest.fixture(scope="session")
def other_authority(tmp_path_factory):
    return servers.Authority(tmp_path_factory.mktemp("other"))


@pytest.fixture(scope="session")
def network(static_tminus):
    with Network() as one:
        yield one
