"""An upgrade that somebody keeps from a lock: who it is gets said, and after upgrade.lock_timeout it ends."""

import re

import harness
import pytest
import servers

ALTER = 'op.execute("ALTER TABLE books ADD COLUMN pages int")'


@pytest.fixture
def blocked(fleet, server):
    """At 0003, with a revision that alters a table which another session has in its hands."""
    fleet.own_project()
    assert fleet.boot()[0] == 0
    fleet.add_revision("0004", "0003", ALTER)
    holder = server.connect("shop")
    holder.autocommit = False
    if hasattr(holder, "begin"):
        holder.begin()
    holder.cursor().execute("SELECT * FROM books")
    yield fleet, holder
    holder.close()


@pytest.fixture
def sees_everything(server):
    """app may look at what other roles do."""
    right = "pg_read_all_stats" if isinstance(server, servers.Postgres) else "PROCESS ON *.*"
    server.sql(f"GRANT {right} TO app")
    yield
    server.sql(f"REVOKE {right} FROM app")


def expect_blocker(blocked, words):
    fleet, holder = blocked
    replica = fleet.start()
    harness.await_true(lambda: "kept from it by" in replica.err.text(), lambda: replica.err.text(), 30)
    assert re.search(f"kept from it by .*({words})", replica.err.text()), replica.err.text()
    holder.rollback()
    assert replica.wait(60) == 0 and fleet.applied()[-1] == "0004"


def test_that_somebody_keeps_the_upgrade_from_its_lock_is_said(blocked):
    expect_blocker(blocked, r"pid \d+ \(.*GRANT pg_read_all_stats|GRANT PROCESS")


def test_who_keeps_the_upgrade_from_its_lock_is_said_to_who_may_know(sees_everything, blocked):
    expect_blocker(blocked, r"pid \d+ \(.*idle in transaction for \d+ s: SELECT|connection \d+ \(root@")


def test_after_lock_timeout_the_statement_is_cancelled_and_the_upgrade_fails(blocked):
    fleet, holder = blocked
    status, log = fleet.boot(settings={"upgrade_lock_timeout": "1s"})
    assert status == 76 and "upgrade.lock_timeout = 1 s" in log and "0004" not in fleet.applied()
    holder.rollback()
    assert fleet.boot()[0] == 0 and fleet.applied()[-1] == "0004"


def test_how_long_an_upgrade_has_been_running_is_said(fleet):
    fleet.close("gate")
    replica = fleet.start()
    try:
        harness.await_true(lambda: "upgrade: running for " in replica.err.text(), lambda: replica.err.text(), 40)
    finally:
        fleet.open("gate")
    assert "pending: " in re.search(r"upgrade: running for .*", replica.err.text()).group(0)
    assert replica.wait(60) == 0
