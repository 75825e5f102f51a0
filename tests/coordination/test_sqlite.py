"""Replicas on one SQLite file: processes of one host that share a folder."""

import sqlite3

import pytest

from fleet import LIMIT, REVISIONS


@pytest.fixture
def fleet(make_fleet, folder):
    return make_fleet(f"sqlite:///{folder / 'shop.db'}")


def revision_in(path):
    return sqlite3.connect(path).execute("SELECT version_num FROM alembic_version").fetchall()


def test_one_of_six_works_and_all_start_their_app(fleet, folder):
    fleet.start_many(6)
    fleet.expect_all_to_start()
    assert fleet.applied() == REVISIONS and len(fleet.seeds_ended()) == 1
    assert len(fleet.apps()) == 6 and min(fleet.apps()) > fleet.seeds_ended()[0]
    assert revision_in(folder / "shop.db") == [("0003",)]


def test_a_leader_that_is_killed_is_followed_by_another(fleet):
    fleet.close("gate")
    fleet.start_many(3)
    leader = fleet.leader_at("gate")
    fleet.kill(leader)
    fleet.open("gate")
    fleet.expect_all_to_start([each for each in fleet.replicas if each is not leader])
    assert fleet.applied() == REVISIONS and len(fleet.seeds_ended()) == 1


def test_a_settled_file_starts_nothing_and_says_how_soon(fleet, record_property, request):
    assert fleet.boot()[0] == 0
    boots = fleet.settled_boots()
    assert all("nothing is due" in log for log, _ in boots) and fleet.applied() == REVISIONS
    record_property("figure", f"{request.node.name}: the app starts after {', '.join(soon for _, soon in boots)}")


def test_a_relative_file_that_the_tool_makes_in_instance_is_one_database(fleet, folder):
    """Flask-SQLAlchemy puts a relative path there; until the file exists both places are locked."""
    instance = folder / "instance"
    instance.mkdir()
    fleet.own_project()
    env = fleet.project / "env.py"
    env.write_text(env.read_text().replace('os.environ["DATABASE_URL"]', f'"sqlite:///{instance}/shop.db"'))
    fleet.settings.update(boot_preset="flask", seed_undo="", app_workdir=str(folder.path))
    fleet.start_many(6, url="sqlite:///shop.db")
    fleet.expect_all_to_start()
    assert fleet.applied() == REVISIONS and len(fleet.seeds_ended()) == 1 and len(fleet.apps()) == 6
    assert revision_in(instance / "shop.db") == [("0003",)] and not (folder / "shop.db").exists()


def test_a_replica_that_comes_when_the_tool_has_made_instance_waits_for_the_lock(fleet, folder):
    instance = folder / "instance"
    fleet.own_project()
    env = fleet.project / "env.py"
    env.write_text("import os\n" + f"os.makedirs({str(instance)!r}, exist_ok=True)\n" + env.read_text().replace(
        'os.environ["DATABASE_URL"]', f'"sqlite:///{instance}/shop.db"'))
    fleet.settings.update(boot_preset="flask", seed_undo="", app_workdir=str(folder.path))
    fleet.close("gate")
    fleet.start_many(1, url="sqlite:///shop.db")
    fleet.leader_at("gate")
    assert (instance / "shop.db").exists()
    late = fleet.start(url="sqlite:///shop.db")
    late.expect_error("another replica holds the lock")
    fleet.open("gate")
    fleet.expect_all_to_start()
    assert fleet.applied() == REVISIONS and len(fleet.seeds_ended()) == 1
