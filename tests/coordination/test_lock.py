"""The lock: who needs it, who waits for whom, and what is said meanwhile."""

import re

import pytest

import harness
import servers
from fleet import LIMIT, REVISIONS
from foreign import held_lock, leave_begun, leave_pooled_sessions, lock_is_free, named_session, RunningDdl

BOTH_SERVERS = True

SURVIVOR = r"what elsewhere began \(upgrade, at [-\w:]+\) is still at work in the database"
HELD = "another replica holds the lock"


def test_a_settled_replica_starts_its_app_while_somebody_holds_the_lock(fleet, server):
    assert fleet.boot()[0] == 0
    with held_lock(server):
        status, log = fleet.boot()
        assert status == 0 and HELD not in log and len(fleet.apps()) == 2


def test_a_replica_with_a_pending_revision_waits_for_the_lock(fleet, server):
    with held_lock(server):
        replica = fleet.start()
        replica.expect_error(HELD)
        assert not fleet.applied()
    assert replica.wait(LIMIT) == 0 and fleet.applied() == REVISIONS
    assert "lock: " not in replica.err.text(), "no step of that name is configured"


def test_a_follower_says_who_is_at_what(fleet):
    fleet.close("gate")
    leader = fleet.start()
    assert fleet.leader_at("gate") is leader
    follower = fleet.start()
    follower.expect_error(rf"{HELD}; upgrade begun by \S+ at 20\d\d-\d\d-\d\dT")
    fleet.open("gate")
    fleet.expect_all_to_start()


def test_lock_timeout_gives_75(fleet, server):
    with held_lock(server):
        status, log = fleet.boot(settings={"lock_timeout": "300ms"})
    assert status == 75 and "lock.timeout = 300 ms" in log and not fleet.apps()


def test_without_the_lock_nobody_is_waited_for(fleet, server):
    with held_lock(server):
        assert fleet.boot(settings={"lock_enabled": "no"})[0] == 0
    assert fleet.applied() == REVISIONS


def test_an_index_is_created_concurrently_while_others_wait(postgres, make_fleet):
    fleet = make_fleet(postgres.url())
    fleet.own_project()
    fleet.add_revision("0004", "0003", (
        "with op.get_context().autocommit_block():\n"
        '        op.create_index("titles", "books", ["title"], postgresql_concurrently=True)'))
    fleet.close("gate")
    leader = fleet.start()
    fleet.leader_at("gate")
    for follower in fleet.start_many(5):
        follower.expect_error(HELD)
    fleet.open("gate")
    assert leader.wait(LIMIT) == 0
    fleet.expect_all_to_start()
    assert fleet.applied() == [*REVISIONS, "0004"]


def test_a_session_that_an_earlier_leader_left_is_waited_for(postgres, make_fleet):
    fleet = make_fleet(postgres.url())
    leave_begun(postgres)
    with named_session(postgres):
        replica = fleet.start()
        replica.expect_error(rf"{SURVIVOR}: pid \d+ \(tminus-0123456789abcdef\)")
        assert not fleet.applied()
    assert replica.wait(LIMIT) == 0 and fleet.applied() == REVISIONS


def test_a_session_that_was_left_is_waited_for_although_the_lock_is_elsewhere(postgres, make_fleet):
    fleet = make_fleet(postgres.url())
    leave_begun(postgres)
    with named_session(postgres):
        replica = fleet.start(settings={"lock_url": postgres.url(name="postgres")})
        replica.expect_error(rf"{SURVIVOR}: pid \d+ \(tminus-0123456789abcdef\)")
        assert not fleet.applied()
    assert replica.wait(LIMIT) == 0 and fleet.applied() == REVISIONS


def test_a_session_of_a_boot_that_ended_well_is_not_waited_for(postgres, make_fleet):
    with named_session(postgres):
        status, log = make_fleet(postgres.url()).boot()
    assert status == 0 and "still at work" not in log


def test_lock_timeout_counts_for_what_an_earlier_leader_left(postgres, make_fleet):
    leave_begun(postgres)
    with named_session(postgres):
        status, log = make_fleet(postgres.url()).boot(settings={"lock_timeout": "500ms"})
    assert status == 75 and re.search(rf"error: lock.timeout = 500 ms is over: {SURVIVOR}", log)
    assert lock_is_free(postgres)


def test_a_ddl_statement_that_an_earlier_leader_left_is_waited_for(fleet, server):
    leave_begun(server)
    with RunningDdl(server):
        replica = fleet.start()
        replica.expect_error(rf"{SURVIVOR}: (connection|pid) \d+.*: ALTER TABLE strangers")
        assert not fleet.applied()
    assert replica.wait(LIMIT) == 0 and fleet.applied() == REVISIONS


@pytest.mark.parametrize("kind", ["backup", "restore", "guard"])
def test_what_an_earlier_leader_left_is_given_way_to_once(fleet, server, kind):
    leave_begun(server, kind=kind)
    assert fleet.boot()[0] == 0
    assert [tuple(row) for row in server.sql(f"SELECT state FROM tminus_ledger WHERE kind = '{kind}'", "shop")] == [("failed",)]


def test_the_sessions_that_a_pooler_keeps_are_not_waited_for(postgres, make_fleet):
    with servers.PgBouncer(postgres, {"app": "secret"}, default_pool_size=20) as bouncer:
        leave_begun(postgres)
        leave_pooled_sessions(bouncer, 5)
        status, log = make_fleet(bouncer.url()).boot()
        assert status == 0 and "still at work" not in log


def test_the_lock_is_free_again_when_the_leader_is_cut_off(fleet, server):
    with servers.Relay(server.port) as relay:
        fleet.close("gate")
        fleet.start(url=server.url().replace(f":{server.port}/", f":{relay.port}/"))
        fleet.leader_at("gate")
        assert not lock_is_free(server)
        relay.cut()
        harness.await_true(lambda: lock_is_free(server), "a free lock", limit=10)


def test_a_leader_whose_lock_another_has_taken_before_it_seeds_follows(fleet, server):
    with servers.Relay(server.port, breaks_at=b"'seed'") as relay:
        fleet.close("seed-gate")
        first = fleet.start(url=server.url().replace(f":{server.port}/", f":{relay.port}/"))
        assert relay.is_broken.wait(LIMIT), first.err.text()
        fleet.start()
        fleet.leader_at("seed-gate")
        relay.mend()
        first.expect_error("the lock was lost, and another replica has taken it over")
        assert not fleet.apps()
        fleet.open("seed-gate")
        fleet.expect_all_to_start()
        assert "another replica took the lock over, and has done it" in first.err.text()
    assert len(fleet.stamps("seeds", "begin")) == 1 and fleet.applied() == REVISIONS
