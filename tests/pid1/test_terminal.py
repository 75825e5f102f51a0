"""A terminal, as `docker run -t` gives one: who reads from it, and whom Ctrl-C reaches."""

import fcntl
import signal
import struct
import termios

import pytest

from harness import Terminal, shown

CTRL_C, CTRL_BACKSLASH, CTRL_Z = b"\x03", b"\x1c", b"\x1a"


@pytest.mark.parametrize("environment", [{}, {"TMINUS_UPGRADE_COMMAND": "true"}, {"TMINUS_APP_MODE": "exec"},
                                         {"TMINUS_APP_MODE": "exec", "TMINUS_UPGRADE_COMMAND": "true"}],
                         ids=["plain", "behind a step", "exec", "exec behind a step"])
def test_the_app_reads_from_the_terminal(on_terminal, terminal, environment):
    run = on_terminal("--", "sh", "-c", "echo ready; read line; echo \"<$line>\"; exit 4", environment=environment)
    shown(run, terminal, "ready")
    terminal.type(b"hello\n")
    shown(run, terminal, "<hello>")
    assert run.wait() == 4


def test_an_app_that_reads_at_once_reads_from_the_terminal(on_terminal, terminal):
    """Every request to the terminal takes 100 ms: who began to read before it is his would be stopped."""
    slow = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=ioctl:delay_enter=100000"]
    run = on_terminal("--", "cat", before=slow)
    terminal.type(b"hello\n")
    shown(run, terminal, "hello\r\nhello")
    terminal.type(b"\x04")
    assert run.wait() == 0


def test_a_step_reads_from_the_terminal(on_terminal, terminal):
    run = on_terminal("--", "sh", "-c", "exit 4", environment={
        "TMINUS_UPGRADE_COMMAND": "sh -c 'echo question; read line; echo \"<$line>\"'"})
    shown(run, terminal, "question")
    terminal.type(b"hello\n")
    shown(run, terminal, "<hello>")
    assert run.wait() == 4


@pytest.mark.parametrize("key, number", [(CTRL_C, signal.SIGINT), (CTRL_BACKSLASH, signal.SIGQUIT)])
@pytest.mark.parametrize("environment", [{}, {"TMINUS_UPGRADE_COMMAND": "true"}], ids=["plain", "behind a step"])
def test_keys_that_interrupt_reach_the_app_once(on_terminal, terminal, recorder, key, number, environment):
    run = on_terminal("--", *recorder.command("--end", "15=3"), environment=environment)
    run.expect(recorder.is_ready, "the app to be ready")
    terminal.type(key)
    run.expect(lambda: recorder.signals() == [number], "the key's signal to arrive")
    run.signal(signal.SIGTERM)
    assert run.wait() == 3
    assert recorder.signals() == [number, signal.SIGTERM]


def test_ctrl_c_ends_an_app_that_does_not_handle_it(on_terminal, terminal):
    run = on_terminal("--", "sleep", "1000")
    run.child("sleep")
    run.expect(lambda: foreground(run) == run.child("sleep").pid, "the app to be in the foreground")
    terminal.type(CTRL_C)
    assert run.wait() == 130


def foreground(run):
    """The process group in the foreground of tminus's terminal: proc(5), tpgid."""
    return int(run.init.stat()[8])


@pytest.mark.parametrize("key, status", [(CTRL_C, 130), (CTRL_BACKSLASH, 131)])
@pytest.mark.parametrize("on_failure", ["stop", "continue"])
def test_keys_that_interrupt_a_step_end_boot_whatever_on_failure_says(on_terminal, terminal, folder, key, status,
                                                                      on_failure):
    run = on_terminal("--", "touch", str(folder / "app"), environment={
        "TMINUS_STEP_ASSETS_COMMAND": f"sh -c 'touch {folder / 'up'}; exec sleep 1000'",
        "TMINUS_STEP_ASSETS_ON_FAILURE": on_failure})
    run.expect((folder / "up").exists, "the step to run")
    terminal.type(key)
    assert run.wait() == status
    assert not (folder / "app").exists()


def test_ctrl_c_during_a_wait_ends_boot(on_terminal, terminal, folder):
    run = on_terminal("--", "touch", str(folder / "app"), environment={
        "TMINUS_WAIT_TARGETS": f"file:{folder / 'never'}", "TMINUS_WAIT_TIMEOUT": "1h"})
    run.expect(lambda: run.init.children(), "the wait's child")
    terminal.type(CTRL_C)
    assert run.wait() == 130
    assert not (folder / "app").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT])
def test_a_wait_that_a_key_has_reached_ends_boot_with_the_status_of_the_key(container, folder, number):
    """Until it has a process group of its own, a key on the terminal reaches it as well as tminus."""
    run = container("--", "touch", str(folder / "app"), environment={
        "TMINUS_WAIT_TARGETS": f"file:{folder / 'never'}", "TMINUS_WAIT_TIMEOUT": "1h"})
    run.expect(lambda: run.init.children(), "the wait's child")
    run.init.children()[0].signal(number)
    assert run.wait() == 128 + number
    assert not (folder / "app").exists()


def test_a_window_that_changes_its_size_is_told_to_the_app(on_terminal, terminal, recorder):
    run = on_terminal("--", *recorder.command("--end", "15=3"))
    run.expect(recorder.is_ready, "the app to be ready")
    fcntl.ioctl(terminal.master, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 100, 0, 0))
    run.expect(lambda: signal.SIGWINCH in recorder.signals(), "WINCH to arrive")


def test_a_terminal_that_hangs_up_is_told_to_the_app(container, recorder):
    terminal = Terminal(collect=False)
    run = container("--", *recorder.command("--end", "1=3"), prefix=["setsid", "--ctty"], stdin=terminal.slave,
                    stdout=terminal.slave, stderr=terminal.slave)
    run.expect(recorder.is_ready, "the app to be ready")
    terminal.close()
    assert run.wait() == 3


def test_a_terminal_without_a_session_does_no_harm(container, terminal):
    """stdin is a terminal, but not this session's: the app's output arrives all the same."""
    run = container("--", "sh", "-c", "echo ready; exit 4", stdin=terminal.slave, stdout=terminal.slave,
                    stderr=terminal.slave, start_new_session=True)
    assert run.wait() == 4
    shown(run, terminal, "ready")


@pytest.mark.parametrize("number", range(10))
@pytest.mark.parametrize("kind", ["wait child", "keeper"])
def test_the_app_keeps_the_terminal_when_what_waited_for_it_ends(on_terminal, terminal, folder, kind, number):
    """It ends behind the app's start; a terminal taken back by then would stop the app when it reads."""
    (folder / "there").touch()
    waits = {"TMINUS_WAIT_TARGETS": f"file:{folder / 'there'}"} if kind == "wait child" else {
        "DATABASE_URL": f"sqlite:///{folder / 'there'}"}
    go = folder / "go"
    run = on_terminal("--", "sh", "-c", f"echo ask; while [ ! -e {go} ]; do sleep 0.01; done; read x; echo \"<$x>\"",
                      environment=waits)
    shown(run, terminal, "ask")
    run.expect(lambda: len(run.init.children()) == 1, "only the app to be left")
    go.touch()
    terminal.type(b"hello\n")
    shown(run, terminal, "<hello>")
    assert run.wait() == 0
