"""app.rewrite: signals that the app gets as others, or not at all."""

import signal

import pytest

TERM, QUIT, HUP, USR1, USR2, CONT = (signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2,
                                     signal.SIGCONT)


@pytest.fixture
def start(container, recorder):
    """Starts the recorder with app.rewrite."""
    def begin(rewrite, *options, **environment):
        run = container("--", *recorder.command(*options), environment={"TMINUS_APP_REWRITE": rewrite, **environment})
        run.expect(recorder.is_ready, "the app to be ready")
        return run
    return begin


@pytest.mark.parametrize("rewrite", ["HUP:USR1", "SIGHUP:SIGUSR1", "1:10", "TERM:QUIT, HUP:USR1", "HUP:USR2 HUP:USR1"])
def test_the_app_gets_another_signal(start, recorder, rewrite):
    run = start(rewrite, "--end", "10=7")
    run.signal(HUP)
    assert run.wait() == 7
    assert recorder.signals() == [USR1]


def test_a_rewritten_term_begins_the_stop(start, recorder):
    run = start("TERM:QUIT", "--end", "15=7", TMINUS_APP_GRACE="50ms")
    run.signal(TERM)
    assert run.wait() == 7
    assert recorder.signals() == [QUIT, CONT, TERM], "TERM when the grace is over"


def test_a_rewritten_stop_signal_begins_the_stop(start, recorder):
    run = start("QUIT:USR1", "--end", "15=7", TMINUS_APP_GRACE="50ms", TMINUS_APP_STOP_SIGNAL="QUIT")
    run.signal(QUIT)
    assert run.wait() == 7
    assert recorder.signals() == [USR1, CONT, TERM]


def test_a_signal_that_becomes_term_does_not_begin_the_stop(start, recorder):
    run = start("USR1:TERM", "--end", "1=7", TMINUS_APP_GRACE="1ms", TMINUS_APP_LINGER="1ms")
    run.signal(USR1)
    run.expect(lambda: recorder.signals() == [TERM], "TERM to arrive")
    run.signal(HUP)
    assert run.wait() == 7
    assert recorder.signals() == [TERM, HUP]


@pytest.mark.parametrize("number", [HUP, TERM])
def test_a_signal_that_becomes_0_does_nothing(start, recorder, number):
    run = start(f"{int(number)}:0", "--end", "64=7", TMINUS_APP_GRACE="1ms", TMINUS_APP_LINGER="1ms")
    run.signal(number)
    run.signal(64)
    assert run.wait() == 7
    assert recorder.signals() == [64], "whatever was sent before it would have been taken first"


def test_a_rewritten_signal_goes_to_the_group_where_all_do(start, recorder):
    run = start("HUP:USR1", "--copies", "2", "--end", "12=7", TMINUS_APP_SIGNAL_TO="group")
    run.expect(lambda: recorder.is_ready(copies=2), "three processes to be ready")
    run.signal(HUP)
    run.expect(lambda: all(recorder.signals(copy) == [USR1] for copy in range(3)), "USR1 to reach all of them")
    run.signal(USR2)
    assert run.wait() == 7


def test_steps_get_signals_as_they_are(container, recorder):
    run = container("--", "true", environment={"TMINUS_APP_REWRITE": "TERM:0 WINCH:0",
                                               "TMINUS_UPGRADE_COMMAND": recorder.line("--end", "15=0")})
    run.expect(recorder.is_ready, "the step to be ready")
    run.signal(signal.SIGWINCH)
    run.expect(lambda: recorder.signals() == [signal.SIGWINCH], "WINCH to arrive")
    run.signal(TERM)
    assert run.wait() == 128 + TERM


@pytest.mark.parametrize("rewrite", ["TERM", "TERM:", ":TERM", "TERM:NOPE", "65:1", "TERM:QUIT:1"])
def test_what_is_no_rewriting_is_an_error_that_shows_it(container, rewrite):
    run = container("--", "true", environment={"TMINUS_APP_REWRITE": rewrite})
    assert run.wait() == 78
    run.expect_error(f'TMINUS_APP_REWRITE: "{rewrite}" is not a rewriting')
