"""upgrade.check: the tool is asked whether anything is pending, where tminus cannot read its migrations."""

import re

import harness
import pytest


@pytest.fixture
def asked(fleet):
    """A fleet whose tool is nobody's; its check counts how often it was asked, and by a gate may take its time."""
    fleet.own_project()
    fleet.settings.update(upgrade_tool=None, seed_when="once", upgrade_check=fleet.folder.script("pending", (
        "#!/bin/sh\n"
        'echo asked >>"$FLEET/asked"\n'
        'while [ -e "$FLEET/slow" ]; do sleep 0.05; done\n'
        f"alembic -c {fleet.project}/alembic.ini current 2>>\"$FLEET/check-errors\" | grep -q '(head)'\n")))
    return fleet


def backups(fleet):
    return list((fleet.folder / "backups").glob("*.manifest"))


def test_a_database_that_the_tool_calls_settled_needs_no_upgrade_no_backup_and_no_lock(asked, folder):
    (folder / "backups").mkdir()
    asked.settings.update(backup_directory=folder / "backups", backup_ephemeral="yes")
    assert asked.boot()[0] == 0
    made = backups(asked)
    status, log = asked.boot()
    assert status == 0 and asked.applied() == ["0001", "0002", "0003"]
    assert "nothing is due" in log and "upgrade:" not in log and backups(asked) == made
    assert len(asked.lines("asked")) == 3  # before the upgrade, behind it, and at the second start


def test_many_replicas_upgrade_once(asked):
    asked.start_many(5)
    asked.expect_all_to_start()
    assert asked.applied() == ["0001", "0002", "0003"] and len(asked.seeds_ended()) == 1


def test_with_mode_wait_it_is_asked_until_nothing_is_pending(asked):
    waiter = asked.start(settings={"upgrade_mode": "wait"})
    harness.await_true(lambda: "another container has to upgrade; pending: upgrade.check says so" in waiter.err.text(),
                       waiter.err.text)
    assert asked.boot()[0] == 0
    assert waiter.wait(60) == 0, waiter.err.text()
    asked.add_revision("0004", "0003", 'op.execute("CREATE TABLE later (id INTEGER)")')
    newer = asked.start(settings={"upgrade_mode": "wait"})
    harness.await_true(lambda: "another container has to upgrade" in newer.err.text(), newer.err.text)
    assert asked.boot()[0] == 0
    assert newer.wait(60) == 0, newer.err.text()


def test_without_a_check_mode_wait_is_content_with_an_upgrade_that_has_ended_well(asked):
    waits = {"upgrade_mode": "wait", "upgrade_check": None}
    waiter = asked.start(settings=waits)
    harness.await_true(lambda: "another container has to upgrade" in waiter.err.text(), waiter.err.text)
    assert asked.boot(settings={"upgrade_command": "false", "upgrade_check": None})[0] == 76
    assert waiter.is_running()
    assert asked.boot(settings={"upgrade_check": None})[0] == 0
    assert waiter.wait(60) == 0, waiter.err.text()


def test_an_upgrade_that_left_something_pending_is_79(asked):
    status, log = asked.boot(settings={"upgrade_command": "true"})
    assert status == 79 and "upgrade.check says so" in log and "Without upgrade.check its word is enough" in log


MUTE = {
    "it cannot be run": ("/nowhere/check", "/nowhere/check: no such file"),
    "its shell does not find it": ("sh -c nowhere-check", "upgrade.check ended with status 127, and has said nothing"),
    "it is killed": ("sh -c 'kill -9 $$'", "upgrade.check was ended by signal 9, and has said nothing"),
}


@pytest.mark.parametrize("why", MUTE)
def test_a_check_that_says_nothing_is_told_and_the_upgrade_runs_and_is_believed(asked, why):
    """The upgrade has ended well and the migrations are there: a check that was killed has not denied it."""
    command, message = MUTE[why]
    status, log = asked.boot(settings={"upgrade_check": command})
    assert status == 0 and message in log, log
    assert asked.applied() == ["0001", "0002", "0003"]
    assert "nothing is due" in asked.boot()[1]


def test_with_mode_wait_a_check_that_says_nothing_lets_nobody_through(asked):
    assert asked.boot()[0] == 0
    waiter = asked.start(settings={"upgrade_mode": "wait", "upgrade_check": f"sh -c '{asked.folder.path}/ask'"})
    harness.await_true(lambda: "upgrade.check has said nothing" in waiter.err.text(), waiter.err.text)
    assert waiter.is_running()
    asked.folder.script("ask", "#!/bin/sh\nexit 0\n")
    assert waiter.wait(60) == 0, waiter.err.text()


def test_a_check_that_takes_its_time_ends_with_the_start_that_wants_it(asked):
    asked.close("slow")
    run = asked.start()
    harness.await_true(lambda: asked.lines("asked"), run.err.text)
    run.signal(15)
    assert run.wait(20) == 143 and not asked.applied()


def test_what_the_check_needs_is_there_and_its_sessions_carry_the_boots_name(asked, folder):
    script = folder.script("look", f"#!/bin/sh\nenv >{folder.path}/seen\nexec {folder.path}/pending\n")
    assert asked.boot(settings={"upgrade_check": script})[0] == 0
    seen = (folder / "seen").read_text()
    assert re.search(r"^PGAPPNAME=tminus-[0-9a-f]{16}$", seen, re.MULTILINE) and "TMINUS_UPGRADE" not in seen


def test_the_check_inherits_no_descriptor_of_tminus(asked, folder):
    """Neither the channel to PID 1 nor the connection that holds the lock: both would outlive the keeper in it."""
    script = folder.script("look", (
        "#!/bin/sh\n"
        f"for each in 3 4 5 6 7 8 9; do readlink /proc/$$/fd/$each | sed -n '/^socket:/p' >>{folder.path}/sockets; done\n"
        f"exec {folder.path}/pending\n"))
    assert asked.boot(settings={"upgrade_check": script})[0] == 0
    assert asked.lines("asked") and (folder / "sockets").read_text() == ""
