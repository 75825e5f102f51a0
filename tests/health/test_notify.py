"""app.notify: what the app says by sd_notify(3), and what tminus says to its own manager."""

import os
import signal
import socket

import pytest

import harness

READY = {"TMINUS_APP_NOTIFY": "yes"}
SAY = """
import os, socket, sys
name = os.environ["NOTIFY_SOCKET"]
link = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
link.connect(name.replace("@", "\\0", 1) if name[0] == "@" else name)
print("up", flush=True)
for line in sys.stdin:
    link.send(line.rstrip("\\n").replace("|", "\\n").encode("utf-8", "surrogateescape"))
"""


class Manager:
    """What systemd or podman is to tminus: a NOTIFY_SOCKET that remembers."""

    def __init__(self, name):
        self.name = name
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(name.replace("@", "\0", 1) if name[0] == "@" else name)
        if name[0] != "@":
            os.chmod(name, 0o666)
        self.socket.settimeout(harness.LIMIT)
        self.environment = {"NOTIFY_SOCKET": name}

    def hear(self):
        return self.socket.recv(4096).decode().rstrip("\n")

    def has_heard_nothing(self):
        self.socket.setblocking(False)
        try:
            return not self.socket.recv(4096)
        except BlockingIOError:
            return True
        finally:
            self.socket.settimeout(harness.LIMIT)


@pytest.fixture(params=["path", "abstract"])
def manager(folder, request):
    made = Manager(str(folder / "notify") if request.param == "path" else f"@manager-{os.getpid()}")
    yield made
    made.socket.close()


class Speaker:
    """An app that says what it is told to."""

    def __init__(self, inside, *arguments, **environment):
        self.input, self.output = os.pipe()
        self.run = inside(*arguments, "--", "/usr/bin/python3", "-c", SAY, stdin=self.input,
                          environment={**READY, **environment})
        self.run.expect_output(b"up")

    def say(self, *lines):
        os.write(self.output, "|".join(lines).encode("utf-8", "surrogateescape") + b"\n")


@pytest.fixture
def speaker(inside):
    return lambda *arguments, **environment: Speaker(inside, *arguments, **environment)


def test_the_app_is_ready_when_it_says_so(speaker):
    app = speaker()
    app.run.expect_document(state="app", ready=False)
    assert (app.run.health("--live"), app.run.health()) == (0, 1)
    app.say("STATUS=warming up")
    app.run.expect_document(app_says="warming up", ready=False)
    assert "warming up" in app.run.tminus("health").stderr
    app.say("READY=1", "STATUS=serving")
    app.run.expect_document(app_says="serving", ready=True)
    assert app.run.health() == 0


def test_an_app_that_is_started_again_is_ready_when_it_says_so_again(speaker):
    app = speaker(TMINUS_APP_RESTART="always")
    app.say("READY=1", "STATUS=first")
    first = app.run.expect_document(ready=True)
    app.run.child("python3").signal(signal.SIGKILL)
    app.run.expect(lambda: app.run.out.bytes.count(b"up") == 2, "the app again")
    second = app.run.expect_document(state="app", ready=False)
    assert second["app_pid"] not in (None, first["app_pid"])
    assert (app.run.health("--live"), app.run.health()) == (0, 1)
    app.say("READY=1")
    app.run.expect_document(ready=True)


def test_an_app_of_another_user_can_say_it(speaker):
    app = speaker("--set", "app.user=1000")
    app.say("READY=1")
    app.run.expect_document(ready=True)


def test_readiness_is_passed_on(speaker, manager):
    app = speaker(**manager.environment)
    assert manager.has_heard_nothing()
    app.say("STATUS=warming up")
    assert manager.hear() == "STATUS=warming up"
    app.say("READY=1", "MAINPID=17", "STATUS=serving", "FDSTORE=1", "BARRIER=1")
    assert manager.hear() == "READY=1\nSTATUS=serving"
    app.say("WATCHDOG=1")
    assert manager.hear() == "WATCHDOG=1"


def test_what_is_meant_for_tminus_alone_is_not_passed_on(speaker, manager):
    app = speaker(**manager.environment)
    app.say("MAINPID=17")
    app.say("READY=1")
    assert manager.hear() == "READY=1"


def test_garbage_harms_nothing(speaker):
    app = speaker()
    for line in ("", "\udcff\udcfe", "=", "READY", "READY=0", "X" * 5000, "STATUS=" + "y" * 3000, "READY=11"):
        app.say(line)
    app.say("STATUS=here")
    app.run.expect_document(app_says="here", ready=False)


def test_without_app_notify_tminus_says_it_when_the_app_has_started(inside, manager, gate):
    run = inside("--", "sh", "-c", "echo socket=$NOTIFY_SOCKET.; exec sleep 1000",
                 environment={**manager.environment, "TMINUS_UPGRADE_COMMAND": gate.command})
    run.expect_document(step="upgrade")
    assert manager.has_heard_nothing()
    gate.open()
    assert manager.hear() == "READY=1"
    run.expect_output(b"socket=.\n")
    run.signal(signal.SIGTERM)
    assert manager.hear() == "STOPPING=1"


def test_an_app_that_tminus_becomes_gets_the_managers_socket(inside, manager):
    run = inside("--", "/usr/bin/python3", "-c", SAY, stdin=-1,
                 environment={**READY, **manager.environment, "TMINUS_APP_MODE": "exec"})
    run.expect_output(b"up")
    run.process.stdin.write(b"READY=1\n")
    run.process.stdin.close()
    assert manager.hear() == "READY=1"


def test_an_app_that_tminus_becomes_is_said_to_be_ready_without_app_notify(inside, manager):
    run = inside("--", "sh", "-c", "echo socket=$NOTIFY_SOCKET.",
                 environment={**manager.environment, "TMINUS_APP_MODE": "exec"})
    assert manager.hear() == "READY=1"
    run.expect_output(b"socket=.\n")


@pytest.mark.parametrize("settings", [{}, READY])
def test_steps_get_no_socket(inside, manager, settings):
    run = inside("boot", environment={**manager.environment, **settings,
                                      "TMINUS_STEP_LOOK_COMMAND": "sh -c 'echo socket=$NOTIFY_SOCKET.'"})
    run.expect_output(b"socket=.\n")


@pytest.mark.parametrize("name", ["relative", "@", "/", "vsock:2:1", "/" + "x" * 200, "/nobody/there"])
def test_a_socket_that_cannot_be_had_harms_nothing(container, name):
    run = container("--", "true", environment={"NOTIFY_SOCKET": name})
    assert (run.wait(), run.err.text()) == (0, "")


def test_other_programs_names_pass_the_socket_on(container, manager):
    run = container("--as=tini", "--", "sh", "-c", "echo socket=$NOTIFY_SOCKET", environment=manager.environment)
    assert run.wait() == 0
    assert run.out.text() == f"socket={manager.name}\n"
    assert manager.has_heard_nothing()
