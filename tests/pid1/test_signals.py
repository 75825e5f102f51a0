"""Signals once the app runs: what is forwarded, what begins the stop, and how it ends."""

import signal

import pytest

from harness import SIGNALS

TERM, CONT, KILL, STOP = signal.SIGTERM, signal.SIGCONT, signal.SIGKILL, signal.SIGSTOP
# A CONT throws these away where they are pending, by the kernel's own rule: signal(7).
KEYBOARD_STOPS = (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)

# Leaves behind an orphan that ends its work after TERM only when the file "go" appears.
LEFTOVER = """
    cd {folder}
    (trap 'touch told; while [ ! -e go ]; do sleep 0.01; done; touch finished; exit 0' TERM
     touch ready
     while :; do sleep 0.01; done) &
    while [ ! -e ready ]; do sleep 0.01; done
    {then}
"""


def send_each(run, recorder, numbers):
    """Sends each signal and waits until it has arrived."""
    for number in numbers:
        before = recorder.signals()
        run.signal(number)
        run.expect(lambda: recorder.signals() == before + [number], f"signal {number} to arrive")


@pytest.mark.parametrize("options", [(), ("--own-session",)], ids=["child", "own session"])
@pytest.mark.parametrize("target", ["process", "group"])
def test_every_signal_arrives_at_the_app_once(container, recorder, options, target):
    run = container("--", *recorder.command(*options, "--end", f"{CONT + 0}=7"),
                    environment={"TMINUS_APP_SIGNAL_TO": target})
    run.expect(recorder.is_ready, "the app to be ready")
    numbers = [number for number in SIGNALS if number not in (TERM, CONT)]
    send_each(run, recorder, numbers)
    run.signal(CONT)
    assert run.wait() == 7
    assert recorder.signals() == numbers + [CONT]


def test_term_arrives_with_a_cont_behind_it(container, recorder):
    run = container("--", *recorder.command("--end", "18=5"))
    run.expect(recorder.is_ready, "the app to be ready")
    run.signal(TERM)
    assert run.wait() == 5
    assert recorder.signals() == [TERM, CONT]


def test_every_signal_reaches_a_stopped_app_when_it_continues(container, recorder):
    run = container("--", *recorder.command("--end", "15=9"))
    run.expect(recorder.is_ready, "the app to be ready")
    app = run.child("recorder")
    app.signal(STOP)
    run.expect(lambda: app.state() == "T", "the app to be stopped")
    numbers = [number for number in SIGNALS if number not in (TERM, CONT, *KEYBOARD_STOPS)]
    for number in numbers:
        run.signal(number)
        run.expect(lambda n=number: app.has("ShdPnd", n), f"signal {number} to be pending")
    run.signal(CONT)
    run.expect(lambda: sorted(recorder.signals()) == sorted(numbers + [CONT]), "all of them to arrive")
    run.signal(TERM)
    assert run.wait() == 9


def test_no_signal_harms_when_the_app_is_dead_already(container, folder):
    script = LEFTOVER.format(folder=folder.path, then="exit 3")
    run = container("--", "sh", "-c", script, environment={"TMINUS_APP_LINGER": "60s"})
    run.expect((folder / "told").exists, "the orphan to get TERM, which it gets when the app is dead")
    for number in SIGNALS:
        run.signal(number)
    assert run.is_running()
    (folder / "go").touch()
    assert run.wait() == 3


def test_other_signals_than_term_do_not_begin_the_stop(container, recorder):
    run = container("--", *recorder.command("--end", f"{CONT + 0}=4"),
                    environment={"TMINUS_APP_GRACE": "1ms", "TMINUS_APP_LINGER": "1ms"})
    run.expect(recorder.is_ready, "the app to be ready")
    numbers = [signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH] * 3
    send_each(run, recorder, numbers)
    run.signal(CONT)
    assert run.wait() == 4
    assert recorder.signals() == numbers + [CONT], "a stop would have sent TERM within a millisecond"


def test_the_stop_signal_begins_the_stop_too(container, recorder):
    run = container("--", *recorder.command("--end", "15=6"),
                    environment={"TMINUS_APP_STOP_SIGNAL": "QUIT", "TMINUS_APP_GRACE": "50ms"})
    run.expect(recorder.is_ready, "the app to be ready")
    run.signal(signal.SIGQUIT)
    assert run.wait() == 6
    assert recorder.signals() == [signal.SIGQUIT, CONT, TERM], "QUIT, CONT, and TERM when the grace is over"


def test_every_signal_during_the_stop_is_forwarded_too(container, recorder):
    run = container("--", *recorder.command("--end", "64=8"))
    run.expect(recorder.is_ready, "the app to be ready")
    run.signal(TERM)
    run.expect(lambda: recorder.signals() == [TERM, CONT], "TERM to arrive")
    send_each(run, recorder, [signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGWINCH])
    run.signal(64)
    assert run.wait() == 8


def test_a_second_term_reaches_an_app_that_was_stopped_in_between(container, recorder):
    run = container("--", *recorder.command("--end", "64=8"))
    run.expect(recorder.is_ready, "the app to be ready")
    run.signal(TERM)
    run.expect(lambda: recorder.signals() == [TERM, CONT], "TERM to arrive")
    app = run.child("recorder")
    app.signal(STOP)
    run.expect(lambda: app.state() == "T", "the app to be stopped")
    run.signal(TERM)
    run.expect(lambda: recorder.signals().count(TERM) == 2, "the second TERM to arrive")
    run.signal(64)
    assert run.wait() == 8


def test_queued_realtime_signals_arrive_as_often_as_they_were_sent(container, recorder):
    run = container("--", *recorder.command("--end", "15=8"))
    run.expect(recorder.is_ready, "the app to be ready")
    for _ in range(5):
        run.signal(40)
    run.expect(lambda: recorder.signals() == [40] * 5, "five of them to arrive")
    run.signal(TERM)
    assert run.wait() == 8


@pytest.mark.parametrize("number, status", [(signal.SIGUSR1, 9), (signal.SIGPIPE, 9), (signal.SIGTERM, 9)])
def test_signals_from_inside_the_container_count_as_those_from_outside(container, number, status):
    script = f"trap 'exit {status}' {int(number)}; kill -{int(number)} 1; while :; do sleep 0.01; done"
    assert container("--", "sh", "-c", script).wait() == status


def test_an_app_that_kills_everybody_else_does_not_kill_its_pid_1(container):
    assert container("--", "sh", "-c", "sleep 1000 & kill -9 -1; exit 3").wait() == 3


def test_a_leftover_that_forks_all_the_time_is_killed(container):
    script = "(trap '' TERM HUP; while :; do (: & : &) & done) & exit 5"
    run = container("--", "sh", "-c", script, environment={"TMINUS_APP_LINGER": "50ms"})
    assert run.wait() == 5


def test_a_stopped_app_ends_by_term(container):
    run = container("--", "sleep", "1000")
    app = run.child("sleep")
    app.signal(STOP)
    run.expect(lambda: app.state() == "T", "the app to be stopped")
    run.signal(TERM)
    assert run.wait() == 128 + TERM


@pytest.mark.parametrize("signal_to, reached", [("process", [0]), ("group", [0, 1, 2])])
def test_signal_to_says_who_gets_a_forwarded_signal(container, recorder, signal_to, reached):
    run = container("--", *recorder.command("--copies", "2", "--end", "12=0"),
                    environment={"TMINUS_APP_SIGNAL_TO": signal_to, "TMINUS_APP_LINGER": "10ms"})
    run.expect(lambda: recorder.is_ready(copies=2), "three processes to be ready")
    run.signal(signal.SIGUSR1)
    run.expect(lambda: [copy for copy in range(3) if recorder.signals(copy) == [signal.SIGUSR1]] == reached,
               f"USR1 to reach {reached}")
    run.signal(signal.SIGUSR2)
    assert run.wait() == 0
    for copy in set(range(3)) - set(reached):
        assert recorder.signals(copy)[:1] == [TERM], "what the app left behind gets TERM, and no USR1 before it"


@pytest.mark.parametrize("status", [0, 1, 42, 76, 255])
def test_the_exit_status_is_the_apps_own(container, status):
    assert container("--", "sh", "-c", f"exit {status}").wait() == status


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGABRT, signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM, 64])
def test_an_app_killed_by_signal_n_gives_128_and_n(container, number):
    run = container("--", "sleep", "1000")
    run.child("sleep").signal(number)
    assert run.wait() == 128 + number


def test_an_app_that_ignores_term_is_killed_after_grace_and_linger(container, recorder):
    run = container("--", *recorder.command(),
                    environment={"TMINUS_APP_GRACE": "100ms", "TMINUS_APP_LINGER": "100ms"})
    run.expect(recorder.is_ready, "the app to be ready")
    run.signal(TERM)
    assert run.wait() == 128 + KILL
    assert recorder.signals() == [TERM, CONT, TERM, CONT], "TERM once to stop, once to all when the grace is over"


def test_without_a_grace_the_app_takes_the_time_it_needs(container, recorder, folder):
    script = f"trap 'while [ ! -e {folder / 'go'} ]; do sleep 0.01; done; exit 11' TERM; touch {folder / 'up'}; " \
             "while :; do sleep 0.01; done"
    run = container("--", "sh", "-c", script, environment={"TMINUS_APP_LINGER": "1ms"})
    run.expect((folder / "up").exists, "the app to be up")
    run.signal(TERM)
    run.signal(TERM)
    (folder / "go").touch()
    assert run.wait() == 11


@pytest.mark.parametrize("ending, status", [("exit 3", 3), ("kill -9 $$", 137)], ids=["exit", "kill -9"])
def test_what_the_app_leaves_behind_may_finish_its_work(container, folder, ending, status):
    script = LEFTOVER.format(folder=folder.path, then=ending)
    run = container("--", "sh", "-c", script, environment={"TMINUS_APP_LINGER": "60s"})
    run.expect((folder / "told").exists, "the orphan to get TERM")
    assert run.is_running()
    (folder / "go").touch()
    assert run.wait() == status
    assert (folder / "finished").exists()


def test_what_the_app_leaves_behind_is_killed_after_linger(container, folder):
    script = LEFTOVER.format(folder=folder.path, then="exit 3")
    run = container("--", "sh", "-c", script, environment={"TMINUS_APP_LINGER": "100ms"})
    assert run.wait() == 3
    assert (folder / "told").exists(), "it got TERM first"
    assert not (folder / "finished").exists()


def test_a_stopped_leftover_gets_cont_and_ends(container, folder):
    script = f"sleep 1000 & kill -STOP $!; echo $! > {folder / 'pid'}; exit 0"
    run = container("--", "sh", "-c", script, environment={"TMINUS_APP_LINGER": "1h"})
    assert run.wait() == 0


def test_it_ends_at_once_when_nobody_is_left(container):
    run = container("--", "sh", "-c", "sleep 1000 & sleep 1000 & exit 5", environment={"TMINUS_APP_LINGER": "1h"})
    assert run.wait() == 5


def test_a_leftover_in_its_own_session_is_found_too(container, recorder):
    script = f"setsid {recorder.line('--end', '15=0')} & while [ ! -s {recorder.path} ]; do sleep 0.01; done; exit 2"
    run = container("--", "sh", "-c", script, environment={"TMINUS_APP_LINGER": "1h"})
    assert run.wait() == 2
    assert recorder.signals() == [TERM]


def test_signals_that_come_in_a_flood_do_not_stop_it(container, recorder):
    run = container("--", *recorder.command("--end", "64=1"))
    run.expect(recorder.is_ready, "the app to be ready")
    for _ in range(2000):
        run.init.signal(signal.SIGUSR1)
    run.signal(64)
    assert run.wait() == 1
