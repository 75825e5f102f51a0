"""Reaping: whatever the app leaves behind, no zombie stays, and an idle tminus does not run at all."""

import os
import signal
import time

import pytest

SETTLED = 0.2  # seconds without one wake-up, after which a process counts as idle


def reaped(run, *remaining):
    """True when tminus has no children but those with these names."""
    return sorted(child.name() for child in run.init.children()) == sorted(remaining)


def settle(run):
    """Waits until tminus has stopped running, and returns its count of wake-ups."""
    init = run.init
    state = {"wakeups": -1, "since": time.monotonic()}

    def is_idle():
        wakeups = init.wakeups()
        if wakeups != state["wakeups"]:
            state.update(wakeups=wakeups, since=time.monotonic())
        return time.monotonic() - state["since"] > SETTLED

    run.expect(is_idle, "tminus to be idle")
    return state["wakeups"]


@pytest.mark.serial
def test_ten_thousand_orphans_are_reaped(container, orphans):
    run = container("--", orphans, "10000", "sleep", "1000")
    run.expect_output(b"done")
    run.expect(lambda: reaped(run, "sleep"), "no zombie to be left")
    seconds = run.init.cpu_ticks() / os.sysconf("SC_CLK_TCK")
    assert seconds < 5, "10,000 orphans take some 25 ms; a busy loop takes what it gets"
    run.signal(signal.SIGTERM)
    assert run.wait() == 128 + signal.SIGTERM


def test_orphans_of_orphans_are_reaped(container):
    """Each generation is left behind by the one before."""
    script = "for i in 1 2 3 4 5 6 7 8 9 10; do (sh -c '(sh -c \"(true &) &\" &) &' &) & done; exec sleep 1000"
    run = container("--", "sh", "-c", script)
    run.child("sleep")
    run.expect(lambda: reaped(run, "sleep"), "no zombie to be left")


@pytest.mark.serial
def test_a_fork_bomb_of_short_lived_children_leaves_no_zombie(container, bomb):
    run = container("--", bomb, "13", "sleep", "1000")
    run.child("sleep")
    run.expect(lambda: reaped(run, "sleep"), "no zombie to be left")
    assert run.is_running()
    run.signal(signal.SIGTERM)
    assert run.wait() == 128 + signal.SIGTERM


def test_signals_are_forwarded_while_children_die_all_the_time(container, folder, orphans, recorder):
    app = recorder.line("--end", "15=4")
    script = f"while [ ! -e {folder / 'stop'} ]; do {orphans} 200; done > /dev/null & exec {app}"
    run = container("--", "sh", "-c", script, environment={"TMINUS_APP_LINGER": "1h"})
    run.expect(recorder.is_ready, "the app to be ready")
    for number in [signal.SIGUSR1, signal.SIGHUP, signal.SIGUSR2] * 20:
        before = recorder.signals()
        run.signal(number)
        run.expect(lambda: recorder.signals() == before + [number], f"signal {number} to arrive")
    run.signal(signal.SIGTERM)
    assert run.wait() == 4


def test_orphans_are_reaped_while_a_step_runs(container, orphans, folder):
    script = f"{orphans} 100; while [ ! -e {folder / 'go'} ]; do sleep 0.01; done"
    run = container("--", "sh", "-c", "exit 5", environment={"TMINUS_UPGRADE_COMMAND": f"sh -c '{script}'"})
    run.expect_output(b"done")
    run.expect(lambda: reaped(run, "sh"), "no zombie to be left")
    (folder / "go").touch()
    assert run.wait() == 5


def test_orphans_are_reaped_while_it_lingers(container, orphans, folder):
    script = f"""cd {folder.path}
        (trap '{orphans} 100; touch left; while [ ! -e go ]; do sleep 0.01; done; exit' TERM
         touch ready
         while :; do sleep 0.01; done) &
        while [ ! -e ready ]; do sleep 0.01; done; exit 7"""
    run = container("--", "sh", "-c", script, environment={"TMINUS_APP_LINGER": "1h"})
    run.expect((folder / "left").exists, "the orphans of the leftover")
    run.expect(lambda: len(run.init.children()) == 1, "one child to be left")
    (folder / "go").touch()
    assert run.wait() == 7


@pytest.mark.parametrize("environment", [
    {}, {"TMINUS_UPGRADE_COMMAND": "true", "TMINUS_WAIT_TARGETS": "file:/etc/passwd"},
    {"TMINUS_SERVICE_A_COMMAND": "sleep 1000", "TMINUS_JOB_A_COMMAND": "true", "TMINUS_JOB_A_SCHEDULE": "@yearly"}],
    ids=["plain", "behind a boot", "beside a service and a job"])
def test_an_idle_tminus_is_never_woken(container, environment):
    run = container("--", "sleep", "1000", environment=environment)
    run.child("sleep")
    wakeups, ticks = settle(run), run.init.cpu_ticks()
    time.sleep(2)  # the one thing that cannot be awaited: that nothing happens
    assert run.init.wakeups() == wakeups
    assert run.init.cpu_ticks() == ticks


def test_it_sleeps_while_a_step_runs(container):
    run = container("--", "true", environment={"TMINUS_UPGRADE_COMMAND": "sleep 1000", "TMINUS_UPGRADE_TIMEOUT": "1h",
                                               "TMINUS_BOOT_TIMEOUT": "2h"})
    run.child("sleep")
    wakeups = settle(run)
    time.sleep(1)
    assert run.init.wakeups() == wakeups
