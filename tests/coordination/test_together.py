"""Replicas that start together: one works, the others wait for it, and who dies is followed by another."""

import pytest

import servers
from shop import make_shop
from fleet import LIMIT, MANY, REVISIONS, ROUNDS

BOTH_SERVERS = True


def expect_done_once(fleet, server):
    """Every revision applied once, one seed run to its end, and no app before that."""
    assert fleet.applied() == REVISIONS
    assert len(fleet.seeds_ended()) == 1
    assert min(fleet.apps()) > fleet.seeds_ended()[0]
    assert [row[0] for row in server.sql("SELECT version_num FROM alembic_version", name="shop")] == ["0003"]
    assert server.sql("SELECT id, what FROM applied", name="shop")[0] == (1, "0002")


@pytest.mark.parametrize("round_", ROUNDS)
def test_of_many_replicas_one_upgrades_and_seeds_and_all_start_their_app(fleet, server, round_):
    fleet.start_many()
    fleet.expect_all_to_start()
    expect_done_once(fleet, server)
    assert len(fleet.apps()) == MANY and len(fleet.lines("seeds")) == 2


@pytest.mark.parametrize("round_", ROUNDS)
def test_a_leader_that_is_killed_in_mid_upgrade_is_followed_by_another(fleet, server, round_):
    fleet.close("gate")
    fleet.start_many()
    leader = fleet.leader_at("gate")
    fleet.kill(leader)
    fleet.open("gate")
    others = [each for each in fleet.replicas if each is not leader]
    fleet.expect_all_to_start(others)
    expect_done_once(fleet, server)
    assert len(fleet.apps()) == MANY - 1


@pytest.mark.parametrize("round_", ROUNDS)
def test_a_leader_that_is_killed_while_it_seeds_is_followed_by_one_that_seeds(fleet, server, round_):
    fleet.close("seed-gate")
    fleet.start_many()
    leader = fleet.leader_at("seed-gate")
    fleet.kill(leader)
    fleet.open("seed-gate")
    fleet.expect_all_to_start([each for each in fleet.replicas if each is not leader])
    expect_done_once(fleet, server)
    assert len(fleet.stamps("seeds", "begin")) == 2 and len(fleet.apps()) == MANY - 1


@pytest.mark.parametrize("round_", ROUNDS)
@pytest.mark.parametrize("kind", [servers.Postgres, servers.MariaDB])
def test_a_database_that_restarts_in_mid_upgrade_fails_the_leader_alone(kind, make_fleet, round_):
    with kind(max_connections=100) as server:
        fleet = make_fleet(make_shop(server).url())
        fleet.close("gate")
        fleet.start_many(max(MANY // 2, 3))
        leader = fleet.leader_at("gate")
        server.stop()
        fleet.open("gate")
        assert leader.wait(LIMIT) == 76
        server.start()
        fleet.expect_all_to_start([each for each in fleet.replicas if each is not leader])
        assert fleet.boot()[0] == 0
        expect_done_once(fleet, server)


@pytest.mark.parametrize("round_", ROUNDS)
def test_one_works_alone_through_pgbouncer_in_transaction_mode(postgres, make_fleet, round_):
    room = {"default_pool_size": 20, "max_client_conn": MANY + 8}  # one connection for each, and the upgrade's
    with servers.PgBouncer(postgres, {"app": "secret"}, **room) as bouncer:
        fleet = make_fleet(bouncer.url())
        fleet.start_many()
        fleet.expect_all_to_start()
        expect_done_once(fleet, postgres)
        assert len(fleet.apps()) == MANY


def test_behind_pgbouncer_a_killed_leader_is_followed_by_another(postgres, make_fleet):
    with servers.PgBouncer(postgres, {"app": "secret"}, default_pool_size=20) as bouncer:
        fleet = make_fleet(bouncer.url())
        fleet.close("seed-gate")
        fleet.start_many(5)
        leader = fleet.leader_at("seed-gate")
        fleet.kill(leader)
        fleet.open("seed-gate")
        fleet.expect_all_to_start([each for each in fleet.replicas if each is not leader])
        expect_done_once(fleet, postgres)


def test_a_settled_database_starts_nothing_and_says_how_soon(fleet, record_property, request):
    assert fleet.boot()[0] == 0
    boots = fleet.settled_boots()
    assert all("nothing is due" in log and "upgrade:" not in log for log, _ in boots)
    assert fleet.applied() == REVISIONS and len(fleet.seeds_ended()) == 1
    record_property("figure", f"{request.node.name}: the app starts after {', '.join(soon for _, soon in boots)}")
