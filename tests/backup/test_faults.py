"""What can go wrong: each is one clear error and status 73, and nothing is left under a backup's name."""

import contextlib
import fcntl
import os
import pathlib
import re
import shutil
import signal
import subprocess

import pytest

import harness
import releases
import servers
from shop import make_shop
from stocked import POSTGRES, Sqlite, as_app, stock

TOOLS = {"postgres": "pg_dump", "mariadb": "mariadb-dump"}
# Says its version, begins a dump, tells that it is there, and waits.
SLOW = """#!/bin/sh
case $* in *--version*) exec {tool} --version ;; esac
echo beginning
echo $$ >{folder}/reached
while [ -e {folder}/gate ]; do sleep 0.05; done
exec {tool} "$@"
"""


@pytest.fixture(params=TOOLS)
def kind(request):
    return request.param


@pytest.fixture
def served(make_backups, request, kind):
    """Backups of a server's database: those that a tool makes."""
    return make_backups(request.getfixturevalue(kind))


@pytest.fixture
def slow(folder, kind):
    """A dump tool that stops in the middle, as long as the gate is there."""
    (folder / "gate").touch()
    return folder.script("slow", SLOW.format(tool=TOOLS[kind], folder=folder.path))


def tool(folder, text):
    return folder.script("tool", f"#!/bin/sh\n{text}\n")


def reached(folder):
    """The pid of the slow tool, in its namespace."""
    return harness.await_true(lambda: harness.read_text(folder / "reached").strip(), "the dump to be under way")


def temporary(backups):
    return [name for name in backups.everything() if name.startswith(".tminus-")]


# --- tools ---------------------------------------------------------------------------------------


def test_without_a_dump_tool_it_says_what_to_install(served, kind, folder):
    error = served.fail(setup=f"export PATH={folder.path}")
    package = "postgresql-client-15" if kind == "postgres" else "mariadb-client"
    assert f"not found in PATH ({folder.path}); install {package}, or name the dump tool in backup.command" in error


def test_without_gzip_a_dump_is_stored_plain_and_that_is_said(make_backups, mariadb, folder):
    for name in ("mariadb-dump", "sh"):
        (folder / name).symlink_to(shutil.which(name))
    backups = make_backups(mariadb)
    status, log = backups.run(setup=f"export PATH={folder.path}")
    file, = backups.files()
    assert status == 0 and file.endswith(".sql") and "not compressed: there is no gzip in PATH" in log
    backups.expect_whole(backups.path / file)


def test_a_pg_dump_that_is_older_than_the_server_is_refused(make_backups, postgres, folder):
    version = "echo 'pg_dump (PostgreSQL) 13.4 (Debian 13.4-4)'"
    error = make_backups(postgres).fail(backup_command=tool(folder, version))
    assert "pg_dump (PostgreSQL) 13.4 (Debian 13.4-4) cannot dump PostgreSQL 15." in error
    assert "install postgresql-client-15" in error and "/usr/lib/postgresql/15/bin/pg_dump" in error


def test_a_server_of_a_later_release_is_refused_before_anything_is_written(make_backups):
    with releases.Postgres17() as server:
        make_shop(server)
        stock(server, POSTGRES)
        error = make_backups(server).fail()
        assert "pg_dump (PostgreSQL) 15" in error and "install postgresql-client-17" in error


def test_a_tool_that_fails_is_told_with_its_last_words(served, kind, folder):
    script = tool(folder, f'case $* in *--version*) exec {TOOLS[kind]} --version; esac\n'
                          "echo first >&2; echo the disk has fallen out >&2; exit 3")
    assert re.search(r"tool ended with status 3: first the disk has fallen out$", served.fail(backup_command=script))


def test_a_dump_that_cannot_be_read_back_is_none(served, kind, folder):
    script = tool(folder, f'case $* in *--version*) exec {TOOLS[kind]} --version; esac\n'
                          f'{TOOLS[kind]} "$@" | head -c 300')
    wanted = {"postgres": r"pg_restore ended with status 1: .*(input file|could not read)", "mariadb": r'does not end with "-- Dump completed"'}
    assert re.search(wanted[kind], served.fail(backup_command=script))


def test_the_time_limit_of_a_backup(served, slow):
    status, log = served.run(backup_command=slow, backup_timeout="500ms")
    assert status == 73 and "backup failed: it took longer than its time limit of 500 ms" in log
    assert not served.files()


def test_a_long_dump_says_how_far_it_is(served, slow, folder):
    one = served.start(backup_command=slow)
    one.expect_error(r"backup: \d+ bytes written so far")
    (folder / "gate").unlink()
    one.wait()


def test_missing_rights_are_named(make_backups, mariadb):
    mariadb.sql("CREATE OR REPLACE USER reader IDENTIFIED BY 'secret'")
    mariadb.sql("GRANT SELECT, CREATE VIEW, DROP, SHOW VIEW ON shop.* TO reader")
    error = make_backups(mariadb, user="reader").fail()
    assert "Access denied for user 'reader'" in error and "GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES" in error


# --- the folder ----------------------------------------------------------------------------------


def test_no_folder_is_configured(backups):
    status, log = backups.run(backup_directory=None)
    assert status == 73 and "backup.directory is not set: name a folder on a volume" in log


def test_the_folder_is_missing(backups):
    missing = f"{backups.path}/nowhere"
    error = backups.fail(backup_directory=missing)
    assert f"backup.directory {missing} cannot be used (make it, or mount a volume there): No such file" in error


def test_the_folder_is_a_file(backups, folder):
    (folder / "file").touch()
    assert f"backup.directory {folder / 'file'} is not a folder" in backups.fail(backup_directory=folder / "file")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
def test_the_folder_cannot_be_written(make_backups, sqlite):
    sqlite.path.chmod(0o666)
    backups = make_backups(sqlite)
    backups.path.chmod(0o755)
    error = backups.fail(prefix=servers.as_user("nobody"))
    assert f"backup.directory {backups.path} cannot be written by uid 65534 (chown 65534 {backups.path}): Permission denied" in error


@contextlib.contextmanager
def mounted(path, *words):
    subprocess.run(["mount", *words, str(path)], check=True)
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


@pytest.fixture
def overlay(folder):
    """A container's root: an overlay over this machine's."""
    if os.geteuid() != 0:
        pytest.skip("only root mounts")
    layers, root = folder / "layers", folder / "root"
    layers.mkdir()
    root.mkdir()
    with mounted(layers, "-t", "tmpfs", "tmpfs"):
        (layers / "upper").mkdir()
        (layers / "work").mkdir()
        options = f"lowerdir=/,upperdir={layers}/upper,workdir={layers}/work"
        with mounted(root, "-t", "overlay", "overlay", "-o", options):
            yield root


def test_a_folder_on_the_containers_own_layer_is_refused(make_backups, sqlite, overlay):
    backups = make_backups(sqlite)
    in_container = {"prefix": ("chroot", str(overlay))}
    error = backups.fail(**in_container)
    assert f"backup.directory {backups.path} lies on the container's own layer and would go away with it" in error
    assert "backup.ephemeral=yes" in error
    assert backups.run(backup_ephemeral="yes", **in_container)[0] == 0
    with mounted(f"{overlay}{backups.path}", "--bind", str(backups.path)):
        backups.make(**in_container)


@pytest.fixture
def small_disk():
    """Makes a folder a disk of so many bytes."""
    if os.geteuid() != 0:
        pytest.skip("only root mounts")
    with contextlib.ExitStack() as mounts:
        yield lambda path, size: mounts.enter_context(mounted(path, "-t", "tmpfs", "-o", f"size={size}", "tmpfs"))


def test_too_little_room_is_seen_beforehand(backups, database, small_disk):
    if isinstance(database, servers.MariaDB):
        database.sql("ANALYZE TABLE books", name="shop")  # its sizes are estimates
    small_disk(backups.path, "64k")
    error = backups.fail()
    assert re.search(r"backup.directory \S+ has \d+.* left, and a backup, judged by the size of the database, needs about", error)


def test_a_disk_that_fills_up_in_mid_dump(backups, database, small_disk):
    """What does not get smaller by compression, or where the size of the database says nothing about a few tables."""
    with contextlib.closing(database.connect() if isinstance(database, Sqlite) else as_app(database)) as connection:
        mark = "?" if isinstance(database, Sqlite) else "%s"
        connection.cursor().execute(f"UPDATE books SET cover = {mark} WHERE id = 1", (os.urandom(6_000_000),))
        connection.commit()
    small_disk(backups.path, "4m")
    error = backups.fail(backup_tables="authors books")
    assert re.search(r"(?i)no space left|disk( is)? full", error), error


# --- death ---------------------------------------------------------------------------------------


def test_a_dump_tool_that_is_killed(served, slow, folder):
    one = served.start(backup_command=slow)
    reached(folder)
    one.child("tminus")
    for process in harness.descendants(one.init):
        if "slow" in harness.read_text(f"/proc/{process.pid}/cmdline"):
            process.signal(signal.SIGKILL)
    assert one.wait() == 73 and "slow was killed by SIGKILL" in one.err.text()
    assert served.everything() == []


def backup_child(one):
    """The child of tminus's that runs the tool."""
    return next(child for child in one.init.children()
                if any("slow" in harness.read_text(f"/proc/{each.pid}/cmdline") for each in harness.descendants(child)))


def test_a_child_that_is_killed_takes_its_tool_along_and_the_next_run_tidies_up(served, slow, folder):
    one = served.start(backup_command=slow)
    reached(folder)
    child = backup_child(one)
    tools = harness.descendants(child)
    child.signal(signal.SIGKILL)
    assert one.wait() == 73 and "backup failed: it was killed by SIGKILL" in one.err.text()
    assert not served.files() and len(temporary(served)) == 1
    assert not any(each.is_alive() for each in tools)
    file = served.make()
    assert served.everything() == [file.name, f"{file.name}.manifest"]


@pytest.mark.parametrize("namespace", [True, False])
def test_a_tminus_that_is_killed_leaves_nothing_that_looks_like_a_backup(served, slow, folder, namespace):
    one = served.start(backup_command=slow, namespace=namespace)
    reached(folder)
    everybody = harness.descendants(one.init)
    one.init.signal(signal.SIGKILL)
    one.wait()
    harness.await_true(lambda: not any(each.is_alive() for each in everybody), "the tools to go with it")
    assert not served.files() and len(temporary(served)) == 1
    file = served.make()
    assert served.everything() == [file.name, f"{file.name}.manifest"]


def test_a_stop_signal_ends_the_dump(served, slow, folder):
    one = served.start(backup_command=slow)
    reached(folder)
    everybody = harness.descendants(one.init)
    one.signal(signal.SIGTERM)
    assert one.wait() == 128 + signal.SIGTERM
    assert not any(each.is_alive() for each in everybody) and not served.files()


def test_what_somebody_still_writes_is_left_alone(make_backups, sqlite):
    backups = make_backups(sqlite)
    names = [backups.path / f".tminus-{number * 16}.partial" for number in "12"]
    for name in [*names, pathlib.Path(f"{names[0]}-journal"), pathlib.Path(f"{names[1]}-journal")]:
        name.touch()
    other = backups.path / ".tminus-notes"
    other.touch()
    with open(names[0], "w") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        backups.make()
    assert names[0].exists() and not names[1].exists() and other.exists()
    assert pathlib.Path(f"{names[0]}-journal").exists() and not pathlib.Path(f"{names[1]}-journal").exists()


# --- secrets -------------------------------------------------------------------------------------


def test_the_password_is_in_no_command_line(served, kind, folder):
    script = tool(folder, f"cat /proc/[0-9]*/cmdline | tr '\\0' ' ' >>{folder / 'seen'}\nexec {TOOLS[kind]} \"$@\"")
    served.make(backup_command=script)
    seen = harness.read_text(folder / "seen")
    assert "tminus backup" in seen and ("--format=custom" in seen or "--defaults-file=" in seen)
    assert "secret" not in seen
