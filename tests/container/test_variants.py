"""The Dockerfiles of docker/, each built as it stands and run as its comment says."""

import pytest

from harness import ROOT

pytestmark = pytest.mark.serial

DATABASE = ["--env", "DATABASE_URL=sqlite:////dev/shm/app.db"]
LOCKED = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
FETCH = "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:5000/api/users').read().decode())"
PYTHON = ["python3", "-c", FETCH]
BUSYBOX = ["/bin/busybox", "wget", "-qO-", "http://127.0.0.1:8080/"]

# folder of docker/, context, options of docker run, what asks inside, what answers, status of docker stop
VARIANTS = [
    ("python-slim", "examples/flask", [], PYTHON, "ada@example.com", 0),
    ("non-root", "examples/flask", [], PYTHON, "ada@example.com", 0),
    ("read-only", "examples/flask", DATABASE + LOCKED, PYTHON, "ada@example.com", 0),
    ("scratch", "docker/scratch", LOCKED, BUSYBOX, "It runs.", 143),
    ("distroless", "docker/scratch", LOCKED, BUSYBOX, "It runs.", 143),
    ("alpine", "docker/alpine", [], BUSYBOX, "made on", 143),
]


@pytest.mark.parametrize("name, context, options, question, answer, status", VARIANTS,
                         ids=[variant[0] for variant in VARIANTS])
def test_answers_as_another_user_than_root_and_stops(engine, start, name, context, options, question, answer, status,
                                                     record_property):
    image = engine.build(f"variant-{name}", ROOT / context, ROOT / "docker" / name / "Dockerfile")
    container = start(image, options=options)
    container.expect(lambda: answer in container.execute(*question, check=False).stdout, "an answer")
    assert container.process().status()["Uid"].split()[0] != "0"
    assert container.stop() == status
    size = int(engine.docker("image", "inspect", "--format", "{{.Size}}", image))
    record_property("figure", f"docker/{name}: {size / 1e6:.1f} MB")


def test_the_health_check_of_the_python_image_turns_healthy(engine, start):
    image = engine.build("variant-python-slim", ROOT / "examples/flask", ROOT / "docker/python-slim/Dockerfile")
    container = start(image, options=["--health-interval", "200ms", "--env", "TMINUS_BOOT_PRESET=none"])
    container.expect(lambda: container.health() == "healthy", "healthy")


def test_a_liveness_probe_does_not_end_a_migration(engine, start):
    image = engine.build("variant-alpine", ROOT / "docker/alpine", ROOT / "docker/alpine/Dockerfile")
    container = start(image, options=[
        "--health-cmd", "/sbin/tminus health --live", "--health-interval", "200ms", "--health-retries", "1",
        "--env", "TMINUS_UPGRADE_COMMAND=sh -c 'mkfifo /tmp/gate && cat /tmp/gate'"])
    container.expect(lambda: len(container.state()["Health"]["Log"]) == 5, "five probes, which is all that docker keeps")
    assert {probe["ExitCode"] for probe in container.state()["Health"]["Log"]} == {0}
    assert container.health() == "healthy"
    assert "upgrade" in container.execute("tminus", "health", check=False).stderr
    container.execute("sh", "-c", "echo >/tmp/gate")
    container.expect(lambda: container.execute("tminus", "health", check=False).returncode == 0, "the app to be healthy")
