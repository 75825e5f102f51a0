"""Where the kernel refuses to fork, or what a fork needs: strace(1) plays that kernel.

tminus is a plain child here, or unshare would be refused as well.
"""

import contextlib
import os
import re
import signal
import sqlite3

import pytest

TERM = signal.SIGTERM
FORKS = "clone,clone3,fork,vfork"


def refusing(calls, error, when="1+", log="/dev/null"):
    """strace(1), which lets these system calls fail: always, or only those that `when` names."""
    return ["strace", "-f", "-q", "-o", str(log), "-e", f"trace={calls}",
            "-e", f"inject={calls}:error={error}:when={when}"]


@pytest.fixture
def refused(container):
    """Starts tminus as a plain child below strace."""
    def start(*arguments, calls=FORKS, error="EAGAIN", when="1+", log="/dev/null", **keywords):
        return container(*arguments, namespace=False, before=refusing(calls, error, when, log), **keywords)
    return start


@pytest.fixture
def database(folder):
    """The URL of a SQLite database that can be used."""
    path = folder / "db"
    sqlite3.connect(path).close()
    path.touch()
    return f"sqlite:///{path}"


CONTINUES = {"TMINUS_STEP_BAD_COMMAND": "true", "TMINUS_STEP_BAD_ON_FAILURE": "continue"}
WAITS = {"TMINUS_WAIT_TARGETS": "file:/etc/passwd", "TMINUS_WAIT_TIMEOUT": "1h"}
EXEC = {"TMINUS_APP_MODE": "exec"}
# What boot was at when fork was refused, and the status when boot.timeout is over by then.
BOOTS = [
    pytest.param({}, 69, id="no step"),
    pytest.param({"TMINUS_UPGRADE_COMMAND": "true"}, 76, id="upgrade"),
    pytest.param({**EXEC, "TMINUS_UPGRADE_COMMAND": "true"}, 76, id="upgrade, exec"),
    pytest.param(CONTINUES, 80, id="step that may fail"),
    pytest.param({**EXEC, **CONTINUES}, 80, id="step that may fail, exec"),
    pytest.param(WAITS, 69, id="wait target"),
    pytest.param({**EXEC, **WAITS}, 69, id="wait target, exec"),
]


def sockets_of(process):
    """The sockets that a process holds, by their inode."""
    folder = f"/proc/{process.pid}/fd"
    links = []
    for name in os.listdir(folder):
        with contextlib.suppress(FileNotFoundError):
            links.append(os.readlink(f"{folder}/{name}"))
    return {link for link in links if link.startswith("socket:")}


@pytest.mark.parametrize("calls", ["close_range", "none"])
def test_no_child_holds_the_channel_of_another(container, calls, folder):
    """It would keep that one from seeing its end."""
    targets = " ".join(f"file:{folder / str(number)}" for number in range(4))
    before = refusing(calls, "ENOSYS") if calls != "none" else []
    run = container("wait", targets, namespace=False, before=before)
    children = run.expect(lambda: len(run.init.children()) == 4 and run.init.children(), "a child for each target")
    run.expect(lambda: all(child.state() == "S" and len(sockets_of(child)) == 1 for child in children),
               "each child to have its own channel alone")
    run.expect(lambda: len(sockets_of(run.init)) == 4, "an end of each channel, and of no more, to be left here")
    held = [sockets_of(process) for process in (run.init, *children)]
    assert len(set.union(*held)) == sum(len(each) for each in held)
    for number in range(4):
        (folder / str(number)).touch()
    assert run.wait() == 0


@pytest.mark.parametrize("environment, _", BOOTS)
def test_term_while_fork_is_refused_gives_143_whatever_boot_was_at(refused, folder, environment, _):
    run = refused("--", "touch", str(folder / "app"), environment=environment)
    run.expect_error("again")
    run.signal(TERM)
    assert run.wait() == 128 + TERM
    assert "failed" not in run.err.text()
    assert not (folder / "app").exists()


@pytest.mark.parametrize("environment, status", BOOTS)
def test_a_boot_timeout_while_fork_is_refused_keeps_its_status(refused, folder, environment, status):
    run = refused("--", "touch", str(folder / "app"), environment={**environment, "TMINUS_BOOT_TIMEOUT": "1s"})
    assert run.wait() == status
    assert "boot.timeout" in run.err.text()
    assert not (folder / "app").exists()


@pytest.mark.parametrize("error", ["EAGAIN", "ENOMEM"])
def test_a_keeper_whose_first_fork_was_refused_is_asked_all_the_same(refused, database, error):
    run = refused("--", "sh", "-c", "exit 4", error=error, when="1",
                  environment={"DATABASE_URL": database, "TMINUS_WAIT_TIMEOUT": "1h"})
    assert run.wait() == 4
    assert "again" in run.err.text()
    assert "is ready" in run.err.text()


@pytest.mark.parametrize("when", [1, 2])
def test_no_further_wait_child_is_started_once_one_could_not_be(refused, folder, when):
    log = folder / "log"
    targets = [f"file:{folder / name}" for name in ("never", "never-either", "nor-this-one")]
    run = refused("--", "touch", str(folder / "app"), calls="socketpair", error="ENFILE", when=when, log=log,
                  environment={"TMINUS_WAIT_TARGETS": " ".join(targets), "TMINUS_WAIT_TIMEOUT": "1h"})
    assert run.wait() == 70
    assert log.read_text().count("socketpair(") == when
    assert not (folder / "app").exists()


@pytest.mark.parametrize("error", ["ENOSYS", "EPERM"])
def test_the_keeper_leaves_by_itself_where_close_range_is_refused(refused, folder, database, error):
    """One that held the other end of its own channel would never see that boot is over."""
    log = folder / "log"
    run = refused("boot", calls="close_range", error=error, log=log, environment={"DATABASE_URL": database})
    assert run.wait() == 0
    log = log.read_text()
    assert "INJECTED" in log
    assert "--- SIG" not in re.sub("--- SIGCHLD", "", log), log
    assert "killed by" not in log, log
    assert log.count("+++ exited with 0 +++") == 2, log
