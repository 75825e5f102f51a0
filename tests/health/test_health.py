"""tminus health and health --live: what HEALTHCHECK and Kubernetes' probes get."""

import contextlib
import signal
import subprocess
import time

import pytest

import harness
import servers
from places import mounts

TERM, KILL = signal.SIGTERM, signal.SIGKILL
STUBBORN = "trap '' TERM; echo up; while :; do sleep 1000 & wait; done"
TIMES = 50


def http(status):
    return servers.Misbehaving(servers.answers(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()))


def assert_unhealthy(answer, *words):
    """Status 1, and one line that says why."""
    assert answer.returncode == 1, answer
    assert answer.stderr.startswith("tminus: error: ") and answer.stderr.count("\n") == 1
    for word in words:
        assert word in answer.stderr


def test_a_liveness_probe_does_not_see_a_long_migration(inside, gate):
    run = inside("--", "sleep", "1000", environment={"TMINUS_UPGRADE_COMMAND": gate.command})
    run.expect_document(step="upgrade")
    assert [run.health("--live") for _ in range(TIMES)] == [0] * TIMES
    assert_unhealthy(run.tminus("health"), "boot, upgrade")
    gate.open()
    run.expect_document(state="app")
    assert (run.health("--live"), run.health()) == (0, 0)


def test_a_healthy_container_says_nothing(inside):
    run = inside("--", "sleep", "1000")
    run.expect_document(state="app")
    for answer in (run.tminus("health"), run.tminus("health", "--live")):
        assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")


def test_while_it_waits_it_lives_and_says_why_it_is_not_ready(inside):
    target = f"tcp://127.0.0.1:{servers.free_port()}"
    run = inside("--", "true", environment={"TMINUS_WAIT_TARGETS": target})
    run.expect_document(waits_for=target)
    assert run.health("--live") == 0
    assert_unhealthy(run.tminus("health"), "boot, wait", target, "refused")


def test_a_migration_that_may_finish_after_a_stop_lives(inside, folder, gate):
    run = inside("--", "sleep", "1000", environment={
        "TMINUS_UPGRADE_COMMAND": gate.command, "TMINUS_UPGRADE_STOP": "finish", "TMINUS_BOOT_GRACE": "5m"})
    run.expect_document(step="upgrade")
    run.signal(TERM)
    run.expect_document(state="stopping", step="upgrade")
    assert (run.health("--live"), run.health()) == (0, 1)
    gate.open()
    assert run.wait() == 128 + TERM


def test_an_app_that_is_stopping_lives_but_is_not_ready(inside):
    run = inside("--", "sh", "-c", STUBBORN)
    run.expect_output(b"up")
    run.signal(TERM)
    run.expect_document(state="stopping")
    assert run.health("--live") == 0
    assert_unhealthy(run.tminus("health"), "stopping")


def test_an_app_that_was_killed_is_neither(inside):
    run = inside("--", "sh", "-c", f"(trap '' TERM; exec sleep 1000) & exec sleep 2000",
                 environment={"TMINUS_APP_LINGER": "5m"})
    pid = run.expect_document(state="app")["app_pid"]
    run.expect(lambda: len(harness.descendants(run.init)) == 2, "the app's child")
    run.execute("kill", "-KILL", str(pid))  # which the stop behind it may end in its turn
    run.expect_document(state="stopping", app_pid=None, exit_status=128 + KILL)
    assert_unhealthy(run.tminus("health"), "stopping")
    assert_unhealthy(run.tminus("health", "--live"), "stopping")


def test_a_pid_1_that_hangs_beyond_its_own_limit_does_not_live(inside, gate):
    run = inside("--", "true", environment={"TMINUS_UPGRADE_COMMAND": gate.command, "TMINUS_BOOT_TIMEOUT": "2s"})
    run.expect_document(step="upgrade")
    run.init.signal(signal.SIGSTOP)
    assert run.health("--live") == 0
    run.expect(lambda: run.health("--live") == 1, "the limit to be over")


def test_a_pid_1_without_a_limit_lives_however_long_it_takes(inside, gate):
    run = inside("--", "true", environment={"TMINUS_UPGRADE_COMMAND": gate.command})
    assert run.expect_document(step="upgrade")["_limit"] is None


# --- health.url


@pytest.mark.parametrize("status", ["200 OK", "204 No Content", "302 Found"])
def test_an_url_that_answers_is_healthy(inside, status):
    with http(status) as server:
        run = inside("--", "sleep", "1000", environment={"TMINUS_HEALTH_URL": f"http://127.0.0.1:{server.port}/health"})
        run.expect_document(state="app")
        assert run.health() == 0
        assert server.connections == 1


@pytest.mark.parametrize("status", ["404 Not Found", "500 Internal Server Error", "503 Service Unavailable"])
def test_an_url_that_answers_with_an_error_is_not(inside, status):
    with http(status) as server:
        run = inside("--", "sleep", "1000", environment={"TMINUS_HEALTH_URL": f"http://127.0.0.1:{server.port}/health"})
        run.expect_document(state="app")
        assert_unhealthy(run.tminus("health"), "/health", status)
        assert run.health("--live") == 0


def test_an_url_that_refuses_is_not_healthy(inside):
    run = inside("--", "sleep", "1000", environment={"TMINUS_HEALTH_URL": f"http://127.0.0.1:{servers.free_port()}/"})
    run.expect_document(state="app")
    assert_unhealthy(run.tminus("health"), "refused")


@pytest.mark.parametrize("behaviour", [servers.says_nothing, servers.trickles(ask=True), servers.says(b"\x00\x01\x02\n"),
                                       servers.closes, servers.resets])
def test_a_server_that_misbehaves_is_not_healthy(inside, behaviour):
    with servers.Misbehaving(behaviour) as server:
        run = inside("--", "sleep", "1000", environment={
            "TMINUS_HEALTH_URL": f"http://127.0.0.1:{server.port}/", "TMINUS_HEALTH_TIMEOUT": "300ms"})
        run.expect_document(state="app")
        assert_unhealthy(run.tminus("health"))


def test_a_connection_that_hangs_ends_with_the_timeout(inside):
    with servers.Blackhole() as hole:
        run = inside("--", "sleep", "1000", environment={
            "TMINUS_HEALTH_URL": f"http://127.0.0.1:{hole.port}/", "TMINUS_HEALTH_TIMEOUT": "300ms"})
        run.expect_document(state="app")
        assert_unhealthy(run.tminus("health"), "health.timeout")


def test_the_url_is_not_asked_during_boot_or_for_the_liveness(inside, gate):
    with http("200 OK") as server:
        run = inside("--", "sleep", "1000", environment={
            "TMINUS_HEALTH_URL": f"http://127.0.0.1:{server.port}/", "TMINUS_UPGRADE_COMMAND": gate.command})
        run.expect_document(step="upgrade")
        assert (run.health("--live"), run.health()) == (0, 1)
        assert server.connections == 0


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "tcp://127.0.0.1:80", "127.0.0.1:80", "http://", "http://shop:pw@h/"])
def test_another_kind_of_url_is_a_configuration_error(container, url):
    run = container("--", "true", environment={"TMINUS_HEALTH_URL": url})
    assert run.wait() == 78
    assert "TMINUS_HEALTH_URL: health.url" in run.err.text()
    assert ":pw@" not in run.err.text()


# --- where it gets its settings from


def test_it_needs_no_configuration_of_its_own(inside, folder):
    broken = folder.script("tminus.ini", "[nonsense]\nx = ${MISSING:?no such thing}\n", 0o600)
    with http("500 No") as server:
        run = inside("--set", f"health.url=http://127.0.0.1:{server.port}/", "--", "sleep", "1000")
        run.expect_document(state="app")
        for settings in ({}, {"TMINUS_CONFIG": broken}, {"TMINUS_NONSENSE": "1"}):
            assert_unhealthy(run.tminus("health", environment=settings), "500 No")
            assert run.health("--live", environment=settings) == 0


def test_it_works_for_an_app_of_another_user_and_for_that_user(inside):
    run = inside("--set", "app.user=1000", "--", "sleep", "1000")
    run.expect_document(state="app")
    assert (run.health(), run.health(user=1000)) == (0, 0)


def test_it_knows_an_app_that_tminus_became(inside, gate):
    run = inside("--", "sleep", "1000", environment={"TMINUS_APP_MODE": "exec", "TMINUS_APP_USER": "1000",
                                                     "TMINUS_UPGRADE_COMMAND": gate.command})
    pid = run.init.pid
    run.expect_document(step="upgrade")
    assert (run.health("--live"), run.health()) == (0, 1)
    gate.open()
    run.expect(lambda: harness.Process(pid).name() == "sleep", "tminus to become the app")
    assert (run.health("--live"), run.health()) == (0, 0)
    assert run.document()["app_pid"] == 1


# --- no document


@pytest.mark.parametrize("arguments", [[], ["--live"]])
def test_a_container_without_a_place_for_the_document_is_not_killed_for_that(inside, arguments):
    run = inside("--", "sleep", "1000", setup=mounts(), environment={"TMINUS_STEP_TRUE_COMMAND": "true"})
    run.expect_error("sleep started as pid")
    run.expect(lambda: run.health(*arguments) == 0, "health to give up the document")
    answer = run.tminus("health", *arguments)
    assert answer.stderr == "tminus: warning: taken for healthy: tminus runs, but could write its status nowhere\n"


def test_who_has_just_started_lives_but_is_not_ready(inside):
    began = time.monotonic()
    run = inside("--", "sleep", "1000", setup=mounts())
    run.child("sleep")
    answer = run.tminus("health")
    if time.monotonic() - began < 5:  # else it is no longer what it was asked about
        assert_unhealthy(answer, "just started")
    assert run.health("--live") == 0


@pytest.mark.parametrize("arguments", [[], ["--live"]])
def test_a_container_without_tminus_is_not_healthy(arguments):
    command = " ".join([harness.TMINUS, "health", *arguments])
    answer = subprocess.run(["unshare", "--mount", "--pid", "--fork", "--mount-proc", "sh", "-c", f"{command}; exit $?"],
                            capture_output=True, text=True, check=False, env={"PATH": harness.PATH})
    assert_unhealthy(answer, "no tminus runs here")


def test_the_steps_alone_have_a_status_too(inside, gate):
    run = inside("boot", environment={"TMINUS_UPGRADE_COMMAND": gate.command})
    run.expect_document(state="boot", step="upgrade", app=None)
    assert (run.health("--live"), run.health()) == (0, 1)
    gate.open()
    assert run.wait() == 0


def test_a_probe_of_its_own_in_the_app_is_healthy_at_once(inside):
    """The document is there before the app's first probe can be: docker's --start-interval may be short."""
    run = inside("--", "sh", "-c", f"until {harness.TMINUS} health; do :; done; echo healthy; exec sleep 1000")
    with contextlib.suppress(AssertionError):
        run.expect_output(b"healthy")
    assert run.err.text() == "" and b"healthy" in run.out.bytes
