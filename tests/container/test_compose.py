"""examples/compose-flask-postgres as it stands: three replicas, one PostgreSQL."""

import json
import re
import urllib.request

import pytest

from engine import STOP_LIMIT, Container
from harness import ROOT

pytestmark = pytest.mark.serial

FILES = [ROOT / "examples/compose-flask-postgres/docker-compose.yml", ROOT / "tests/container/isolated.yml"]
STATUS = """
import urllib.error, urllib.request
try:
    print(urllib.request.urlopen("http://127.0.0.1:5000/health").status)
except urllib.error.HTTPError as error:
    print(error.code)
"""
USERS = "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:5000/api/users').read().decode())"
SEEDED = ["ada@example.com", "grace@example.com", "margaret@example.com"]


class Project:
    def __init__(self, engine):
        self.engine = engine
        self.environment = {"COMPOSE_PROJECT_NAME": "launches", "PORTS": "127.0.0.1:"}  # any that is free

    def compose(self, *words):
        chosen = [word for file in FILES for word in ("--file", str(file))]
        return self.engine.run("docker-compose", *chosen, *words, environment=self.environment).stdout

    def containers(self, service):
        found = self.engine.docker("ps", "--all", "--quiet", "--filter", "label=com.docker.compose.project=launches",
                                   "--filter", f"label=com.docker.compose.service={service}")
        return [Container(self.engine, identity) for identity in found.split()]

    def expect_health(self, service):
        for each in self.containers(service):
            each.expect(lambda: each.health() == "healthy", f"{service} to be healthy")

    def expect_status(self, status):
        for each in self.containers("app"):
            each.expect(lambda: each.execute("python3", "-c", STATUS, check=False).stdout.strip() == status, status)


@pytest.fixture(scope="module")
def project(engine):
    engine.build("launches", ROOT / "examples/flask")
    made = Project(engine)
    made.compose("down", "--volumes")  # what an interrupted run left
    try:
        made.compose("up", "--detach", "--no-build")
        yield made
    finally:
        made.compose("down", "--volumes")


@pytest.fixture
def replicas(project):
    project.expect_health("app")
    return project.containers("app")


def emails(container):
    return [user["email"] for user in json.loads(container.execute("python3", "-c", USERS).stdout)["users"]]


def test_one_of_three_replicas_upgrades_and_seeds_and_all_turn_healthy(project, replicas):
    assert len(replicas) == 3
    project.expect_health("db")
    applied = [re.findall(r"Running upgrade \w* -> (\w+)", each.log()) for each in replicas]
    assert sorted(map(len, applied)) == [0, 0, 3] and len(set(sum(applied, []))) == 3
    assert sum("seed all finished" in each.log() for each in replicas) == 1
    assert all(emails(each) == SEEDED for each in replicas)


def test_every_replica_answers_at_its_published_port(project, replicas):
    for each in replicas:
        address = project.engine.docker("port", each.identity, "5000/tcp")
        assert urllib.request.urlopen(f"http://{address}/health").status == 200


def test_the_replicas_live_on_while_the_database_is_away(project, replicas):
    before = [each.state()["Pid"] for each in replicas]
    project.compose("stop", "db")
    project.expect_status("503")
    project.compose("start", "db")
    project.expect_status("200")
    assert [each.state()["Pid"] for each in replicas] == before


def test_stopped_replicas_end_with_0_and_come_back_with_the_rows_they_had(project, replicas):
    project.compose("stop", "--timeout", str(STOP_LIMIT), "app")
    assert [each.state()["ExitCode"] for each in replicas] == [0, 0, 0]
    project.compose("start", "app")
    project.expect_status("200")
    assert all(emails(each) == SEEDED for each in replicas)
    assert all("nothing is due" in each.log() for each in replicas)
