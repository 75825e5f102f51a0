"""tminus as docker runs it: stopping, signals, terminals, and a container that allows nothing."""

import os
import pty
import subprocess

import pytest

from harness import LIMIT, Stream, await_true, descendants

pytestmark = pytest.mark.serial

LOCKED = ["--read-only", "--cap-drop", "ALL", "--user", "65534", "--security-opt", "no-new-privileges"]
# Says when it is ready, and a word for each signal; ends with a status of its own.
APP = """
trap 'echo got HUP' HUP
trap 'exit 5' INT
trap 'exit 7' TERM
echo ready
while :; do /bin/busybox sleep 1000 & wait; done
"""
# Leaves an orphan behind, which says when it is one, and ends.
ORPHAN = "(/bin/busybox sh -c 'echo orphan $$' &)" + APP


def shell(script):
    return ["/bin/busybox", "sh", "-c", script]


@pytest.fixture
def terminal(engine, page):
    """Starts docker run on a terminal of its own: the client and what its screen shows."""
    ours, theirs = pty.openpty()
    clients = []

    def run(*command):
        clients.append(subprocess.Popen(["docker", "run", "--interactive", "--tty", page, *command],
                                        env={**engine.environment, "TERM": "xterm"}, stdin=theirs, stdout=theirs,
                                        stderr=theirs, start_new_session=True))
        os.close(theirs)
        return clients[0], Stream(ours)

    yield run
    for client in clients:
        client.kill()
        client.wait()
    os.close(ours)


def has_no_zombie(container):
    return all(each.state() != "Z" for each in descendants(container.process()))


@pytest.mark.parametrize("options", [[], ["--init"], LOCKED, ["--tty"]], ids=" ".join)
def test_docker_stop_ends_with_the_apps_own_status(page, start, options):
    container = start(page, *shell(APP), options=options)
    container.expect_log("ready")
    assert container.stop() == 7


@pytest.mark.parametrize("options", [[], ["--init"], LOCKED], ids=" ".join)
def test_an_orphan_is_reaped(page, start, options):
    container = start(page, *shell(ORPHAN), options=options)
    container.expect_log("orphan")
    container.expect_log("ready")
    container.expect(lambda: has_no_zombie(container), "no zombie")


def test_a_locked_down_container_answers(page, start):
    container = start(page, options=LOCKED)
    container.expect(lambda: "It runs." in container.execute(
        "/bin/busybox", "wget", "-qO-", "http://127.0.0.1:8080/", check=False).stdout, "an answer")
    assert container.process().status()["Uid"].split()[0] == "65534"
    assert container.stop() == 143


def test_docker_kill_with_hup_reaches_the_app(engine, page, start):
    container = start(page, *shell(APP))
    container.expect_log("ready")
    engine.docker("kill", "--signal", "HUP", container.identity)
    container.expect_log("got HUP")
    assert container.stop() == 7


def test_ctrl_c_on_a_terminal_reaches_the_app(terminal):
    client, screen = terminal(*shell(APP))
    await_true(lambda: "ready" in screen.text(), lambda: f"ready on {screen.text()!r}")
    os.write(screen.descriptor, b"\x03")
    assert client.wait(LIMIT) == 5


def test_in_the_pid_namespace_of_another_container_it_stops_its_own_processes_alone(page, start):
    pause = start(page, *shell(APP))
    pause.expect_log("ready")
    container = start(page, *shell(ORPHAN), options=["--pid", f"container:{pause.identity}"])
    container.expect_log("orphan")
    container.expect_log("ready")
    container.expect(lambda: has_no_zombie(container), "no zombie")
    assert container.stop() == 7
    assert pause.state()["Running"]
    assert pause.stop() == 7


def test_a_restart_runs_the_app_again(engine, page, start):
    container = start(page, *shell(APP))
    container.expect_log("ready")
    engine.docker("restart", container.identity)
    container.expect_log("ready", times=2)
    assert container.stop() == 7


def test_a_restart_policy_sees_the_apps_failure(page, start):
    container = start(page, *shell("echo ready; exit 3"), options=["--restart", "on-failure:1"])
    container.expect_log("ready", times=2)
    assert container.wait() == 3
