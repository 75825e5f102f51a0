"""Servers that this machine's Debian release has not got: PostgreSQL 17, MariaDB 11.8, Oracle's MySQL 9.

Their packages are unpacked, not installed, from other suites of the same mirror, once, below build/cache.
Where they cannot be had, the test or fixture that wants them is skipped, and says why.
"""

import functools
import pathlib
import platform
import pwd
import shutil
import subprocess
import tempfile

import pytest

import servers

LIBRARIES = f"usr/lib/{platform.machine()}-linux-gnu"


def mirror():
    """The Debian mirror that this machine's apt uses."""
    targets = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Label: Debian", "Created-By: Packages"],
                             capture_output=True, text=True).stdout.split()
    if not targets:
        pytest.skip("no Debian mirror in apt's configuration")
    return targets[0]


# A mirror's copy of another suite may be old: its date is not looked at, its signatures are. Half of what
# would be unpacked is translations, manuals and PostgreSQL's compiler, without which it does not compile queries.
LEFT_OUT = ["/usr/share/locale/*", "/usr/share/i18n/*", "/usr/share/doc/*", "/usr/share/man/*", "/usr/lib/*/libLLVM*",
            "/usr/lib/postgresql/*/lib/llvmjit*", "/usr/lib/postgresql/*/lib/bitcode/*"]
FETCH = ["mmdebstrap", "--quiet", "--variant=extract", '--aptopt=Acquire::Check-Valid-Until "false"',
         '--aptopt=Acquire::Retries "2"', *(f"--dpkgopt=path-exclude={pattern}" for pattern in LEFT_OUT)]


@functools.lru_cache(maxsize=None)
def debian(suite, package):
    """The folder that holds package, of that suite, and all it depends on."""
    target = servers.CACHE / f"debian-{suite}-{package}"
    with servers.cache_lock(f"{target.name}.lock"):
        if target.exists():
            return target
        partial = servers.CACHE / f"{target.name}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        fetch = subprocess.run([*FETCH, f"--include={package},base-files,dash,coreutils", suite, str(partial), mirror()],
                               capture_output=True, text=True)
        if fetch.returncode != 0:
            pytest.skip(f"{package} of {suite} cannot be fetched: {fetch.stderr.strip()[-300:]}")
        partial.rename(target)
    return target


def loader(root, program):
    """The words that run a program of root's with root's own libraries."""
    libraries = root / LIBRARIES
    interpreter = next(libraries.glob("ld-linux-*.so.*"))
    return [str(interpreter), "--library-path", str(libraries), str(root / program)]


class Postgres17(servers.Postgres):
    """In a chroot, because initdb starts postgres by its path. The folder of temporary files is the same in it."""

    version = "17"
    ENTER = """mount --rbind "$2" "$1$2" && mount --rbind /dev "$1/dev" || exit 1
        root=$1 ids=$3
        shift 3
        exec chroot --userspec="$ids" "$root" "$@" """

    def __init__(self, **settings):
        self.root = debian("trixie", "postgresql-17")
        account = pwd.getpwnam(self.user)
        self.ids = f"{account.pw_uid}:{account.pw_gid}"
        (self.root / "etc/passwd").write_text(f"{self.user}:x:{self.ids}::/:/bin/sh\n")
        pathlib.Path(f"{self.root}{tempfile.gettempdir()}").mkdir(parents=True, exist_ok=True)
        super().__init__(**settings)

    def program(self, name):
        return ["unshare", "--mount", "sh", "-c", self.ENTER, "sh", str(self.root), tempfile.gettempdir(), self.ids,
                f"/usr/lib/postgresql/17/bin/{name}"]


class MySQL(servers.MariaDB):
    """Oracle's. It makes its own RSA keys and, without tls, a certificate that nobody has signed."""

    cached = "mysql"
    log_size = {"innodb-redo-log-capacity": "16M"}
    defaults = {"innodb-buffer-pool-size": "32M", "mysqlx": "OFF", "secure-file-priv": ""}
    with_tls = {}

    def __init__(self, **options):
        self.root = debian("sid", "mysql-server-core")
        super().__init__(**options)

    def _initialise(self, folder):
        subprocess.run([*self.program(), *self.as_user(), *self.words(self.log_size), f"--datadir={folder}",
                        "--initialize-insecure"], check=True, capture_output=True)
        (folder / "auto.cnf").unlink()

    def program(self):
        return [*loader(self.root, "usr/sbin/mysqld"), "--no-defaults", f"--basedir={self.root}/usr", "--skip-log-bin"]


class MariaDB11(servers.MariaDB):
    """MariaDB 11.8, which has the login plugin parsec; on a data folder of the distribution's release."""

    def __init__(self, **options):
        self.root = debian("trixie", "mariadb-server")
        super().__init__(plugin_dir=self.root / "usr/lib/mysql/plugin", **options)

    def program(self):
        return [*loader(self.root, "usr/sbin/mariadbd"), "--no-defaults", f"--basedir={self.root}/usr"]
