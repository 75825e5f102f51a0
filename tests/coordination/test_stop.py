"""A leader that is stopped or hurt while its upgrade runs."""

import re
import signal

import pytest

import harness
from fleet import LIMIT, REVISIONS
from foreign import lock_is_free

# It writes down that TERM came, and ends when the gate is open.
STUBBORN = """#!/bin/sh
trap 'echo TERM >>"$FLEET/caught"' TERM
echo reached >>"$GATE.reached"
while [ -e "$GATE" ]; do sleep 0.01; done
exit 7
"""


def start_stubborn(fleet):
    fleet.close("gate")
    command = fleet.folder.script("stubborn", STUBBORN)
    leader = fleet.start(settings={"upgrade_command": command, "boot_grace": "60s"})
    fleet.leader_at("gate")
    return leader


@pytest.mark.parametrize("server", ["postgres"], indirect=True)
def test_on_postgresql_term_reaches_the_upgrade_and_the_lock_is_held_until_it_has_ended(fleet, server):
    leader = start_stubborn(fleet)
    leader.signal(signal.SIGTERM)
    harness.await_true(lambda: fleet.lines("caught"), "TERM in the command")
    assert not lock_is_free(server)
    fleet.open("gate")
    assert leader.wait(LIMIT) == 143 and not fleet.apps()
    harness.await_true(lambda: lock_is_free(server), "a free lock")


@pytest.mark.parametrize("server", ["mariadb"], indirect=True)
def test_on_mariadb_the_upgrade_is_let_finish_under_the_lock(fleet, server):
    fleet.close("gate")
    leader = fleet.start(settings={"boot_grace": "60s"})
    fleet.leader_at("gate")
    leader.signal(signal.SIGTERM)
    leader.expect_error("SIGTERM: upgrade may finish first")
    assert not lock_is_free(server)
    fleet.open("gate")
    assert leader.wait(LIMIT) == 143
    assert fleet.applied() == REVISIONS and not fleet.apps() and not fleet.lines("seeds")
    harness.await_true(lambda: lock_is_free(server), "a free lock")


def test_an_upgrade_that_was_let_finish_leaves_no_doubt_to_the_next_start(fleet):
    fleet.close("gate")
    leader = fleet.start(settings={"boot_grace": "60s", "upgrade_stop": "finish"})
    fleet.leader_at("gate")
    leader.signal(signal.SIGTERM)
    fleet.open("gate")
    assert leader.wait(LIMIT) == 143
    assert fleet.boot()[0] == 0
    assert fleet.applied() == REVISIONS and len(fleet.seeds_ended()) == 1


def test_a_follower_that_is_stopped_leaves_at_once(fleet):
    fleet.close("gate")
    leader = fleet.start()
    fleet.leader_at("gate")
    follower = fleet.start()
    follower.expect_error("another replica holds the lock")
    follower.signal(signal.SIGTERM)
    assert follower.wait(LIMIT) == 143 and leader.is_running()
    fleet.open("gate")
    assert leader.wait(LIMIT) == 0 and len(fleet.apps()) == 1


def test_a_keeper_that_is_killed_gives_70_and_frees_the_lock(fleet, server):
    fleet.close("gate")
    leader = fleet.start(settings={"boot_grace": "500ms"})
    fleet.leader_at("gate")
    leader.child(harness.PROGRAM).signal(signal.SIGKILL)
    assert leader.wait(LIMIT) == 70
    log = leader.err.text()
    assert re.search("error: the process that holds the lock in .* was killed by SIGKILL", log)
    assert log.count("error: ") == 1, log
    harness.await_true(lambda: lock_is_free(server), "a free lock", limit=10)
    fleet.open("gate")
    assert fleet.boot()[0] == 0 and fleet.applied() == REVISIONS


def freeze(replica, number):
    """SIGSTOP or SIGCONT for a replica's whole tree, as a virtual machine that is paused and goes on."""
    for process in [replica.init, *harness.descendants(replica.init)]:
        process.signal(number)


def start_frozen(fleet, server):
    """A leader that was frozen in mid-upgrade until its lock was free, and one that is to take over."""
    fleet.close("gate")
    frozen = fleet.start()
    fleet.leader_at("gate")
    freeze(frozen, signal.SIGSTOP)
    harness.await_true(lambda: lock_is_free(server), "a free lock", limit=10)
    return frozen, fleet.start(environment={"GATE": ""})


@pytest.mark.parametrize("server", ["postgres"], indirect=True)
def test_a_frozen_leader_s_command_is_waited_for_and_ends_when_it_thaws(fleet, server):
    frozen, other = start_frozen(fleet, server)
    other.expect_error("is still at work in the database")
    freeze(frozen, signal.SIGCONT)
    assert frozen.wait(LIMIT) == 75
    assert "the lock was lost, and another replica holds it now" in frozen.err.text()
    assert other.wait(LIMIT) == 0
    assert fleet.applied() == REVISIONS and len(fleet.seeds_ended()) == 1 and len(fleet.apps()) == 1


@pytest.mark.parametrize("server", ["mariadb"], indirect=True)
def test_a_frozen_leader_does_not_spoil_what_another_has_done(fleet, server):
    frozen, other = start_frozen(fleet, server)
    assert other.wait(LIMIT) == 0
    freeze(frozen, signal.SIGCONT)
    fleet.open("gate")
    assert frozen.wait(LIMIT) in (75, 76)
    status, log = fleet.boot()
    assert status == 0 and "nothing is due" in log
    assert fleet.applied() == REVISIONS and len(fleet.seeds_ended()) == 1 and len(fleet.apps()) == 2
