"""tminus that is not PID 1: in a shared PID namespace, or started from a shell."""

import signal

import pytest

import harness
from harness import SIGNALS

TERM, CONT = signal.SIGTERM, signal.SIGCONT


@pytest.fixture
def plain(container):
    """Starts tminus as a plain child."""
    return lambda *arguments, **keywords: container(*arguments, namespace=False, **keywords)


@pytest.mark.parametrize("status", [0, 3, 255])
def test_the_exit_status_is_the_apps_own(plain, status):
    assert plain("--", "sh", "-c", f"exit {status}").wait() == status


def test_every_signal_arrives_at_the_app(plain, recorder):
    run = plain("--", *recorder.command("--end", "18=7"))
    run.expect(recorder.is_ready, "the app to be ready")
    numbers = [number for number in SIGNALS if number not in (TERM, CONT)]
    for number in numbers:
        run.signal(number)
        run.expect(lambda n=number: n in recorder.signals(), f"signal {number} to arrive")
    run.signal(TERM)
    assert run.wait() == 7
    assert recorder.signals() == numbers + [TERM, CONT]


def test_orphans_become_its_children_and_are_reaped(plain, orphans):
    run = plain("--", "sh", "-c", f"{orphans} 100; sleep 1000 & exec sleep 2000")
    run.expect_output(b"done")
    run.expect(lambda: [child.name() for child in run.init.children()] == ["sleep"], "no zombie to be left")


def test_an_orphan_is_adopted(plain):
    run = plain("--", "sh", "-c", "setsid sh -c 'sleep 1000 &'; exec sleep 2000")
    run.expect(lambda: len(run.init.children()) == 2, "the orphan to be adopted")


def test_leftovers_are_ended_wherever_they_hide(plain, recorder):
    script = f"setsid sh -c '{recorder.line('--end', '15=0')} & exec sleep 1000' & " \
             f"while [ ! -s {recorder.path} ]; do sleep 0.01; done; exit 2"
    run = plain("--", "sh", "-c", script, environment={"TMINUS_APP_LINGER": "1h"})
    assert run.wait() == 2
    assert recorder.signals()[0] == TERM


def test_leftovers_that_ignore_term_are_killed(plain, recorder):
    script = f"{recorder.line()} & while [ ! -s {recorder.path} ]; do sleep 0.01; done; exec sleep 1000"
    run = plain("--", "sh", "-c", script, environment={"TMINUS_APP_LINGER": "100ms"})
    run.expect(recorder.is_ready, "the leftover to be ready")
    app = run.child("sleep")
    leftover = next(child for child in app.children() if child.name() == "recorder")
    run.signal(TERM)
    assert run.wait() == 128 + TERM
    assert recorder.signals()[0] == TERM
    harness.await_true(lambda: not leftover.is_alive(), "the leftover to be gone")


def test_strangers_are_left_alone(plain, container):
    stranger = container("--", "sleep", "1000", namespace=False)
    stranger_app = stranger.child("sleep")
    run = plain("--", "sh", "-c", "sleep 1000 & exit 3")
    assert run.wait() == 3
    assert stranger.is_running() and stranger_app.is_alive()


@pytest.mark.parametrize("what", ["app", "step"])
def test_its_death_takes_its_children_along(plain, what):
    if what == "app":
        run = plain("--", "sleep", "1000")
    else:
        run = plain("--", "true", environment={"TMINUS_UPGRADE_COMMAND": "sleep 1000"})
    child = run.child("sleep")
    run.init.signal(signal.SIGKILL)
    run.wait()
    harness.await_true(lambda: not child.is_alive(), "the child to be killed")


def test_term_during_boot_never_starts_the_app(plain, folder):
    run = plain("--", "touch", str(folder / "app"), environment={"TMINUS_UPGRADE_COMMAND": "sleep 1000"})
    run.child("sleep")
    run.signal(TERM)
    assert run.wait() == 128 + TERM
    assert not (folder / "app").exists()


def test_in_exec_mode_the_app_has_its_pid(plain):
    run = plain("--", "sh", "-c", "echo $$", environment={"TMINUS_APP_MODE": "exec", "TMINUS_UPGRADE_COMMAND": "true"})
    assert run.wait() == 0
    assert int(run.out.bytes) == run.process.pid


def test_the_app_starts_clean(plain, unclean):
    run = plain("--", "cat", "/proc/self/status", prefix=[unclean])
    assert run.wait() == 0
    fields = dict(line.split(":\t", 1) for line in run.out.text().splitlines() if ":\t" in line)
    assert [int(fields[name], 16) for name in ("SigBlk", "SigIgn")] == [0, 0]
