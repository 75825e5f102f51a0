"""A stop signal before the app runs: everything ends, the app is never started, the status is 128+n."""

import random
import signal
import subprocess

import pytest

import harness
from harness import LONG, SIGNALS, Container

TERM, HUP, INT, QUIT, USR1, USR2, WINCH, CONT = (
    signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH,
    signal.SIGCONT)
ROUNDS = 400 if LONG else 100

# Every step that runs a command, by the setting that gives it.
STEPS = {
    "upgrade": "TMINUS_UPGRADE_COMMAND",
    "seed undo": "TMINUS_SEED_UNDO",
    "seed all": "TMINUS_SEED_ALL",
    "step": "TMINUS_STEP_ASSETS_COMMAND",
}
DEVELOPMENT = {"TMINUS_ENVIRONMENT": "development"}


@pytest.fixture
def app(folder):
    """An app that cannot be started without being noticed, and does not end by itself."""
    class App:
        marker = folder / "app-was-started"
        command = ["sh", "-c", f"touch {marker}; exec sleep 1000"]

        def was_started(self):
            return self.marker.exists()
    return App()


@pytest.fixture(params=STEPS)
def step(request):
    """The environment's variable of one step after the other."""
    return STEPS[request.param]


@pytest.fixture(params=["supervise", "exec"])
def mode(request):
    return {"TMINUS_APP_MODE": request.param}


def start_in_step(container, app, step, command, **environment):
    return container("--", *app.command, environment={**DEVELOPMENT, step: command, **environment})


@pytest.mark.parametrize("number", [TERM, INT, QUIT, HUP])
def test_a_stop_signal_reaches_the_step_and_ends_boot(container, app, recorder, step, number):
    run = start_in_step(container, app, step, recorder.line("--end", f"{int(number)}=0"))
    run.expect(recorder.is_ready, "the step to run")
    run.signal(number)
    assert run.wait() == 128 + number
    assert recorder.signals()[0] == number
    assert not app.was_started()


def test_term_ends_a_step_in_exec_mode_too(container, app, step, mode):
    run = start_in_step(container, app, step, "sleep 1000", **mode)
    run.child("sleep")
    run.signal(TERM)
    assert run.wait() == 128 + TERM
    assert not app.was_started()


def test_the_stop_signal_of_the_app_stops_boot_too(container, app, recorder):
    run = start_in_step(container, app, STEPS["step"], recorder.line("--end", "10=0"), TMINUS_APP_STOP_SIGNAL="USR1")
    run.expect(recorder.is_ready, "the step to run")
    run.signal(USR1)
    assert run.wait() == 128 + USR1
    assert not app.was_started()


@pytest.mark.parametrize("number", [TERM, INT, QUIT, HUP])
def test_a_stop_signal_ends_the_wait_for_a_distant_time_limit(container, app, folder, mode, number):
    targets = f"file:{folder / 'never'} tcp://127.0.0.1:1"
    run = container("--", *app.command,
                    environment={"TMINUS_WAIT_TARGETS": targets, "TMINUS_WAIT_TIMEOUT": "1h", **mode})
    run.expect(lambda: run.init.children(), "the wait's children")
    run.signal(number)
    assert run.wait() == 128 + number
    assert not app.was_started()


def test_signals_that_mean_nothing_to_a_wait_do_not_end_it(container, folder):
    target = folder / "later"
    run = container("--", "sh", "-c", "exit 9",
                    environment={"TMINUS_WAIT_TARGETS": f"file:{target}", "TMINUS_WAIT_TIMEOUT": "1h"})
    run.expect(lambda: run.init.children(), "the wait's child")
    for number in (USR1, USR2, WINCH, CONT, signal.SIGPIPE, signal.SIGALRM, 32, 33, 34, 64):
        run.signal(number)
    target.touch()
    assert run.wait() == 9


def test_only_winch_and_cont_pass_through_to_a_step_and_the_others_are_dropped(container, recorder, step):
    run = container("--", "sh", "-c", "exit 9",
                    environment={**DEVELOPMENT, step: recorder.line("--end", f"{int(WINCH)}=0")})
    run.expect(recorder.is_ready, "the step to run")
    others = [number for number in SIGNALS if number not in (TERM, INT, QUIT, HUP, WINCH, CONT)]
    for number in others:
        run.signal(number)
    run.expect_error(r"USR1")
    run.signal(CONT)
    run.expect(lambda: recorder.signals(), "CONT to arrive")
    run.signal(WINCH)
    assert run.wait() == 9
    assert recorder.signals() == [CONT, WINCH]


def test_a_step_that_ignores_term_is_killed_after_the_grace(container, app, recorder, step, mode):
    run = start_in_step(container, app, step, recorder.line(), TMINUS_BOOT_GRACE="200ms", TMINUS_APP_LINGER="100ms",
                        **mode)
    run.expect(recorder.is_ready, "the step to run")
    run.signal(TERM)
    assert run.wait() == 128 + TERM
    assert recorder.signals()[0] == TERM
    assert not app.was_started()


def test_a_stopped_step_ends_by_term(container, app, step):
    run = start_in_step(container, app, step, "sleep 1000", TMINUS_BOOT_GRACE="1h")
    sleeper = run.child("sleep")
    sleeper.signal(signal.SIGSTOP)
    run.expect(lambda: sleeper.state() == "T", "the step to be stopped")
    run.signal(TERM)
    assert run.wait() == 128 + TERM
    assert not app.was_started()


def test_every_process_of_the_steps_group_gets_the_signal(container, app, recorder, step):
    run = start_in_step(container, app, step, recorder.line("--copies", "2", "--end", "1=0"))
    run.expect(lambda: recorder.is_ready(copies=2), "three processes to run")
    run.signal(HUP)
    assert run.wait() == 128 + HUP
    assert [recorder.signals(copy)[0] for copy in range(3)] == [HUP] * 3
    assert not app.was_started()


def test_an_upgrade_that_is_to_finish_is_let_finish(container, app, folder):
    script = folder.script("upgrade", f"""#!/bin/sh
        trap 'touch {folder / "interrupted"}' TERM INT HUP QUIT
        touch {folder / "begun"}
        while [ ! -e {folder / "go"} ]; do sleep 0.01; done
        touch {folder / "finished"}""")
    run = start_in_step(container, app, STEPS["upgrade"], script, TMINUS_UPGRADE_STOP="finish",
                        TMINUS_BOOT_GRACE="1h", TMINUS_SEED_ALL=f"touch {folder / 'seeded'}")
    run.expect((folder / "begun").exists, "the upgrade to begin")
    run.signal(TERM)
    run.expect_error(r"TERM")
    (folder / "go").touch()
    assert run.wait() == 128 + TERM
    assert (folder / "finished").exists()
    assert not (folder / "interrupted").exists(), "its signal was not forwarded"
    assert not (folder / "seeded").exists(), "no step follows"
    assert not app.was_started()


def test_an_upgrade_that_does_not_finish_within_the_grace_is_stopped(container, app, recorder):
    run = start_in_step(container, app, STEPS["upgrade"], recorder.line(), TMINUS_UPGRADE_STOP="finish",
                        TMINUS_BOOT_GRACE="200ms", TMINUS_APP_LINGER="100ms")
    run.expect(recorder.is_ready, "the upgrade to run")
    run.signal(TERM)
    assert run.wait() == 128 + TERM
    assert not app.was_started()


@pytest.mark.parametrize("url, told", [("sqlite:////FOLDER/db", False), (None, True)], ids=["sqlite", "no database"])
def test_an_upgrade_is_told_to_stop_unless_its_database_cannot_roll_back(container, app, recorder, folder, url, told):
    environment = {"TMINUS_BOOT_GRACE": "1h", "TMINUS_WAIT_LEVEL": "tcp"}
    if url:
        environment["DATABASE_URL"] = url.replace("/FOLDER", str(folder.path))
        (folder / "db").touch()
    run = start_in_step(container, app, STEPS["upgrade"], recorder.line("--end", "15=0", "--end", "12=0"),
                        **environment)
    run.expect(recorder.is_ready, "the upgrade to run")
    run.signal(TERM)
    run.expect_error(r"TERM")
    if not told:
        run.child("recorder").signal(USR2)
    assert run.wait() == 128 + TERM
    assert (TERM in recorder.signals()) == told
    assert not app.was_started()


def test_a_further_signal_is_forwarded_and_the_first_one_gives_the_status(container, app, recorder):
    run = start_in_step(container, app, STEPS["seed all"], recorder.line("--end", "2=0"), TMINUS_BOOT_GRACE="1h")
    run.expect(recorder.is_ready, "the step to run")
    run.signal(TERM)
    run.expect(lambda: TERM in recorder.signals(), "TERM to arrive")
    run.signal(TERM)
    run.signal(INT)
    assert run.wait() == 128 + TERM
    assert not app.was_started()


def stop_after(app, pause, environment):
    """A boot that never ends, a TERM `pause` seconds after TERM was blocked: the exit status."""
    run = Container("--", *app.command, environment=environment)
    try:
        init = run.await_blocked()
        spin_until = harness.time.monotonic() + pause
        while harness.time.monotonic() < spin_until:
            pass
        init.signal(TERM)
        return run.wait()
    finally:
        run.kill()


def test_no_term_between_steps_is_lost(app, mode):
    """Forty short steps, and a last one that keeps the app from ever being due."""
    environment = {f"TMINUS_STEP_S{number:02}_COMMAND": "true" for number in range(40)}
    environment |= {f"TMINUS_STEP_S{number:02}_AFTER": f"s{number - 1:02}" for number in range(1, 40)}
    environment |= {"TMINUS_STEP_LAST_COMMAND": "sleep 1000", "TMINUS_STEP_LAST_AFTER": "s39", **mode}
    for number in range(ROUNDS // 4):
        assert stop_after(app, random.uniform(0, 0.05), environment) == 128 + TERM, f"round {number}"
        assert not app.was_started(), f"round {number}"


def test_no_term_is_lost_once_it_is_blocked(app):
    """The earliest moment that counts: SigBlk has just shown TERM. Boot still waits for its step."""
    for number in range(400):
        assert stop_after(app, 0, {"TMINUS_STEP_LONG_COMMAND": "sleep 1000"}) == 128 + TERM, f"round {number}"
        assert not app.was_started(), f"round {number}"


def test_no_term_is_lost_while_a_plain_app_starts(app):
    """With nothing before the app a TERM meets fork and exec: it stops boot, or the app that runs by then."""
    for number in range(ROUNDS):
        assert stop_after(app, random.uniform(0, 0.004), {}) == 128 + TERM, f"round {number}"


@pytest.mark.parametrize("number, environment", [
    (TERM, {}), (INT, {}), (QUIT, {}), (HUP, {}), (TERM, {"TMINUS_STEP_QUICK_COMMAND": "true"})],
    ids=["TERM", "INT", "QUIT", "HUP", "TERM behind a step"])
def test_a_stop_signal_before_the_apps_exec_has_succeeded_never_starts_it(container, app, number, environment):
    run = container("--", "/bin/sh", *app.command[1:], environment=environment, before=slow_exec_of("/bin/sh"))
    for _ in environment:
        run.expect_error("quick finished")
    run.child(harness.PROGRAM)  # forked, not executed
    run.signal(number)
    assert run.wait() == 128 + number
    assert not app.was_started()


def test_other_signals_before_the_apps_exec_has_succeeded_do_not_keep_it_from_starting(container):
    run = container("--", "/bin/sh", "-c", "exit 9", before=slow_exec_of("/bin/sh"))
    run.child(harness.PROGRAM)  # forked, not executed
    for number in (USR1, WINCH, CONT):
        run.signal(number)
    assert run.wait() == 9


def slow_exec_of(path):
    """strace(1), which holds each execve(2) of path back, so that a child is forked and not executed for a while."""
    return ["strace", "-f", "-qq", "-o", "/dev/null", "-P", path, "-e", "trace=execve",
            "-e", "inject=execve:delay_enter=2s"]


def ends_within(run, seconds):
    try:
        run.process.wait(seconds)
        return True
    except subprocess.TimeoutExpired:
        return False


@pytest.mark.serial
@pytest.mark.not_sanitized("it starts so slowly that the figure says nothing")
def test_terms_within_the_first_milliseconds(app, record_property):
    """What comes before main is beyond any program's power; the figure says how much that is."""
    rounds, lost = ROUNDS, 0
    for number in range(rounds):
        run = Container("--", "sleep", "1000")
        try:
            init = run.init
            spin_until = harness.time.monotonic() + 0.005 * number / rounds
            while harness.time.monotonic() < spin_until:
                pass
            blocked = init.has("SigBlk", TERM)
            init.signal(TERM)
            if not blocked and (not init.has("SigBlk", TERM) or not ends_within(run, 2)):
                lost += 1
                continue
            assert run.wait() == 128 + TERM, f"round {number}"
        finally:
            run.kill()
    record_property("figure", f"of {rounds} TERMs in the first 5 ms after exec {lost} came before main and were lost")
