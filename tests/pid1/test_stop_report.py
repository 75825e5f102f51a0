"""What is said at the stop: who had to be killed, and a shell that keeps TERM to itself."""

import signal

import pytest

import harness

TERM = signal.SIGTERM
SOON = {"TMINUS_APP_LINGER": "100ms"}


@pytest.fixture(params=[True, False], ids=["PID 1", "plain"])
def start(container, request):
    return lambda *arguments, **keywords: container(*arguments, namespace=request.param, **keywords)


def test_who_had_to_be_killed_is_named(start):
    script = "(trap '' TERM; exec sleep 1000) & (trap '' TERM; exec sleep 1001) & " \
             "until [ \"$(pgrep -c -P $$ -x sleep)\" = 2 ]; do :; done; echo $(pgrep -P $$ -x sleep); exit 5"
    run = start("--", "bash", "-c", script, environment=SOON)
    assert run.wait() == 5
    first, second = run.out.text().split()
    run.expect_error(rf"killed: sleep \(pid {first}\), sleep \(pid {second}\)\n")


def test_an_app_that_had_to_be_killed_is_named(start, recorder):
    run = start("--", *recorder.command(), environment={"TMINUS_APP_GRACE": "50ms", **SOON})
    run.expect(recorder.is_ready, "the app to be ready")
    run.signal(TERM)
    assert run.wait() == 128 + signal.SIGKILL
    run.expect_error(r"killed: recorder \(pid \d+\)\n")


def test_nobody_is_named_when_nobody_had_to_be_killed(start):
    run = start("--", "sh", "-c", "sleep 1000 & exit 5", environment={"TMINUS_APP_LINGER": "1h"})
    assert run.wait() == 5
    assert run.err.text() == ""


def test_without_proc_or_with_that_of_another_namespace_nobody_is_named_wrongly(container, recorder):
    run = container("--", *recorder.command(), environment={"TMINUS_APP_GRACE": "50ms", **SOON},
                    setup="umount -l /proc")
    run.expect(recorder.is_ready, "the app to be ready")
    run.init.signal(TERM)
    assert run.wait() == 128 + signal.SIGKILL
    assert "recorder (pid" not in run.err.text().partition("killed")[2]


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_a_shell_that_does_not_pass_term_on_is_recognised(start, shell):
    run = start("--", shell, "-c", "sleep 1000; true")
    app = run.child(shell)
    run.expect(lambda: [child.name() for child in app.children()] == ["sleep"], "its child")
    run.signal(TERM)
    assert run.wait() == 128 + TERM
    run.expect_error(rf'{shell} is a shell that does not pass signals on: sleep \(pid \d+\) has only app.linger = 2 s '
                     rf'to end; write "exec" before its command')
    assert run.err.text().count("is a shell") == 1


def test_a_script_that_does_not_pass_term_on_is_recognised(start, folder):
    run = start("--", folder.script("entrypoint", "#!/bin/sh\nsleep 1000\ntrue\n"))
    app = run.child("entrypoint")
    run.expect(lambda: [child.name() for child in app.children()] == ["sleep"], "its child")
    run.signal(TERM)
    assert run.wait() == 128 + TERM
    run.expect_error("entrypoint is a shell that does not pass signals on")


@pytest.mark.parametrize("command, environment", [
    (["sh", "-c", "exec sleep 1000"], {}),
    (["sh", "-c", "trap 'kill $!; exit 0' TERM; sleep 1000 & echo up; wait"], {}),
    (["sh", "-c", "sleep 1000; true"], {"TMINUS_APP_SIGNAL_TO": "group"}),
    (["bash", "-c", "sleep 1000 & sleep 1001 & wait"], {}),
], ids=["exec", "trap", "group", "two children"])
def test_others_are_not_taken_for_one(start, command, environment):
    run = start("--", *command, environment=environment)
    run.expect(lambda: "sleep" in [each.name() for each in harness.descendants(run.init)], "sleep to run")
    run.expect(lambda: "trap" not in command[-1] or run.out.text(), "the trap to be set")
    run.expect(lambda: command[0] != "bash" or len(harness.descendants(run.init)) == 3, "both of them")
    run.signal(TERM)
    run.wait()
    assert "is a shell" not in run.err.text()
