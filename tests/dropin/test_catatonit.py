"""catatonit: flag by flag, variable by variable."""

import signal

import pytest

import harness
from programs import doubles

catatonit = doubles("catatonit")
TERM, USR1 = signal.SIGTERM, signal.SIGUSR1


@catatonit
def test_h_shows_every_flag_on_stderr(start):
    run = start("-h")
    assert run.wait() == 0
    for word in ("usage: ", "-g", "-h", "-L", "-P", "-V"):
        assert word in run.err.text()


@catatonit
@pytest.mark.parametrize("flag", ["-V", "--version"])
def test_version_is_a_line_that_docker_understands(start, flag):
    run = start(flag)
    assert run.wait() == 0
    assert run.out.text().startswith("tini version 0.") and "_catatonit" in run.out.text()


@catatonit
def test_capital_l_shows_a_licence(start):
    run = start("-L")
    assert run.wait() == 0
    assert "Copyright" in run.out.text()


@catatonit
def test_without_a_command_it_says_so(start):
    run = start()
    assert run.wait() == 1
    run.expect_error(r"ERROR \(catatonit:1\): missing program name\nusage: ")


@catatonit
@pytest.mark.parametrize("arguments, told", [(["-x"], "invalid option -- 'x'"),
                                             (["--no-such"], "unrecognized option '--no-such'")])
def test_a_wrong_flag_ends_it_with_1_and_the_usage(start, double, arguments, told):
    run = start(*arguments)
    assert run.wait() == 1
    assert run.err.text().startswith(f"{double.path}: {told}\nusage: ")


@catatonit
@pytest.mark.parametrize("command, reason", [
    ("no-such-command", "No such file or directory"),
    ("/etc/passwd", "Permission denied"),
    ("/etc/passwd/below", "Not a directory"),
])
def test_a_command_that_cannot_be_run_gives_1_and_the_reason(start, command, reason):
    run = start("--", command)
    assert run.wait() == 1
    run.expect_error(rf"ERROR \(catatonit:\d+\): .*: {reason}")


@catatonit
@pytest.mark.parametrize("flags, reached", [([], [0]), (["-g"], [0, 1, 2])])
def test_g_sends_signals_to_the_group(start, recorder, flags, reached):
    run = start(*flags, "--", *recorder.command("--copies", "2", "--end", "15=3"))
    run.expect(lambda: recorder.is_ready(copies=2), "three processes to be ready")
    run.signal(USR1)
    run.expect(lambda: [copy for copy in range(3) if recorder.signals(copy) == [USR1]] == reached,
               f"USR1 to reach {reached}")
    run.signal(TERM)
    assert run.wait() == 3


@catatonit
def test_signals_for_faults_and_the_terminal_are_not_forwarded(start, recorder):
    numbers = [signal.SIGILL, signal.SIGTRAP, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGSEGV,
               signal.SIGSYS, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU]
    run = start("--", *recorder.command("--end", "15=3"))
    run.expect(recorder.is_ready, "the app to be ready")
    for number in numbers:
        run.signal(number)
    run.signal(TERM)
    assert run.wait() == 3
    assert recorder.signals() == [TERM]


@catatonit
def test_it_adopts_and_reaps_the_orphans_of_a_plain_start(plain, recorder):
    run = plain("--", "sh", "-c", f"(sleep 1000 & echo $!); exec {recorder.line('--end', '15=3')}")
    run.expect(recorder.is_ready, "the app to be ready")
    orphan = harness.Process(int(run.expect(run.out.text, "the orphan's pid")))
    run.expect(lambda: orphan.status().get("PPid") == str(run.init.pid), "the orphan to be adopted")
    orphan.signal(signal.SIGKILL)
    run.expect(lambda: orphan.state() is None, "the orphan to be reaped")
    run.signal(TERM)
    assert run.wait() == 3


@catatonit
@pytest.mark.parametrize("number", [signal.SIGINT, TERM])
@pytest.mark.parametrize("namespace", [True, False], ids=["PID 1", "plain"])
def test_capital_p_pauses_until_int_or_term(start, folder, number, namespace):
    run = start("-P", "touch", str(folder / "app"), namespace=namespace)
    for other in (signal.SIGHUP, signal.SIGQUIT, USR1, signal.SIGCHLD, 40):
        run.signal(other)
    assert run.is_running()
    run.signal(number)
    assert run.wait() == 0
    assert not (folder / "app").exists()


@catatonit
def test_the_app_is_told_its_own_pid_for_socket_activation(start):
    run = start("--", "sh", "-c", "[ $LISTEN_PID = $$ ]", environment={"LISTEN_PID": "1", "LISTEN_FDS": "1"})
    assert run.wait() == 0


@catatonit
def test_without_socket_activation_the_app_is_told_nothing(start):
    assert start("--", "sh", "-c", "[ -z \"$LISTEN_PID\" ]").wait() == 0


@catatonit
def test_its_debug_variable_makes_it_talk_on_stderr(start):
    run = start("--", "true", environment={"CATATONIT_DEBUG": ""})
    assert run.wait() == 0
    run.expect_error(r"DEBUG \(catatonit:1\): ")


@catatonit
def test_its_log_variable_is_reserved(start):
    run = start("--", "true", environment={"CATATONIT_LOG": "x"})
    assert run.wait() == 1
    run.expect_error(r"ERROR \(catatonit:1\): CATATONIT_LOG is reserved")


@catatonit
def test_the_app_keeps_what_the_parent_ignored(plain):
    run = plain("--", "grep", "SigIgn", "/proc/self/status", prefix=["env", "--ignore-signal=HUP"])
    assert run.wait() == 0
    assert harness.signal_mask(run.out.text(), "SigIgn") == 1 << signal.SIGHUP - 1
