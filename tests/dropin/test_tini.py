"""tini: flag by flag, variable by variable."""

import os
import signal
import subprocess

import pytest

import harness
from programs import doubles

tini = doubles("tini", "tini-static")
TERM, USR1 = signal.SIGTERM, signal.SIGUSR1


def quiet(**environment):
    """The environment of a tini that does not say that it is no PID 1."""
    return {"TINI_VERBOSITY": "0", **environment}


@tini
def test_h_shows_every_flag_and_variable_on_stdout(start):
    run = start("-h")
    assert run.wait() == 0
    text = run.out.text()
    assert "Usage: " in text and "PROGRAM" in text
    for word in ("-h", "-s", "-p", "-v", "-w", "-g", "-e", "-l", "--version",
                 "TINI_SUBREAPER", "TINI_VERBOSITY", "TINI_KILL_PROCESS_GROUP"):
        assert word in text


@tini
def test_version_is_a_line_that_docker_understands(start):
    run = start("--version")
    assert run.wait() == 0
    assert run.out.text().startswith("tini version 0."), "moby: daemon/info_unix.go, parseInitVersion"
    assert len(run.out.text().splitlines()) == 1


@tini
def test_l_shows_a_licence(start):
    run = start("-l")
    assert run.wait() == 0
    assert "MIT License" in run.out.text()
    assert "Copyright (c)" in run.out.text()


@tini
@pytest.mark.parametrize("arguments", [["-x"], ["-s", "-x"], ["-sx"], ["-p"], ["-e"], ["--no-such"]], ids=" ".join)
def test_a_wrong_flag_ends_it_with_1_and_the_help_on_stderr(start, arguments):
    run = start(*arguments)
    assert run.wait() == 1
    assert run.out.text() == ""
    run.expect_error(r"Usage: .*(\n.*)*TINI_SUBREAPER")


@tini
@pytest.mark.parametrize("value", ["TERM", "15", "SIGNOPE", ""])
def test_p_takes_signals_by_their_full_names(start, value):
    run = start("-p", value, "--", "true")
    assert run.wait() == 1
    run.expect_error(r"\[FATAL tini \(1\)\] .*-p: " + value)


@tini
@pytest.mark.parametrize("value", ["256", "-1", "x", "1x"])
def test_e_takes_statuses_from_0_to_255(start, value):
    run = start("-e", value, "--", "true")
    assert run.wait() == 1
    run.expect_error(r"\[FATAL tini \(1\)\] .*-e: " + value)


@tini
@pytest.mark.parametrize("flags, script, status", [
    (["-e", "143"], "kill $$", 0),
    (["-e143"], "kill $$", 0),
    (["-e", "0"], "exit 0", 0),
    (["-e", "255"], "exit 255", 0),
    (["-e", "3", "-e", "4"], "exit 4", 0),
    (["-e", "3", "-e", "4"], "exit 3", 0),
    (["-e", "143"], "exit 7", 7),
    (["-e", "143"], "kill -9 $$", 137),
])
def test_e_turns_a_status_into_0(start, flags, script, status):
    assert start(*flags, "--", "sh", "-c", script).wait() == status


@tini
def test_e_counts_for_a_command_that_is_not_found_too(start):
    assert start("-e", "127", "--", "no-such-command").wait() == 0


@tini
@pytest.mark.parametrize("command, status, reason", [
    ("no-such-command", 127, "No such file or directory"),
    ("", 127, "No such file or directory"),
    ("/no/such/file", 127, "No such file or directory"),
    ("/etc/passwd", 126, "Permission denied"),
    ("/etc", 126, "Permission denied"),
    ("/etc/passwd/below", 1, "Not a directory"),
])
def test_a_command_that_cannot_be_run_is_named_with_the_reason(start, command, status, reason):
    run = start("--", command)
    assert run.wait() == status
    run.expect_error(rf"\[FATAL tini \(\d+\)\] exec {command} failed: {reason}")


@tini
@pytest.mark.parametrize("flags, environment, reached", [
    ([], {}, [0]),
    (["-g"], {}, [0, 1, 2]),
    ([], {"TINI_KILL_PROCESS_GROUP": ""}, [0, 1, 2]),
    (["-gg"], {"TINI_KILL_PROCESS_GROUP": "0"}, [0, 1, 2]),
])
def test_g_sends_signals_to_the_group(start, recorder, flags, environment, reached):
    run = start(*flags, "--", *recorder.command("--copies", "2", "--end", "15=3"), environment=environment)
    run.expect(lambda: recorder.is_ready(copies=2), "three processes to be ready")
    run.signal(USR1)
    run.expect(lambda: [copy for copy in range(3) if recorder.signals(copy) == [USR1]] == reached,
               f"USR1 to reach {reached}")
    run.signal(TERM)
    assert run.wait() == 3


@tini
def test_signals_for_faults_and_the_terminal_are_not_forwarded(start, recorder):
    numbers = [signal.SIGILL, signal.SIGTRAP, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGSEGV,
               signal.SIGSYS, signal.SIGTTIN, signal.SIGTTOU]
    run = start("--", *recorder.command("--end", "15=3"))
    run.expect(recorder.is_ready, "the app to be ready")
    for number in numbers:
        run.signal(number)
    run.signal(TERM)
    assert run.wait() == 3
    assert recorder.signals() == [TERM]


@tini
def test_tstp_is_forwarded_and_stops_the_app(start):
    run = start("--", "sleep", "1000")
    app = run.child("sleep")
    run.signal(signal.SIGTSTP)
    run.expect(lambda: app.state() == "T", "the app to be stopped")


@tini
@pytest.mark.parametrize("flags, environment", [(["-s"], {}), ([], {"TINI_SUBREAPER": ""})])
def test_as_a_subreaper_it_adopts_and_reaps_orphans(plain, recorder, flags, environment):
    script = f"(sleep 1000 & echo $!); exec {recorder.line('--end', '15=3')}"
    run = plain(*flags, "--", "sh", "-c", script, environment=environment)
    run.expect(recorder.is_ready, "the app to be ready")
    orphan = harness.Process(int(run.expect(run.out.text, "the orphan's pid")))
    run.expect(lambda: orphan.status().get("PPid") == str(run.init.pid), "the orphan to be adopted")
    orphan.signal(signal.SIGKILL)
    run.expect(lambda: orphan.state() is None, "the orphan to be reaped")
    assert run.err.text() == ""
    run.signal(TERM)
    assert run.wait() == 3


@tini
def test_without_s_it_adopts_nobody_and_says_so(plain, recorder):
    script = f"(sleep 1000 & echo $!); exec {recorder.line('--end', '15=3')}"
    run = plain("--", "sh", "-c", script)
    run.expect(recorder.is_ready, "the app to be ready")
    orphan = harness.Process(int(run.expect(run.out.text, "the orphan's pid")))
    assert orphan.status()["PPid"] != str(run.init.pid)
    orphan.signal(signal.SIGKILL)
    run.expect_error(r"\[WARN  tini \(\d+\)\] .*(\n.*)*-s .*TINI_SUBREAPER")
    run.signal(TERM)
    assert run.wait() == 3


@tini
def test_a_plain_start_as_pid_1_says_nothing(start):
    run = start("--", "true")
    assert run.wait() == 0
    assert run.err.text() == run.out.text() == ""


@tini
def test_w_warns_of_each_orphan_that_was_reaped(start, folder):
    go = folder / "go"
    run = start("-w", "--", "sh", "-c", f"(sleep 0 & echo $! >&2); while [ ! -e {go} ]; do sleep 0.01; done")
    run.expect_error(r"\[WARN  tini \(1\)\] Reaped zombie process with pid=\d+")
    assert run.err.text().split()[0] in run.err.text().rpartition("pid=")[2]
    go.touch()
    assert run.wait() == 0
    assert run.err.text().count("Reaped") == 1, "the app is none"


@tini
@pytest.mark.parametrize("flags, environment, levels", [
    ([], {}, ()),
    (["-v"], {}, ("INFO",)),
    (["-vv"], {}, ("INFO", "DEBUG")),
    ([], {"TINI_VERBOSITY": "2"}, ("INFO",)),
    ([], {"TINI_VERBOSITY": "3"}, ("INFO", "DEBUG")),
    (["-vvv"], {"TINI_VERBOSITY": "1"}, ()),
], ids=str)
def test_v_and_its_variable_say_more_on_stdout(start, recorder, flags, environment, levels):
    run = start(*flags, "--", *recorder.command("--end", "15=3"), environment=environment)
    run.expect(recorder.is_ready, "the app to be ready")
    run.signal(TERM)
    assert run.wait() == 3
    text = run.out.text()
    assert ("[INFO  tini (1)] Spawned child process" in text) == ("INFO" in levels)
    assert ("[INFO  tini (1)] Main child exited normally (with status '3')" in text) == ("INFO" in levels)
    assert ("[DEBUG tini (1)] Passing signal: " in text) == ("DEBUG" in levels)


@tini
def test_verbosity_0_says_nothing_but_what_is_fatal(plain):
    run = plain("--", "no-such-command", environment=quiet())
    assert run.wait() == 127
    assert "[FATAL" in run.err.text() and "[WARN" not in run.err.text()


@tini
@pytest.mark.parametrize("flags, received", [(["-p", "SIGUSR1"], [USR1]), ([], [])], ids=["with -p", "without"])
def test_p_is_what_it_gets_and_forwards_when_its_parent_dies(double, recorder, flags, received):
    environment = {"PATH": harness.PATH, **quiet()}
    parent = subprocess.Popen(["sh", "-c", '"$@" & wait', "sh", double.path, *flags, "--",
                               *recorder.command("--end", "15=0")], env=environment)
    harness.await_true(recorder.is_ready, "the app to be ready")
    init, = harness.Process(parent.pid).children()
    parent.kill()
    parent.wait()
    harness.await_true(lambda: init.status().get("PPid") != str(parent.pid), "another parent")
    harness.await_true(lambda: recorder.signals() == received, f"the app to get {received}")
    init.signal(TERM)
    harness.await_true(lambda: recorder.signals() == [*received, TERM], "TERM to arrive")


@tini
def test_its_own_death_leaves_the_app_alone(plain, recorder):
    run = plain("-s", "--", *recorder.command("--end", "15=0"))
    run.expect(recorder.is_ready, "the app to be ready")
    app = run.child("recorder")
    run.init.signal(signal.SIGKILL)
    assert run.wait() == 128 + signal.SIGKILL
    app.signal(TERM)
    run.expect(lambda: recorder.signals() == [TERM], "TERM to reach the app that lives on")


@tini
def test_the_app_keeps_what_the_parent_ignored_and_blocked(plain):
    """As below nohup; CHLD aside, which nobody can want to be ignored."""
    run = plain("-s", "--", "grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status", prefix=[
        "env", "--ignore-signal=HUP", "--block-signal=USR2", "--default-signal=PIPE"])
    assert run.wait() == 0
    assert harness.signal_mask(run.out.text(), "SigIgn") == 1 << signal.SIGHUP - 1
    assert harness.signal_mask(run.out.text(), "SigBlk") == 1 << signal.SIGUSR2 - 1


@tini
def test_the_app_stays_in_the_session(start):
    run = start("--", "sleep", "1000")
    app = run.child("sleep")
    assert os.getsid(app.pid) == os.getsid(run.init.pid)
