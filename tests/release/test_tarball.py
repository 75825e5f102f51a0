"""The source tarball: always the same, and enough to build and install from, without git."""

import subprocess
import tarfile

from making import VERSION, make

NAME = f"tminus-{VERSION}"


def test_it_is_the_same_each_time(tarball):
    first = tarball("first", TZ="Asia/Tokyo")
    # Another umask and other users' settings of git change nothing.
    second = tarball("second", TZ="America/New_York", GIT_CONFIG_COUNT="1", GIT_CONFIG_KEY_0="tar.umask",
                     GIT_CONFIG_VALUE_0="077")
    assert first.read_bytes() == second.read_bytes()
    # gzip's own time; both may have been made within one second. RFC 1952, 2.3.1
    assert first.read_bytes()[4:8] == bytes(4)


def test_it_builds_and_installs_where_there_is_no_git(tarball, tmp_path):
    with tarfile.open(tarball()) as archive:
        archive.extractall(tmp_path)
    source = tmp_path / NAME
    assert not (source / ".ci").exists() and not (source / ".git").exists()
    no_git = tmp_path / "bin" / "git"
    no_git.parent.mkdir()
    no_git.write_text("#!/bin/sh\necho 'git was called' >&2\nexit 127\n")
    no_git.chmod(0o755)
    root = tmp_path / "root"
    make("install", f"DESTDIR={root}", "PREFIX=/usr", "CFLAGS=-O0", folder=source,
         PATH=f"{no_git.parent}:/usr/sbin:/usr/bin:/sbin:/bin")
    installed = sorted(str(path.relative_to(root)) for path in root.glob("**/*") if path.is_file())
    names = ["catatonit", "docker-init", "dumb-init", "tini", "tini-static"]
    assert installed == [*(f"usr/lib/tminus/{name}" for name in names), "usr/sbin/tminus",
                         "usr/share/man/man1/tminus.1", "usr/share/man/man5/tminus.ini.5"]
    assert all((root / "usr/lib/tminus" / name).samefile(root / "usr/sbin/tminus") for name in names)
    said = subprocess.run([root / "usr/sbin/tminus", "version"], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert said.startswith(f"tminus {VERSION}, drivers: postgres mysql sqlite")
    make("uninstall", f"DESTDIR={root}", "PREFIX=/usr", folder=source)
    assert [path for path in root.glob("**/*") if path.is_file()] == []
