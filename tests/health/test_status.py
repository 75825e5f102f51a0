"""The status document: what it says in each state, where it lies, and whom a reader believes."""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess

import pytest

import harness
import servers
from places import PLACES, mounts

TERM = signal.SIGTERM
UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
STUBBORN = ["sh", "-c", "trap '' TERM; echo up; while :; do sleep 1000 & wait; done"]
NOBODY = 65534
FORGED = "forged"


def forge(document, **changes):
    """A document that is true but for the changes."""
    return "{\n" + ",\n".join(f'"{key}": {json.dumps(value)}' for key, value in {**document, **changes}.items()) + "\n}\n"


def test_the_document_follows_boot_app_and_stop(inside, gate):
    run = inside("--", *STUBBORN, environment={"TMINUS_STEP_MIGRATE_COMMAND": gate.command})
    boot = run.expect_document(state="boot", step="step migrate")
    assert (boot["app_pid"], boot["ready"], boot["exit_status"]) == (None, False, None)
    assert UTC.fullmatch(boot["since"]) and UTC.fullmatch(boot["step_since"])
    gate.open()
    app = run.expect_document(state="app", ready=True)
    assert (app["step"], app["app"], app["boot_id"]) == (None, "sh", boot["boot_id"])
    assert isinstance(app["app_pid"], int) and UTC.fullmatch(app["app_since"])
    run.expect_output(b"up")
    run.signal(TERM)
    stopping = run.expect_document(state="stopping", ready=False)
    assert stopping["app_pid"] == app["app_pid"]
    run.child("sh").signal(signal.SIGKILL)
    assert run.wait() == 128 + signal.SIGKILL


def test_what_the_app_left_behind_is_waited_for_with_the_status_known(inside):
    run = inside("--", "sh", "-c", f"({STUBBORN[2]}) & sleep 0.1; exit 7", environment={"TMINUS_APP_LINGER": "60s"})
    left = run.expect_document(state="stopping", app_pid=None)
    assert left["exit_status"] == 7


def test_it_says_what_boot_waits_for_and_why(inside):
    target = f"tcp://127.0.0.1:{servers.free_port()}"
    run = inside("--", "true", environment={"TMINUS_WAIT_TARGETS": target, "TMINUS_BOOT_TIMEOUT": "5m"})
    waits = run.expect_document(step="wait", waits_for=target)
    assert "refused" in waits["reason"]
    assert UTC.fullmatch(waits["boot_deadline"]) and UTC.fullmatch(waits["step_deadline"])


def test_the_reason_of_one_step_is_not_that_of_the_next(inside, gate, folder):
    flag = folder / "flag"
    run = inside("--", "true", environment={
        "TMINUS_WAIT_TARGETS": f"file:{flag}", "TMINUS_STEP_NEXT_COMMAND": gate.command})
    run.expect_document(waits_for=f"file:{flag}")
    flag.touch()
    later = run.expect_document(step="step next")
    assert (later["waits_for"], later["reason"]) == (None, None)


def test_the_document_is_gone_with_tminus(inside, folder):
    run = inside("--", "sleep", "1000", setup=f"{mounts()}\nmount --bind {folder.path} /tmp")
    run.expect_document(state="app")
    assert [name for name in os.listdir(folder.path) if name.startswith("tminus-")]
    run.signal(TERM)
    run.wait()
    assert not [name for name in os.listdir(folder.path) if name.startswith("tminus-")]


def test_it_is_not_written_while_nothing_changes(inside):
    run = inside("--", "sh", "-c", "trap 'echo hup' HUP; echo up; while :; do sleep 1000 & wait; done")
    run.expect_document(state="app")
    run.expect_output(b"up")
    before = os.stat(run.path("/run")).st_ino
    run.signal(signal.SIGHUP)
    run.expect_output(b"hup")
    assert os.stat(run.path("/run")).st_ino == before


def test_people_read_a_table(inside):
    run = inside("--", "sleep", "1000")
    run.expect_document(state="app")
    table = run.tminus("status").stdout
    assert re.search(r"^state +app$", table, re.MULTILINE)
    assert "null" not in table and "_started" not in table


def test_without_a_tminus_the_status_is_69():
    nobody = subprocess.run(["unshare", "--mount", "--pid", "--fork", "--mount-proc", "sh", "-c", f"{harness.TMINUS} status; exit $?"],
                            capture_output=True, text=True, check=False, env={"PATH": harness.PATH})
    assert (nobody.returncode, nobody.stderr) == (69, "tminus: error: no tminus runs here\n")


def test_watch_prints_a_line_for_each_change_and_ends_with_tminus(inside, gate):
    run = inside("--", "sleep", "1000", environment={"TMINUS_STEP_MIGRATE_COMMAND": gate.command})
    run.expect_document(step="step migrate")
    with subprocess.Popen(["nsenter", f"--target={run.init.pid}", "--mount", "--pid", harness.TMINUS, "status", "--watch"],
                          stdout=subprocess.PIPE, text=True, env={"PATH": harness.PATH}) as watch:
        assert watch.stdout.readline().endswith(" boot, step migrate\n")
        gate.open()
        lines = [watch.stdout.readline()]
        while not lines[-1].endswith(" app, ready\n"):
            lines.append(watch.stdout.readline())
            assert lines[-1] != "", lines
        run.signal(TERM)
        run.wait()


def test_watch_draws_anew_on_a_terminal(inside, gate, terminal):
    run = inside("--", "sleep", "1000", environment={"TMINUS_STEP_MIGRATE_COMMAND": gate.command})
    run.expect_document(step="step migrate")
    with subprocess.Popen(["nsenter", f"--target={run.init.pid}", "--mount", "--pid", harness.TMINUS, "status", "--watch"],
                          stdout=terminal.slave, env={"PATH": harness.PATH}) as watch:
        harness.shown(run, terminal, "step migrate")
        gate.open()
        harness.await_true(lambda: re.search(r"\x1b\[H\x1b\[J(?:(?!\x1b).)*ready +true", terminal.output.text(), re.DOTALL),
                           "the table anew")
        watch.terminate()


# --- where it lies


@pytest.mark.parametrize("place", PLACES)
def test_it_lies_in_the_one_place_that_can_be_written(inside, place):
    run = inside("--", "sleep", "1000", setup=mounts(place))
    run.expect_document(state="app")
    assert run.places() == [place]


def test_memory_comes_before_disks(inside, folder):
    disks = "\n".join(f"mkdir -p {folder / name}; mount --bind {folder / name} {place}"
                      for name, place in (("run", "/run"), ("shm", "/dev/shm")))
    run = inside("--", "sleep", "1000", setup=f"{mounts('/tmp')}\n{disks}")
    run.expect_document(state="app")
    assert run.places() == ["/tmp"]
    assert not os.path.exists(folder / "run" / "tminus")


def test_a_disk_is_better_than_nothing(inside, folder):
    run = inside("--", "sleep", "1000", setup=f"{mounts()}\nmount --bind {folder.path} /run")
    run.expect_document(state="app")
    assert run.places() == ["/run"]


@pytest.mark.parametrize("way", ["environment", "ini"])
def test_a_place_can_be_set(inside, folder, way):
    settings = {"TMINUS_STATUS_PATH": str(folder / "place")} if way == "environment" else {
        "TMINUS_CONFIG": folder.script("tminus.ini", f"[status]\npath = {folder / 'place'}\n", 0o600)}
    run = inside("--", "sleep", "1000", environment=settings)
    run.expect(lambda: list((folder / "place").glob("*")) == [folder / "place" / f"tminus-{run.number()}.json"], "the document in its place")
    assert run.places() == []
    assert run.health(environment=settings) == 0
    assert json.loads(run.tminus("status", "--json", environment=settings).stdout)["state"] == "app"


def test_a_read_only_root_leaves_the_memory(inside):
    run = inside("--", "sleep", "1000", setup=f"{mounts('/dev/shm')}\nmount -o remount,bind,ro /")
    run.expect_document(state="app")


def test_in_a_full_place_no_old_document_stays_behind(inside, gate):
    run = inside("--", "sleep", "1000", environment={"TMINUS_STEP_MIGRATE_COMMAND": gate.command})
    run.expect_document(step="step migrate")
    assert run.places() == ["/run"]
    assert run.execute("mount", "-o", "remount,size=4k", "/run").returncode == 0
    gate.open()
    run.expect_document(state="app")
    assert len(run.places()) == 1


def test_without_any_place_it_runs_and_says_so_once(inside):
    run = inside("--", "sleep", "1000", setup=mounts(), environment={
        "TMINUS_STEP_TRUE_COMMAND": "true", "TMINUS_LOG_LEVEL": "debug"})
    run.expect_error(r"sleep started as pid")
    run.expect_error(r"document cannot be written")
    assert run.tminus("status").returncode == 69
    run.signal(TERM)
    assert run.wait() == 128 + TERM
    assert run.err.text().count("document cannot be written") == 1


# --- whom a reader believes


def test_two_containers_with_one_tmp_do_not_read_each_other(inside, folder):
    shared = f"{mounts()}\nmount --bind {folder.path} /tmp"
    one = inside("--", "sleep", "1000", setup=shared)
    other = inside("--", "cat", setup=shared, stdin=subprocess.PIPE)
    assert one.expect_document(state="app")["app"] == "sleep"
    assert other.expect_document(state="app")["app"] == "cat"
    assert len([name for name in os.listdir(folder.path) if name.startswith("tminus-")]) == 2


def test_a_second_tminus_in_the_container_does_not_take_the_document(inside, gate):
    run = inside("--", "sleep", "1000")
    before = run.expect_document(state="app")
    run.execute("touch", "/tmp/there")
    assert run.tminus("wait", "file:/tmp/there").returncode == 0
    assert run.document() == before


def test_a_killed_tminus_leaves_a_document_that_nobody_believes(container):
    run = container("-c", f"{mounts(*PLACES)}\n{harness.TMINUS} -- sleep 1000 & wait; sleep 1000",
                    program="/bin/sh")
    tminus = run.child(harness.PROGRAM)
    enter = ["nsenter", f"--target={run.init.pid}", "--mount", "--pid", harness.TMINUS]
    def status():
        return subprocess.run([*enter, "status"], env={"PATH": harness.PATH}, check=False, capture_output=True).returncode
    run.expect(lambda: status() == 0, "a document")
    tminus.signal(signal.SIGKILL)
    run.expect(lambda: status() == 69, "the document not to be believed")


def write_into(run, path, text, owner=0):
    """As somebody of the container would."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    pathlib.Path(path).write_text(text)
    os.chown(path, owner, owner)


HOSTILE = {
    "another user's": lambda document: (forge(document, app=FORGED), 1000),
    "of a process that never was": lambda document: (forge(document, app=FORGED, pid=9999), 0),
    "of a process that has the pid now": lambda document: (forge(document, app=FORGED, _started=document["_started"] + 1), 0),
    "garbage": lambda document: ("\0\xff{" * 500, 0),
    "empty": lambda document: ("", 0),
    "huge": lambda document: (forge(document, app=FORGED, says="x" * 10_000_000), 0),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_document_in_a_better_place_is_passed_over(inside, kind):
    run = inside("--", "sleep", "1000", setup=mounts("/run", "/tmp"))
    document = run.expect_document(state="app")
    run.execute("mkdir", "-p", "/run/tminus")
    assert run.places() == ["/run"]
    os.rename(run.path("/run"), run.path("/run") + ".kept")
    pathlib.Path(run.path("/tmp")).write_text(pathlib.Path(run.path("/run") + ".kept").read_text())
    write_into(run, run.path("/run"), *HOSTILE[kind](document))
    assert run.document() == document


def test_a_true_document_would_be_believed_in_the_better_place(inside):
    run = inside("--", "sleep", "1000")
    document = run.expect_document(state="app")
    write_into(run, run.path("/run"), forge(document, app=FORGED))
    assert run.document()["app"] == FORGED


@pytest.mark.parametrize("lay", ["ln -s /tmp/copy", "mkfifo", "mkdir"])
def test_links_pipes_and_folders_are_not_read(inside, lay):
    run = inside("--", "sleep", "1000")
    document = run.expect_document(state="app")
    inner = f"/run/tminus/tminus-{run.number()}.json"
    write_into(run, f"/proc/{run.init.pid}/root/tmp/copy", forge(document, app=FORGED))
    assert run.execute("sh", "-c", f"rm {inner}; {lay} {inner}").returncode == 0
    assert run.document() == {}


@pytest.mark.parametrize("suffix", ["", ".new"])
def test_a_link_is_never_written_through(inside, suffix, folder):
    victim = folder.script("victim", "untouched", 0o666)
    name = f"/tmp/tminus-$(stat -L -c %i /proc/self/ns/mnt).json{suffix}"
    run = inside("--", "sleep", "1000", setup=f"{mounts('/tmp')}\nln -s {victim} {name}")
    run.expect_document(state="app")
    assert pathlib.Path(victim).read_text() == "untouched"
    assert not os.path.islink(run.path("/tmp"))


def test_a_file_of_somebody_else_at_the_name_sends_it_to_the_next_place(inside):
    name = "/dev/shm/tminus-$(stat -L -c %i /proc/self/ns/mnt).json"
    run = inside("--", "sleep", "1000", setup=f"{mounts('/dev/shm', '/tmp')}\necho squatted >{name}",
                 prefix=["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"])
    run.expect_document(state="app")
    assert pathlib.Path(run.path("/dev/shm")).read_text() == "squatted\n"
    assert os.path.exists(run.path("/tmp"))


def test_another_user_of_the_container_can_read_it(inside):
    run = inside("--", "sleep", "1000", setup=mounts("/tmp"),
                 prefix=["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"])
    run.expect_document(state="app")
    assert run.health() == run.health(user=1000) == run.health(user=NOBODY) == 0


def test_no_secret_is_in_it(inside):
    secret = "s3cr3t-word"
    run = inside("--", "sleep", "1000", environment={
        "DATABASE_URL": f"postgres://shop:{secret}@127.0.0.1:{servers.free_port()}/shop",
        "TMINUS_LOCK_URL": f"postgres://shop:{secret}@127.0.0.1/shop", "SECRET_KEY": secret,
        "TMINUS_WAIT_TIMEOUT": "5m"})
    waits = run.expect(lambda: run.document().get("reason"), "a reason")
    assert "refused" in waits
    assert secret not in run.tminus("status", "--json").stdout


@pytest.mark.parametrize("name", ['a"quote\\', "tab\there", "\x1b[31m", "\xe4\u20ac", "a\nnew line"])
def test_names_are_escaped(inside, folder, name):
    program = folder.script(name, "#!/bin/sh\nexec sleep 1000\n")
    run = inside("--", program)
    assert run.expect_document(state="app")["app"] == program
    assert "\x1b" not in run.tminus("status").stdout


def test_a_long_name_leaves_room_for_the_rest(inside, folder):
    long = folder.script("x" * 200, "#!/bin/sh\nexec sleep 1000\n")
    program = "/" * 3500 + long
    run = inside("--", program)
    document = run.expect_document(state="app", ready=True)
    assert len(document["app"]) > 100 and document["exit_status"] is None
