"""What all of the programs do alike."""

import os
import signal

import pytest

import harness
from programs import doubles

TERM, KILL = signal.SIGTERM, signal.SIGKILL
each_program = doubles("tini", "tini-static", "dumb-init", "catatonit")
JOB_STOPS = {signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}
FAULTS = {signal.SIGILL, signal.SIGTRAP, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGSEGV, signal.SIGSYS}
# glibc keeps 32 and 33 to itself, and so do the programs that are linked with it.
FORWARDED = [number for number in harness.SIGNALS if number not in JOB_STOPS | FAULTS | {32, 33}]


@each_program
@pytest.mark.parametrize("status", [0, 1, 42, 127, 255])
def test_the_exit_status_is_the_apps_own(start, status):
    assert start("--", "sh", "-c", f"exit {status}").wait() == status


@each_program
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGABRT, KILL, signal.SIGSEGV, TERM])
def test_an_app_killed_by_signal_n_gives_128_and_n(start, number):
    assert start("--", "sh", "-c", f"kill -{int(number)} $$").wait() == 128 + number


@each_program
def test_arguments_arrive_byte_for_byte(start):
    words = ["a b", "", "$HOME", "'", "-s", "--", "--version", "${X:-y}"]
    run = start("--", "printf", "<%s>", *words)
    assert run.wait() == 0
    assert run.out.text() == "".join(f"<{word}>" for word in words)


@each_program
def test_flags_end_at_a_command_that_has_none(start):
    assert start("true").wait() == 0


@each_program
def test_the_app_has_the_environment_as_it_is(start):
    environment = {"TMINUS_WAIT_TIMEOUT": "nonsense", "TMINUS_NO_SUCH": "1", "X": "${PATH}"}
    run = start("--", "env", environment=environment)
    assert run.wait() == 0
    assert {f"{name}={value}" for name, value in environment.items()} <= set(run.out.text().splitlines())


@each_program
def test_no_ini_file_is_read(start, folder):
    (folder / "tminus.ini").write_text("[nonsense")
    assert start("--", "sh", "-c", "exit 4", cwd=folder.path).wait() == 4


@each_program
def test_without_a_command_it_ends_with_1_and_shows_its_usage(start):
    run = start()
    assert run.wait() == 1
    run.expect_error("(?i)usage:")


@each_program
def test_a_flag_that_does_not_exist_ends_it_with_1_and_is_named(start, folder):
    run = start("-X", "--", "touch", str(folder / "app"))
    assert run.wait() == 1
    run.expect_error("invalid option.*'X'")
    assert not (folder / "app").exists()


@each_program
def test_a_script_without_an_interpreter_is_run_by_the_shell(start, folder):
    script = folder.script("plain", "echo \"$1\"; exit 9\n")
    run = start("--", script, "word")
    assert run.wait() == 9
    assert run.out.text() == "word\n"


@each_program
def test_a_script_without_an_interpreter_is_found_in_path(start, folder):
    folder.script("plain-in-path", "exit 9\n")
    assert start("--", "plain-in-path", environment={"PATH": f"{folder.path}:{harness.PATH}"}).wait() == 9


@each_program
def test_signals_are_forwarded_to_the_app_as_they_are(start, recorder):
    run = start("--", *recorder.command())
    run.expect(recorder.is_ready, "the app to be ready")
    for at, number in enumerate(FORWARDED, 1):
        run.signal(number)
        run.expect(lambda: recorder.signals() == FORWARDED[:at], f"signal {number} to arrive")


@each_program
@pytest.mark.parametrize("number", sorted(FAULTS))
def test_a_fault_that_was_sent_from_outside_does_not_end_it(start, recorder, number):
    run = start("--", *recorder.command("--end", "15=3"))
    run.expect(recorder.is_ready, "the app to be ready")
    run.signal(number)
    run.signal(TERM)
    assert run.wait() == 3


@each_program
def test_orphans_are_reaped(start, orphans, recorder):
    run = start("--", orphans, "50", *recorder.command("--end", "15=0"))
    run.expect(recorder.is_ready, "the app to be ready")
    run.expect(lambda: len(run.init.children()) == 1, "the orphans to be reaped")
    run.signal(TERM)
    assert run.wait() == 0


@each_program
def test_it_ends_with_the_app_whoever_is_left(start):
    assert start("--", "sh", "-c", "(trap '' TERM HUP; sleep 1000) & setsid sleep 1000 & exit 3").wait() == 3


@each_program
def test_the_app_leads_a_process_group(start):
    run = start("--", "sleep", "1000")
    app = run.child("sleep")
    run.expect(lambda: int(app.stat()[5]) == app.pid or os.getpgid(app.pid) == app.pid, "a group of its own")


@each_program
def test_sigchld_that_is_handled_inside_wakes_no_one_else(start, recorder):
    """The death of an orphan is nothing that the app hears of."""
    script = f"(sleep 0 & exit 0); exec {recorder.line('--end', '15=3')}"
    run = start("--", "sh", "-c", script)
    run.expect(recorder.is_ready, "the app to be ready")
    run.signal(TERM)
    assert run.wait() == 3
    assert recorder.signals() == [TERM]


@each_program
def test_the_app_reads_from_the_terminal(on_terminal, terminal, double):
    run = on_terminal("--", "sh", "-c", "echo ready; read line; echo \"<$line>\"; exit 4", program=double.path)
    harness.shown(run, terminal, "ready")
    terminal.type(b"hello\n")
    harness.shown(run, terminal, "<hello>")
    assert run.wait() == 4


@each_program
def test_ctrl_c_reaches_the_app_once(on_terminal, terminal, recorder, double):
    run = on_terminal("--", *recorder.command("--end", "15=3"), program=double.path)
    run.expect(recorder.is_ready, "the app to be ready")
    terminal.type(b"\x03")
    run.expect(lambda: recorder.signals() == [signal.SIGINT], "INT to arrive")
    run.signal(TERM)
    assert run.wait() == 3
    assert recorder.signals() == [signal.SIGINT, TERM]
