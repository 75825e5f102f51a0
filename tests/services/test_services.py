"""[service NAME]: programs beside the app, and what their ends mean."""

import os
import pathlib
import signal

import pytest

import harness

TRAP = "sh -c 'trap \"echo {name} got TERM; exit 0\" TERM; echo {name} up; while :; do sleep 0.05; done'"


def trap(name):
    return "command = " + TRAP.format(name=name)


def test_a_service_runs_beside_the_app_and_both_get_the_stop(supervised):
    run = supervised(f"[app]\n{trap('app')}\n[service worker]\n{trap('worker')}")
    run.expect_output(b"app up")
    run.expect_output(b"worker up")
    run.signal(signal.SIGTERM)
    assert run.wait() == 0
    assert b"app got TERM" in run.out.bytes and b"worker got TERM" in run.out.bytes


def test_a_service_of_a_table_of_variables_runs_as_well(container):
    run = container("--", "sleep", "1000", environment={"TMINUS_SERVICE_WORKER_COMMAND": "echo worker up",
                                                        "TMINUS_SERVICE_HOST": "10.0.0.1"})
    run.expect_output(b"worker up")
    assert run.wait() == 0


def test_a_signal_that_is_forwarded_goes_to_the_app_alone(supervised, recorder, folder):
    other = folder / "other"
    ends = f"--end {int(signal.SIGTERM)}=0"
    run = supervised(f"[app]\ncommand = {recorder.line(ends)}\n[service worker]\ncommand = {recorder.program} {other} {ends}")
    run.expect(lambda: recorder.is_ready() and harness.read_text(other), "both to be ready")
    run.signal(signal.SIGHUP)
    run.expect(lambda: signal.SIGHUP in recorder.signals(), "the app to have HUP")
    run.signal(signal.SIGTERM)
    assert run.wait() == 0
    assert harness.read_text(other).split() == ["ready", str(int(signal.SIGTERM))]


def test_the_stop_lasts_until_the_last_of_them_has_ended(supervised):
    slow = "sh -c 'trap \"sleep 1; echo worker done; exit 0\" TERM; echo worker up; while :; do sleep 0.05; done'"
    run = supervised(f"[app]\ncommand = sleep 1000\nlinger = 100ms\n[service worker]\ncommand = {slow}")
    run.expect_output(b"worker up")
    run.signal(signal.SIGTERM)
    assert run.wait() == 143
    assert b"worker done" in run.out.bytes


def test_a_service_that_does_not_end_has_the_app_s_grace_and_linger(supervised):
    deaf = "sh -c 'trap \"\" TERM; echo worker up; while :; do sleep 0.05; done'"
    run = supervised(f"[app]\ncommand = sleep 1000\ngrace = 200ms\nlinger = 200ms\n[service worker]\ncommand = {deaf}")
    run.expect_output(b"worker up")
    run.signal(signal.SIGTERM)
    assert run.wait() == 143
    assert "service worker did not end within app.grace = 200 ms: TERM to all" in run.err.text()
    assert "still there" in run.err.text()


def test_the_end_of_a_service_that_matters_stops_all_with_its_status(supervised):
    run = supervised(f"[app]\n{trap('app')}\n[service worker]\ncommand = sh -c 'sleep 0.2; exit 9'")
    assert run.wait() == 9
    assert b"app got TERM" in run.out.bytes
    assert "service worker ended with status 9: all is stopped" in run.err.text()


def test_the_end_of_a_service_that_does_not_matter_is_said_and_no_more(supervised):
    run = supervised("[app]\ncommand = sh -c 'sleep 1; exit 4'\n[service worker]\nessential = no\n"
                     "command = sh -c 'exit 9'")
    assert run.wait() == 4
    assert "service worker ended with status 9\n" in run.err.text()


def test_the_end_of_the_app_ends_its_services_within_a_limit(supervised):
    run = supervised(f"[app]\ncommand = sh -c 'sleep 0.5; exit 5'\n[service worker]\n{trap('worker')}")
    assert run.wait() == 5
    assert b"worker got TERM" in run.out.bytes


def test_a_service_comes_back_while_the_app_goes_on(supervised):
    run = supervised("[app]\ncommand = sleep 1000\n[service worker]\nrestart = on-failure\n"
                     "command = sh -c 'echo worker up; exit 3'")
    run.expect(lambda: run.out.bytes.count(b"worker up") == 2, "the worker to be up again")
    app = run.child("sleep")
    run.signal(signal.SIGTERM)
    assert run.wait() == 143
    assert not app.is_alive()


def test_the_app_waits_for_a_service_that_is_to_be_ready_before_it(supervised):
    text = ("[service redis]\nafter = boot\nready = file:@/ready\n"
            "command = sh -c 'sleep 0.5; echo redis ready; touch @/ready; exec sleep 1000'\n"
            "[app]\ncommand = sh -c 'echo app up; exit 6'")
    run = supervised(text)
    assert run.wait() == 6
    assert run.out.bytes.split(b"\n")[:2] == [b"redis ready", b"app up"]


@pytest.mark.parametrize("status, ends", [(9, 9), (0, 80)])
def test_an_app_is_never_started_beside_a_service_that_ended_before_it_was_ready(supervised, status, ends):
    """Nothing has gone well where the app was never started, whatever the service's own status."""
    run = supervised(f"[service redis]\nafter = boot\nready = file:@/never\ncommand = sh -c 'exit {status}'\n"
                     "[app]\ncommand = echo app up")
    assert run.wait() == ends
    assert b"app up" not in run.out.bytes


def test_a_service_that_never_becomes_ready_ends_boot_with_69(supervised):
    run = supervised("[wait]\ntimeout = 300ms\n[service redis]\nafter = boot\nready = file:@/never\n"
                     "command = sleep 1000\n[app]\ncommand = echo app up")
    assert run.wait() == 69
    assert b"app up" not in run.out.bytes


def test_a_stop_before_the_app_is_up_ends_the_services_of_boot(supervised):
    run = supervised(f"[service redis]\nafter = boot\nready = file:@/never\n{trap('redis')}\n[app]\ncommand = echo app up")
    run.expect_output(b"redis up")
    run.signal(signal.SIGTERM)
    assert run.wait() == 143
    assert b"redis got TERM" in run.out.bytes and b"app up" not in run.out.bytes


def test_a_service_that_cannot_be_run_is_a_failure_of_boot_unless_it_does_not_matter(supervised):
    text = "[service a]\nafter = boot\ncommand = /nonexistent/a\n{}\n[app]\ncommand = echo app up"
    run = supervised(text.format(""))
    assert run.wait() == 127
    assert b"app up" not in run.out.bytes
    run = supervised(text.format("essential = no"))
    assert run.wait() == 0
    assert b"app up" in run.out.bytes


def test_a_service_whose_condition_does_not_hold_is_left_out(supervised):
    run = supervised("[service a]\nif = NOBODY_SETS_THIS\ncommand = echo a up\n[app]\ncommand = true")
    assert run.wait() == 0
    assert b"a up" not in run.out.bytes
    assert "service a is left out: if = NOBODY_SETS_THIS does not hold" in run.err.text()


def test_a_service_runs_as_its_own_user_in_its_own_folder(supervised):
    run = supervised("[service a]\nuser = nobody\nworkdir = /tmp\ncommand = sh -c 'id -un; pwd; exec sleep 1000'\n"
                     "[app]\ncommand = sleep 1000")
    run.expect_output(b"nobody\n/tmp\n")
    run.signal(signal.SIGTERM)
    assert run.wait() == 143


def timers(process):
    """How many timers the process has open."""
    folder = pathlib.Path(f"/proc/{process.pid}/fd")
    return sum("timerfd" in os.readlink(each) for each in folder.iterdir())


def test_without_jobs_pid_1_waits_for_nothing_but_signals(supervised):
    run = supervised("[app]\ncommand = sleep 1000\n[service a]\ncommand = sleep 1000")
    run.expect(lambda: len(run.init.children()) == 2 and run.init.state() == "S", "both to be up")
    assert timers(run.init) == 0


def test_a_service_on_a_terminal_does_not_get_it(on_terminal, terminal, folder):
    name = folder.script("tminus.ini", "[app]\ncommand = cat\n[service a]\ncommand = sh -c 'exit 0'\nessential = no\n",
                         mode=0o644)
    run = on_terminal("--config", name)
    harness.shown(run, terminal, "service a ended with status 0")
    terminal.type(b"hello\n")
    harness.shown(run, terminal, "hello\r\nhello")
    terminal.type(b"\x04")
    assert run.wait() == 0
