"""What comes late or at a bad moment: a stop upon a step that fails, a loop that was held up, a second TERM."""

import signal
import sys
import time

import pytest

import harness

TERM, STOP, CONT, USR2 = signal.SIGTERM, signal.SIGSTOP, signal.SIGCONT, signal.SIGUSR2
PR_GET_CHILD_SUBREAPER = 37


@pytest.fixture
def held(folder):
    """A step that ignores TERM, says that it runs, and ends with a given status when it is let go."""
    class Held:
        def command(self, status):
            return folder.script("held", f"""#!/bin/sh
                trap '' TERM
                touch {folder / "begun"}
                while [ ! -e {folder / "go"} ]; do sleep 0.01; done
                exit {status}""")

        def has_begun(self):
            return (folder / "begun").exists()

        def let_go(self):
            (folder / "go").touch()
    return Held()


def test_an_upgrade_that_may_finish_and_ignores_term_is_killed_without_a_linger(container, folder, held):
    run = container("--", "touch", str(folder / "app"), environment={
        "TMINUS_UPGRADE_COMMAND": held.command(0), "TMINUS_UPGRADE_STOP": "finish",
        "TMINUS_BOOT_GRACE": "300ms", "TMINUS_APP_LINGER": "0"})
    run.expect(held.has_begun, "the upgrade to run")
    run.signal(TERM)
    assert run.wait() == 128 + TERM
    assert not (folder / "app").exists()


def test_an_upgrade_that_is_let_finish_and_fails_is_said_once(container, folder, held):
    run = container("--", "touch", str(folder / "app"), environment={
        "TMINUS_UPGRADE_COMMAND": held.command(3), "TMINUS_UPGRADE_STOP": "finish", "TMINUS_BOOT_GRACE": "1h"})
    run.expect(held.has_begun, "the upgrade to run")
    run.signal(TERM)
    run.expect_error("TERM")
    held.let_go()
    assert run.wait() == 128 + TERM
    failures = [line for line in run.err.text().splitlines() if "failed" in line or "status 3" in line]
    assert len(failures) == 1 and "upgrade failed" in failures[0] and "status 3" in failures[0], run.err.text()
    assert not (folder / "app").exists()


def test_an_upgrade_that_is_let_finish_and_does_is_no_failure(container, held):
    run = container("--", "true", environment={
        "TMINUS_UPGRADE_COMMAND": held.command(0), "TMINUS_UPGRADE_STOP": "finish", "TMINUS_BOOT_GRACE": "1h"})
    run.expect(held.has_begun, "the upgrade to run")
    run.signal(TERM)
    run.expect_error("TERM")
    held.let_go()
    assert run.wait() == 128 + TERM
    assert "failed" not in run.err.text()


def test_a_step_that_ended_in_time_is_not_late_because_tminus_was_stopped(container, held):
    run = container("--", "sh", "-c", "exit 4",
                    environment={"TMINUS_UPGRADE_COMMAND": held.command(0), "TMINUS_UPGRADE_TIMEOUT": "3s"})
    run.expect(held.has_begun, "the upgrade to run")
    over = time.monotonic() + 3.1
    run.init.signal(STOP)
    run.expect(lambda: run.init.state() == "T", "tminus to be stopped")
    held.let_go()
    run.expect(lambda: [child.state() for child in run.init.children()] == ["Z"], "the upgrade to end")
    harness.await_true(lambda: time.monotonic() > over, "the time limit to be over")
    run.init.signal(CONT)
    assert run.wait() == 4
    assert "time limit" not in run.err.text()


def test_in_exec_mode_the_app_is_no_subreaper(container):
    """An app that is one would get orphans that it never reaps."""
    script = (f"import ctypes; flag = ctypes.c_int(-1); "
              f"ctypes.CDLL(None).prctl({PR_GET_CHILD_SUBREAPER}, ctypes.byref(flag), 0, 0, 0); print(flag.value)")
    run = container("--", sys.executable, "-c", script, namespace=False,
                    environment={"TMINUS_APP_MODE": "exec", "TMINUS_UPGRADE_COMMAND": "true"})
    assert run.wait() == 0
    assert run.out.bytes == b"0\n"


@pytest.mark.parametrize("status", [None, 0, 3], ids=["killed", "status 0", "status 3"])
def test_a_stop_during_a_step_that_may_fail_never_says_that_boot_goes_on(container, recorder, folder, status):
    command = "sleep 1000" if status is None else recorder.line("--end", f"15={status}")
    run = container("--", "touch", str(folder / "app"), environment={
        "TMINUS_STEP_BAD_COMMAND": command, "TMINUS_STEP_BAD_ON_FAILURE": "continue"})
    if status is None:
        run.child("sleep")
    else:
        run.expect(recorder.is_ready, "the step to run")
    run.signal(TERM)
    assert run.wait() == 128 + TERM
    assert "goes on" not in run.err.text()
    assert not (folder / "app").exists()


def test_a_second_term_continues_an_app_that_was_stopped_meanwhile(container, recorder):
    run = container("--", *recorder.command("--end", f"{int(USR2)}=3"))
    run.expect(recorder.is_ready, "the app to be ready")
    app = run.child("recorder")
    run.signal(TERM)
    run.expect(lambda: sorted(recorder.signals()) == [TERM, CONT], "TERM and CONT to arrive")
    app.signal(STOP)
    run.expect(lambda: app.state() == "T", "the app to be stopped")
    run.signal(TERM)
    run.expect(lambda: recorder.signals().count(TERM) == 2, "the second TERM to arrive")
    assert app.state() != "T"
    run.signal(USR2)
    assert run.wait() == 3


def test_the_end_of_a_wait_child_together_with_its_answer_does_not_block_the_loop(container, recorder, folder):
    """Both are there at once: the signal is taken while the app is begun, and nothing is left to be read behind it."""
    target = folder / "later"
    run = container("--", *recorder.command("--end", "15=7"),
                    environment={"TMINUS_WAIT_TARGETS": f"file:{target}", "TMINUS_WAIT_TIMEOUT": "1h"})
    run.expect(lambda: run.init.children(), "the wait's child")
    child = run.init.children()[0]
    run.init.signal(STOP)
    run.expect(lambda: run.init.state() == "T", "tminus to be stopped")
    target.touch()
    run.expect(lambda: child.state() == "Z", "the wait's child to end")
    run.init.signal(CONT)
    run.expect(recorder.is_ready, "the app to be ready")
    run.expect(lambda: len(run.init.children()) == 1, "the wait's child to be reaped", limit=10)
    run.expect_error("started as pid")
    run.signal(TERM)
    assert run.wait() == 7
