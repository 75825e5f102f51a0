"""The Debian package: it installs where nothing else is, runs there, and leaves nothing behind."""

import shutil
import subprocess

import pytest

import harness
from making import VERSION


def run(*command):
    """Runs a command; what it says is in the message of its failure."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, f"{' '.join(map(str, command))}:\n{done.stdout}"
    return done.stdout


def dpkg(root, *words):
    return run("dpkg", f"--root={root}", "--force-not-root", "--force-script-chrootless", *words)


@pytest.fixture
def root(tmp_path, package):
    """An empty root folder, into which the package has been installed."""
    for folder in ("updates", "info"):
        (tmp_path / "var/lib/dpkg" / folder).mkdir(parents=True)
    (tmp_path / "var/lib/dpkg/status").touch()
    dpkg(tmp_path, "--install", package)
    return tmp_path


def files(root):
    return sorted(str(path.relative_to(root)) for path in root.glob("usr/**/*") if not path.is_dir())


def test_it_runs_where_nothing_else_is_installed(root):
    assert run("chroot", root, "/usr/sbin/tminus", "version").startswith(f"tminus {VERSION}, drivers: postgres mysql sqlite")
    run("chroot", root, "/usr/sbin/tminus", "wait", "file:/usr/sbin/tminus")


def test_it_depends_on_nothing(package):
    fields = run("dpkg-deb", "--field", package)
    assert f"Version: {VERSION}\n" in fields
    assert "Depends:" not in fields


@pytest.mark.usefixtures("package")
def test_who_packages_it_is_its_maintainer(tmp_path, monkeypatch):
    """An architecture of the test's own keeps its folder apart from the real one's."""
    monkeypatch.setenv("DEBFULLNAME", "A. Packager")
    monkeypatch.setenv("DEBEMAIL", "packager@example.org")
    made = tmp_path / f"tminus_{VERSION}_maintained.deb"
    run(harness.ROOT / "packaging/debian/build", made, "build/static", "2026-01-01")
    shutil.rmtree(harness.ROOT / "build/package-maintained")
    assert run("dpkg-deb", "--field", made, "Maintainer") == "A. Packager <packager@example.org>\n"


def test_it_holds_the_program_its_manual_and_every_licence(root):
    names = ["catatonit", "docker-init", "dumb-init", "tini", "tini-static"]
    assert files(root) == [
        *(f"usr/lib/tminus/{name}" for name in names), "usr/sbin/tminus", "usr/share/doc/tminus/SBOM.json", "usr/share/doc/tminus/changelog.gz",
        "usr/share/doc/tminus/copyright", "usr/share/lintian/overrides/tminus", "usr/share/man/man1/tminus.1.gz",
        "usr/share/man/man5/tminus.ini.5.gz"]
    licences = (root / "usr/share/doc/tminus/copyright").read_text()
    for name in ("tminus", "musl", "libcap", "inih", "SQLite", "OpenSSL", "libpq", "MariaDB-Connector-C"):
        assert f"\n==== {name} " in licences


def test_its_files_belong_to_root_and_only_root_may_write_them(root):
    for path in root.glob("usr/**/*"):
        if path.is_symlink():
            continue
        status = path.stat()
        assert (status.st_uid, status.st_gid, status.st_mode & 0o022) == (0, 0, 0), path


def test_it_goes_without_a_trace(root):
    dpkg(root, "--purge", "tminus")
    assert files(root) == []


def test_lintian_finds_no_error_and_no_warning(package):
    assert run("lintian", "--allow-root", "--fail-on", "none", package) == ""


def test_its_changelog_is_a_debian_changelog(root):
    path = root / "usr/share/doc/tminus/changelog.gz"
    plain = root / "changelog"
    plain.write_text(run("zcat", path))
    said = run("dpkg-parsechangelog", "-l", plain)
    assert f"Version: {VERSION}\n" in said and "Changes:" in said and "warning" not in said
