"""What inspect finds, from the outside: refused with a reason and a way out, or warned of, or left to the tool."""

import re

import pytest

import servers
from fleet import LIMIT, MANY, REVISIONS
from foreign import held_lock
from test_failures import errors

ELSEWHERE = 'URL = os.environ["ELSEWHERE"]'


def expect_refusal(outcome, *patterns):
    status, log = outcome
    assert status == 65, log
    assert len(errors(log)) == 1
    for pattern in patterns:
        assert re.search(pattern, errors(log)[0]), errors(log)


def remove_revision(fleet, revision):
    """As an image from before it: its file and what Python compiled of it."""
    for file in fleet.project.glob(f"versions/**/{revision}*"):
        file.unlink()


def test_a_revision_that_nobody_knows_is_refused_with_a_way_out(fleet, server):
    assert fleet.boot()[0] == 0
    server.sql("UPDATE alembic_version SET version_num = 'ffff'", name="shop")
    expect_refusal(fleet.boot(), "foreign", "ffff", "Can't locate revision identified by", "upgrade.trust = tool")
    assert len(fleet.apps()) == 1


def test_two_heads_are_refused_with_a_way_out(fleet):
    fleet.own_project()
    fleet.add_revision("0004a", "0003")
    fleet.add_revision("0004b", "0003")
    expect_refusal(fleet.boot(), "diverged", "0004a", "0004b", "Multiple head revisions", "alembic merge heads")
    assert not fleet.apps()


def test_a_file_that_cannot_be_read_as_a_revision_is_left_to_the_tool(fleet):
    fleet.own_project()
    fleet.folder.script("project/versions/0004.py", "this is no Python\n", 0o644)
    status, log = fleet.boot()
    assert status in (65, 76) and not fleet.apps()


@pytest.mark.parametrize("server", ["postgres"], indirect=True)  # from others nothing is read ahead
def test_a_step_before_the_upgrade_may_bring_a_revision(fleet):
    fleet.own_project()
    assert fleet.boot()[0] == 0 and fleet.boot()[0] == 0
    fleet.add_revision("0004", "0003")
    fleet.project.joinpath("versions/0004.py").rename(fleet.folder / "later.py")
    step = fleet.folder.script("bring", f'#!/bin/sh\ncp "$FLEET/later.py" "{fleet.project}/versions/0004.py"\n')
    status, log = fleet.boot(settings={"step_bring_command": step, "step_bring_after": "wait",
                                       "step_bring_before": "upgrade"})
    assert status == 0, log
    assert fleet.applied() == [*REVISIONS, "0004"]


def start_with_a_later_revision(fleet):
    fleet.own_project()
    fleet.add_revision("0004", "0003")
    assert fleet.boot()[0] == 0
    remove_revision(fleet, "0004")


def test_an_older_image_warns_and_starts_its_app(fleet):
    start_with_a_later_revision(fleet)
    status, log = fleet.boot()
    assert status == 0 and len(fleet.apps()) == 2
    assert re.search("warning: migrations: ahead: the database is at 0004.*nothing is upgraded or seeded", log)


def test_an_older_image_can_be_refused(fleet):
    start_with_a_later_revision(fleet)
    expect_refusal(fleet.boot(settings={"upgrade_ahead": "refuse"}), "ahead", "0004", "upgrade.ahead = refuse")
    assert len(fleet.apps()) == 1


def start_old_and_new(fleet):
    """A leader of the new image in the middle of its upgrade, at a revision that the old one does not know."""
    fleet.own_project()
    new = fleet.folder / "project"
    old = fleet.folder / "old"
    fleet.project.rename(old)
    fleet.project = old
    fleet.boot()
    fleet.own_project()
    fleet.add_revision("0004", "0003")
    fleet.add_revision("0005", "0004", "import runpy, pathlib; runpy.run_path(str(pathlib.Path(__file__).with_name("
                                       "'0002_applied.py')))['stop_here']()")
    fleet.close("gate")
    leader = fleet.start()
    fleet.leader_at("gate")
    fleet.project = old
    return leader, new


def test_an_older_image_waits_while_a_later_one_upgrades(fleet):
    leader, _ = start_old_and_new(fleet)
    older = fleet.start()
    older.expect_error("another replica holds the lock")
    fleet.open("gate")
    assert leader.wait(LIMIT) == 0 and older.wait(LIMIT) == 0
    assert "warning: migrations: ahead" in older.err.text() and len(fleet.apps()) == 3


def test_an_older_image_refuses_what_a_later_one_left_half_way(fleet):
    leader, new = start_old_and_new(fleet)
    fleet.kill(leader)
    fleet.open("gate")
    expect_refusal(fleet.boot(), "foreign", "0004")
    fleet.project = new
    assert fleet.boot()[0] == 0


def test_of_an_old_and_a_new_image_that_start_together_all_replicas_start(fleet):
    fleet.own_project()
    old = fleet.project.rename(fleet.folder / "old")
    fleet.own_project()
    fleet.add_revision("0004", "0003")
    new = fleet.project
    for number in range(MANY):
        fleet.project = old if number % 3 == 1 else new
        fleet.start()
    fleet.expect_all_to_start()
    assert fleet.applied() == [*REVISIONS, "0004"] and len(fleet.apps()) == MANY
    assert len(fleet.seeds_ended()) == 1


def test_tables_without_a_version_table_are_left_to_the_tool(fleet, server):
    server.sql("CREATE TABLE strangers (id INT PRIMARY KEY)", name="shop")
    status, log = fleet.boot()
    assert status == 0 and "unversioned: 1 tables, but no version table" in log


def test_tables_without_a_version_table_can_be_refused(fleet, server):
    server.sql("CREATE TABLE strangers (id INT PRIMARY KEY)", name="shop")
    expect_refusal(fleet.boot(settings={"upgrade_unversioned": "refuse"}), "unversioned", "stamp",
                   "upgrade.unversioned = refuse")


def test_tables_that_exist_already_bring_the_advice_to_stamp(fleet, server):
    server.sql("CREATE TABLE books (id INT PRIMARY KEY)", name="shop")
    status, log = fleet.boot()
    assert status == 76 and "stamp" in log


def test_an_environment_with_another_database_is_never_skipped(fleet, folder):
    fleet.own_project()
    env = fleet.project / "env.py"
    env.write_text(re.sub("^URL = .*$", ELSEWHERE, env.read_text(), flags=re.MULTILINE))
    fleet.environment["ELSEWHERE"] = f"sqlite:///{folder / 'elsewhere.db'}"
    for _ in range(3):
        status, log = fleet.boot()
        assert status == 0 and "upgrade finished" in log
        assert re.search("warning: .*does the tool work on another database", log)


def test_a_changed_environment_brings_the_tool_until_it_has_moved_the_database_again(fleet):
    fleet.own_project()
    assert fleet.boot()[0] == 0 and "upgrade:" not in fleet.boot()[1]
    env = fleet.project / "env.py"
    env.write_text(env.read_text() + "\n# changed\n")
    for _ in range(2):
        log = fleet.boot()[1]
        assert "upgrade finished" in log and "upgrade.trust = native" in log
    fleet.add_revision("0004", "0003")
    assert "upgrade finished" in fleet.boot()[1]
    assert "nothing is due" in fleet.boot()[1]
    assert fleet.applied() == [*REVISIONS, "0004"]


def test_an_environment_that_turns_to_another_database_is_never_skipped(fleet):
    fleet.own_project()
    assert fleet.boot()[0] == 0
    env = fleet.project / "env.py"
    elsewhere = fleet.project / "elsewhere.db"
    env.write_text(env.read_text().replace('os.environ["DATABASE_URL"]', f'"sqlite:///{elsewhere}"'))
    assert fleet.boot()[0] == 0 and elsewhere.exists()
    elsewhere.unlink()
    assert fleet.boot()[0] == 0 and elsewhere.exists()


def test_another_password_does_not_bring_the_tool_once_more(fleet, server):
    assert fleet.boot()[0] == 0
    change = "ALTER ROLE app PASSWORD 'other'" if isinstance(server, servers.Postgres) else \
        "ALTER USER app IDENTIFIED BY 'other'"
    back = change.replace("other", "secret")
    server.sql(change)
    try:
        assert "nothing is due" in fleet.boot(url=server.url(password="other"))[1]
    finally:
        server.sql(back)


def test_with_trust_native_the_tool_is_not_asked_where_nothing_is_pending(fleet, server):
    assert fleet.boot()[0] == 0
    server.sql("DROP VIEW tminus_ledger", name="shop")
    with held_lock(server):
        status, log = fleet.boot(settings={"upgrade_trust": "native", "seed_when": "never"})
    assert status == 0 and "nothing is due" in log


def test_with_trust_tool_the_command_always_runs(fleet):
    fleet.settings["upgrade_trust"] = "tool"
    for _ in range(2):
        assert "upgrade finished" in fleet.boot()[1]
    assert fleet.applied() == REVISIONS
