"""dumb-init: flag by flag, variable by variable."""

import os
import signal

import pytest

import harness
from programs import doubles

dumb_init = doubles("dumb-init")
TERM, HUP, QUIT, USR1, CONT = signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGCONT
SINGLE = [(["-c"], {}), (["--single-child"], {}), ([], {"DUMB_INIT_SETSID": "0"})]
single = pytest.mark.parametrize("flags, environment", SINGLE, ids=str)


@dumb_init
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_shows_every_flag_on_stderr(start, flag):
    run = start(flag)
    assert run.wait() == 0
    assert run.out.text() == ""
    text = run.err.text()
    assert text.startswith("dumb-init v1.2") and "Usage: " in text
    for word in ("-c", "--single-child", "-r", "--rewrite s:r", "-v", "--verbose", "-h", "--help", "-V", "--version"):
        assert word in text


@dumb_init
@pytest.mark.parametrize("flag", ["-V", "--version"])
def test_version_is_told_on_stderr(start, flag):
    run = start(flag)
    assert run.wait() == 0
    assert run.err.text().startswith("dumb-init v1.2.")


@dumb_init
def test_without_a_command_it_says_how_to_get_help(start, double):
    run = start()
    assert run.wait() == 1
    assert run.err.text().splitlines() == [
        f"Usage: {double.path} [option] program [args]", f"Try {double.path} --help for full usage."]


@dumb_init
@pytest.mark.parametrize("arguments, told", [
    (["-x"], "invalid option -- 'x'"),
    (["-vx"], "invalid option -- 'x'"),
    (["--no-such"], "unrecognized option '--no-such'"),
    (["-r"], "option requires an argument -- 'r'"),
])
def test_a_wrong_flag_ends_it_with_1_and_one_line(start, double, arguments, told):
    run = start(*arguments)
    assert run.wait() == 1
    assert run.err.text() == f"{double.path}: {told}\n"


@dumb_init
def test_the_flags_of_the_command_are_its_own(start):
    run = start("echo", "-c", "--help")
    assert run.wait() == 0
    assert run.out.text() == "-c --help\n"


@dumb_init
@pytest.mark.parametrize("value", ["15", "x:3", "15:32", "0:3", "15:-1", "15:x", ""])
def test_a_rewriting_that_is_none_ends_it_with_1_and_says_how_it_is_written(start, value):
    run = start("-r", value, "true")
    assert run.wait() == 1
    assert "-r option takes <signum>:<signum>" in run.err.text()


@dumb_init
@pytest.mark.parametrize("command, reason", [
    ("no-such-command", "No such file or directory"),
    ("/etc/passwd", "Permission denied"),
    ("/etc/passwd/below", "Not a directory"),
])
def test_a_command_that_cannot_be_run_gives_2_and_the_reason(start, command, reason):
    run = start(command)
    assert run.wait() == 2
    run.expect_error(rf"\[dumb-init\] {command}: {reason}")


@dumb_init
@pytest.mark.parametrize("flags, sent, received", [
    (["-r", "15:3"], TERM, QUIT),
    (["-r15:3"], TERM, QUIT),
    (["--rewrite=15:3"], TERM, QUIT),
    (["--rewrite", "15:3"], TERM, QUIT),
    (["--rew", "15:3"], TERM, QUIT),
    (["-r", "1:15", "-r", "15:1"], TERM, HUP),
    (["-r", "15:2", "-r", "15:3"], TERM, QUIT),
], ids=str)
def test_a_signal_is_rewritten(start, recorder, flags, sent, received):
    run = start(*flags, *recorder.command("--end", f"{int(received)}=7"))
    run.expect(recorder.is_ready, "the app to be ready")
    run.signal(sent)
    assert run.wait() == 7
    assert recorder.signals() == [received]


@dumb_init
def test_a_signal_that_is_rewritten_to_0_is_dropped(start, recorder):
    run = start("-r", "15:0", *recorder.command("--end", "1=7"))
    run.expect(recorder.is_ready, "the app to be ready")
    run.signal(TERM)
    run.signal(HUP)
    assert run.wait() == 7
    assert recorder.signals() == [HUP]


@dumb_init
def test_the_app_leads_a_session_and_every_signal_reaches_its_group(start, recorder):
    run = start(*recorder.command("--copies", "2", "--end", "15=3"))
    run.expect(lambda: recorder.is_ready(copies=2), "three processes to be ready")
    app = run.child("recorder")
    assert os.getsid(app.pid) == app.pid
    run.signal(USR1)
    run.expect(lambda: all(recorder.signals(copy) == [USR1] for copy in range(3)), "USR1 to reach all of them")
    run.signal(TERM)
    assert run.wait() == 3


@dumb_init
@single
def test_c_sends_signals_to_the_app_alone_which_stays_in_session_and_group(start, recorder, flags, environment):
    run = start(*flags, *recorder.command("--copies", "2", "--end", "15=3"), environment=environment)
    run.expect(lambda: recorder.is_ready(copies=2), "three processes to be ready")
    app = run.child("recorder")
    assert os.getsid(app.pid) == os.getsid(run.init.pid) and os.getpgid(app.pid) == os.getpgid(run.init.pid)
    run.signal(USR1)
    run.expect(lambda: recorder.signals() == [USR1], "USR1 to arrive")
    run.signal(TERM)
    assert run.wait() == 3
    assert not any(recorder.signals(copy) for copy in (1, 2))


@dumb_init
@pytest.mark.parametrize("value", ["1", ""])
def test_its_variable_switches_the_session_off_with_0_alone(start, value):
    run = start("sleep", "1000", environment={"DUMB_INIT_SETSID": value})
    app = run.child("sleep")
    run.expect(lambda: os.getsid(app.pid) == app.pid, "a session of its own")


@dumb_init
@pytest.mark.parametrize("number", [signal.SIGILL, signal.SIGTRAP, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE,
                                    signal.SIGSEGV, signal.SIGSYS])
def test_signals_for_faults_are_forwarded(start, recorder, number):
    run = start(*recorder.command("--end", f"{int(number)}=7"))
    run.expect(recorder.is_ready, "the app to be ready")
    run.signal(number)
    assert run.wait() == 7


@dumb_init
@pytest.mark.parametrize("number", [signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU])
def test_a_stop_of_the_terminal_stops_the_app_and_itself_until_cont(plain, number):
    run = plain("sleep", "1000")
    app = run.child("sleep")
    run.signal(number)
    run.expect(lambda: app.state() == "T" and run.init.state() == "T", "both to be stopped")
    run.init.signal(CONT)
    run.expect(lambda: app.state() == "S" and run.init.state() == "S", "both to go on")
    run.signal(TERM)
    assert run.wait() == 128 + TERM


@dumb_init
@single
def test_without_a_session_a_stop_of_the_terminal_is_forwarded_as_it_is(plain, recorder, flags, environment):
    run = plain(*flags, *recorder.command("--end", "15=3"), environment=environment)
    run.expect(recorder.is_ready, "the app to be ready")
    run.signal(signal.SIGTSTP)
    run.expect(lambda: recorder.signals() == [signal.SIGTSTP], "it to arrive: a CONT would throw it away")
    run.expect(lambda: run.init.state() == "T", "it to be stopped")
    run.init.signal(CONT)
    run.expect(lambda: recorder.signals() == [signal.SIGTSTP, CONT], "both to arrive")
    run.signal(TERM)
    assert run.wait() == 3


@dumb_init
def test_a_stop_of_the_terminal_can_be_rewritten(plain, recorder):
    run = plain("-r", f"{int(signal.SIGTSTP)}:{int(USR1)}", *recorder.command("--end", "15=3"))
    run.expect(recorder.is_ready, "the app to be ready")
    run.signal(signal.SIGTSTP)
    run.expect(lambda: recorder.signals() == [USR1], "USR1 to arrive")
    run.expect(lambda: run.init.state() == "T", "it to be stopped")
    run.init.signal(CONT)
    run.signal(TERM)
    assert run.wait() == 3


@dumb_init
def test_what_is_left_of_the_group_gets_term_as_it_ends(plain, recorder):
    run = plain("sh", "-c", f"{recorder.line('--end', '15=0')} & while [ ! -s {recorder.path} ]; do sleep 0.01; done; exit 5")
    assert run.wait() == 5
    harness.await_true(lambda: recorder.signals() == [TERM], "TERM to reach what is left")


@dumb_init
def test_what_is_left_of_the_group_gets_what_term_is_rewritten_to(plain, recorder):
    run = plain("-r", "15:10", "sh", "-c",
                f"{recorder.line('--end', '10=0')} & while [ ! -s {recorder.path} ]; do sleep 0.01; done; exit 5")
    assert run.wait() == 5
    harness.await_true(lambda: recorder.signals() == [USR1], "USR1 to reach what is left")


@dumb_init
def test_it_does_not_adopt_orphans_of_a_plain_start(plain, recorder):
    run = plain("sh", "-c", f"(sleep 1000 & echo $!); exec {recorder.line('--end', '15=3')}")
    run.expect(recorder.is_ready, "the app to be ready")
    orphan = harness.Process(int(run.expect(run.out.text, "the orphan's pid")))
    assert orphan.status()["PPid"] != str(run.init.pid)
    run.signal(TERM)
    assert run.wait() == 3


@dumb_init
def test_the_app_starts_with_no_signal_ignored_or_blocked(plain):
    run = plain("grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status",
                prefix=["env", "--ignore-signal=HUP", "--block-signal=USR2"])
    assert run.wait() == 0
    assert [harness.signal_mask(run.out.text(), field) for field in ("SigBlk", "SigIgn")] == [0, 0]


@dumb_init
@pytest.mark.parametrize("flags, environment", [(["-v"], {}), (["--verbose"], {}), ([], {"DUMB_INIT_DEBUG": "1"})])
def test_v_tells_what_happens_on_stderr(start, recorder, flags, environment):
    run = start(*flags, "-r", "15:0", "-r", "12:1", *recorder.command("--end", "1=3"), environment=environment)
    run.expect(recorder.is_ready, "the app to be ready")
    run.signal(TERM)
    run.signal(signal.SIGUSR2)
    assert run.wait() == 3
    for told in (r"Child spawned with PID \d+\.", r"Received signal 15\.", r"Not forwarding signal 0 to children",
                 r"Translating signal 12 to 1\.", r"Forwarded signal 1 to children\.",
                 r"A child with PID \d+ exited with exit status 3\.", r"Child exited with status 3\. Goodbye\."):
        run.expect_error(r"\[dumb-init\] " + told)


@dumb_init
@pytest.mark.parametrize("value", ["0", "", "yes"])
def test_its_variable_makes_it_talk_with_1_alone(start, value):
    run = start("true", environment={"DUMB_INIT_DEBUG": value})
    assert run.wait() == 0
    assert run.err.text() == ""


@dumb_init
def test_it_keeps_no_folder_in_use(start, folder):
    run = start("sleep", "1000", cwd=folder.path)
    app = run.child("sleep")
    run.expect(lambda: os.readlink(f"/proc/{run.init.pid}/cwd") == "/", "it to leave its folder")
    assert os.readlink(f"/proc/{app.pid}/cwd") == str(folder.path)


@dumb_init
@pytest.mark.parametrize("namespace", [True, False], ids=["PID 1", "leader of the session"])
def test_the_apps_session_gets_the_terminal_and_no_hangup(on_terminal, recorder, double, namespace):
    """A leader that gives its terminal away gets HUP and CONT for that."""
    run = on_terminal(*recorder.command("--end", "15=3"), program=double.path, namespace=namespace)
    run.expect(recorder.is_ready, "the app to be ready")
    app = run.child("recorder")
    assert app.stat()[7] != "0", "proc(5), tty_nr"
    run.expect(lambda: not run.init.has("ShdPnd", HUP), "the HUP of the hand-over to be taken")
    run.signal(HUP)
    run.expect(lambda: HUP in recorder.signals(), "the HUP that was sent to arrive")
    run.signal(TERM)
    assert run.wait() == 3
    assert recorder.signals() == [HUP, TERM]
