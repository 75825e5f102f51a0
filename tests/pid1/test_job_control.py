"""tminus as a job of an interactive shell: Ctrl-Z, fg and bg act on the app as if it were the job itself."""

import os
import re
import signal

import pytest

import harness

CTRL_C, CTRL_Z = b"\x03", b"\x1a"
PROMPT = "ready> "


class Shell:
    """An interactive shell on a terminal, and what is typed into it."""

    def __init__(self, run, terminal):
        self.run = run
        self.terminal = terminal
        self.await_prompt()

    def type(self, line):
        self.terminal.type(line.encode() + b"\n")

    def command(self, line):
        """Types a short line behind the prompt, and waits until it is there: what is typed while the shell starts
        a job would be the job's."""
        self.await_prompt()
        before = len(self.terminal.output.text())
        self.type(line)
        self.expect(lambda: line in self.terminal.output.text()[before:], line)

    def expect(self, condition, what):
        self.run.expect(condition, lambda: f"{what} on the terminal: {self.terminal.output.text()!r}")

    def shows(self, text):
        harness.shown(self.run, self.terminal, text)

    def answers(self, word):
        """Is it in charge of the terminal? What is typed is echoed by halves, so that the answer is its own."""
        self.command(f"echo {word}''{word}")
        self.shows(word + word)

    def await_prompt(self):
        """The shell throws away what was typed before it."""
        self.expect(lambda: self.terminal.output.text().endswith(PROMPT), "the prompt")

    def starts_behind(self, command):
        """Starts it as a job in the background, whose "up" comes behind the prompt."""
        self.type(f"{harness.TMINUS} -- {command} &")
        self.shows("up\r\n")

    def status(self):
        """Of the job that has ended."""
        self.command("echo status''=$?.")
        self.expect(lambda: re.search(r"status=\d+\.", self.terminal.output.text()), "the status")
        return int(re.search(r"status=(\d+)", self.terminal.output.text())[1])

    @property
    def job(self):
        return self.run.expect(lambda: next((child for child in harness.Process(self.run.process.pid).children()
                                             if child.name() == harness.PROGRAM), None), "the job")

    def app(self):
        return self.run.expect(lambda: next(iter(self.job.children()), None), "the app")

    def expect_stopped(self, stopped):
        job, app = self.job, self.app()
        self.run.expect(lambda: (job.state() == "T") == stopped and (app.state() == "T") == stopped,
                        lambda: f"stopped: {stopped}; job {job.state()}, app {app.state()}")


@pytest.fixture
def shell(on_terminal, terminal):
    run = on_terminal("--norc", "--noprofile", "-i", program="/bin/bash", namespace=False,
                      environment={"PS1": PROMPT, "TERM": "dumb"})
    return Shell(run, terminal)


def asks(first=":"):
    """A command that reads a line from the terminal behind first. Nothing in it forks: a shell whose child is
    stopped before its exec cannot be stopped itself (vfork)."""
    return f"sh -c 'echo u\"\"p; {first}; read x; echo \"<$x>\"; exit 7'"


def test_ctrl_z_stops_the_job_and_fg_goes_on_with_it(shell, terminal):
    shell.type(f"{harness.TMINUS} -- {asks()}")
    shell.shows("up\r\n")
    terminal.type(CTRL_Z)
    shell.expect_stopped(True)
    shell.answers("back")
    shell.command("fg")
    shell.expect_stopped(False)
    shell.type("hello")
    shell.shows("<hello>")
    assert shell.status() == 7


def test_bg_lets_the_app_run_until_it_reads_from_the_terminal(shell, terminal, folder):
    os.mkfifo(folder / "go")
    shell.type(f"{harness.TMINUS} -- {asks(f'read y <{folder.path}/go')}")
    shell.shows("up\r\n")
    terminal.type(CTRL_Z)
    shell.expect_stopped(True)
    shell.command("bg")
    shell.expect_stopped(False)
    shell.answers("meanwhile")
    (folder / "go").write_text("\n")
    shell.expect_stopped(True)
    shell.command("fg")
    shell.type("hello")
    shell.shows("<hello>")


def test_a_step_is_a_job_too(shell, terminal, folder):
    step = folder.script("step", "#!/bin/sh\necho up; read x; echo \"<$x>\"\n")
    shell.type(f"{harness.TMINUS} --set upgrade.command={step} -- sh -c 'exit 4'")
    shell.shows("up\r\n")
    terminal.type(CTRL_Z)
    shell.expect_stopped(True)
    shell.answers("back")
    shell.command("fg")
    shell.type("hello")
    shell.shows("<hello>")
    assert shell.status() == 4


def test_ctrl_c_behind_fg_reaches_the_app(shell, terminal):
    shell.type(f"{harness.TMINUS} -- {asks()}")
    shell.shows("up\r\n")
    terminal.type(CTRL_Z)
    shell.expect_stopped(True)
    shell.command("fg")
    shell.expect_stopped(False)
    terminal.type(CTRL_C)
    assert shell.status() == 130


def test_as_pid_1_ctrl_z_has_no_lasting_effect(on_terminal, terminal):
    """There is no shell that could continue the app."""
    run = on_terminal("--", "sh", "-c", "echo up; read x; echo \"<$x>\"; exit 3")
    harness.shown(run, terminal, "up")
    terminal.type(CTRL_Z)
    harness.shown(run, terminal, "^Z")
    terminal.type(b"hello\n")
    harness.shown(run, terminal, "<hello>")
    assert run.wait() == 3


def test_a_stop_signal_that_was_sent_to_the_app_holds(on_terminal):
    run = on_terminal("--", "sleep", "1000")
    app = run.child("sleep")
    app.signal(signal.SIGSTOP)
    run.expect(lambda: app.state() == "T", "the app to be stopped")
    run.signal(signal.SIGCONT)
    run.expect(lambda: app.state() == "S", "the app to go on")


def test_fg_gives_the_terminal_to_a_job_that_was_started_in_the_background(shell):
    shell.starts_behind(asks())
    shell.expect_stopped(True)
    shell.type("")
    shell.answers("meanwhile")
    shell.command("fg")
    shell.type("hello")
    shell.shows("<hello>")
    assert shell.status() == 7


def test_fg_of_a_job_that_runs_gives_it_the_terminal_when_it_reads(shell, folder):
    os.mkfifo(folder / "go")
    shell.starts_behind(asks(f"read y <{folder.path}/go"))
    shell.type("")
    shell.answers("meanwhile")
    shell.command("fg")
    (folder / "go").write_text("\n")
    shell.type("hello")
    shell.shows("<hello>")
    assert shell.status() == 7


def test_a_job_that_ends_in_the_background_leaves_the_terminal_to_the_shell(shell, folder):
    os.mkfifo(folder / "go")
    shell.starts_behind(f"sh -c 'echo u\"\"p; read y <{folder.path}/go'")
    shell.type("")
    shell.answers("before")
    (folder / "go").write_text("\n")
    shell.command("wait")
    shell.answers("behind")
