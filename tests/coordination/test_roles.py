"""Which database, as whom, and who is to upgrade it: upgrade.url, lock.url, database.create, upgrade.mode = wait."""

import re

import harness
import pytest
import servers


def as_role(server, user, name="shop"):
    return server.url(user=user, password="secret", name=name)


@pytest.fixture
def owner(server):
    """A role that may change tables; app may only read and write rows."""
    if isinstance(server, servers.Postgres):
        server.sql("DROP ROLE IF EXISTS owner")
        server.sql("CREATE ROLE owner LOGIN PASSWORD 'secret'")
        server.sql("ALTER DATABASE shop OWNER TO owner")
        server.sql("ALTER DEFAULT PRIVILEGES FOR ROLE owner GRANT ALL ON TABLES TO app", "shop")
        yield as_role(server, "owner")
        server.sql("DROP OWNED BY owner", "shop")
        server.sql("ALTER DATABASE shop OWNER TO app")
        server.sql("DROP ROLE owner")
    else:
        server.sql("CREATE OR REPLACE USER owner@'%' IDENTIFIED BY 'secret'")
        server.sql("GRANT ALL ON shop.* TO owner@'%'")
        server.sql("REVOKE ALL ON shop.* FROM app@'%'")
        server.sql("GRANT SELECT, INSERT, UPDATE, DELETE ON shop.* TO app@'%'")
        yield as_role(server, "owner")
        server.sql("GRANT ALL ON shop.* TO app@'%'")
        server.sql("DROP USER owner@'%'")


def test_the_upgrade_has_a_role_of_its_own_and_nobody_else_sees_it(fleet, owner, folder):
    fleet.settings["upgrade_url"] = owner
    fleet.seed = folder.script("seed", f"#!/bin/sh\nenv >{folder / 'seed-env'}\n")
    app = ("sh", "-c", f"env >{folder / 'app-env'}")
    status, log = fleet.boot(app=app)
    assert status == 0, log
    assert fleet.applied() == ["0001", "0002", "0003"]
    for name in ("seed-env", "app-env"):
        seen = (folder / name).read_text(encoding="utf-8")
        assert "://app:secret@" in seen and "owner" not in seen
    assert "secret" not in log
    assert "nothing is due" in fleet.boot(app=app)[1]


def test_the_apps_own_login_is_waited_for_as_well(fleet, owner):
    fleet.url = fleet.url.replace("app:secret", "app:wrong")
    fleet.settings.update(upgrade_url=owner, wait_grace="0")
    status, log = fleet.boot()
    assert status == 77 and not fleet.applied() and "wrong" not in log


def test_an_upgrade_url_of_another_kind_is_refused(fleet):
    status, log = fleet.boot(settings={"upgrade_url": "sqlite:///x.db"})
    assert status == 78 and "another kind" in log


def test_a_database_that_is_missing_is_created_once(server, make_fleet):
    creator = "ALTER ROLE app CREATEDB" if isinstance(server, servers.Postgres) else "GRANT ALL ON `new-shop`.* TO app@'%'"
    server.sql(creator)
    fleet = make_fleet(as_role(server, "app", "new-shop"))
    fleet.settings["database_create"] = "yes"
    try:
        fleet.start_many(6)
        fleet.expect_all_to_start()
        assert fleet.applied() == ["0001", "0002", "0003"]
        assert any("it was created (database.create)" in each.err.text() for each in fleet.replicas)
    finally:
        server.sql('DROP DATABASE "new-shop" WITH (FORCE)' if isinstance(server, servers.Postgres)
                   else "DROP DATABASE `new-shop`")
        if isinstance(server, servers.Postgres):
            server.sql("ALTER ROLE app NOCREATEDB")


def test_a_database_that_may_not_be_created_is_77_and_says_why(server, make_fleet):
    fleet = make_fleet(as_role(server, "app", "other"))
    fleet.settings.update(database_create="yes", wait_grace="0")
    status, log = fleet.boot()
    assert status == 77 and re.search("cannot make it: .*permission denied|Access denied.*grant this user", log)


def test_with_mode_wait_a_replica_starts_when_another_has_upgraded(fleet):
    follower = fleet.start(settings={"upgrade_mode": "wait"})
    harness.await_true(lambda: "another container has to upgrade" in follower.err.text(), follower.err.text)
    assert follower.is_running() and not fleet.applied()
    assert fleet.boot()[0] == 0
    assert follower.wait(60) == 0, follower.err.text()
    assert fleet.applied() == ["0001", "0002", "0003"] and len(fleet.seeds_ended()) == 1


def test_with_mode_wait_nobody_waits_for_ever_who_has_a_limit(fleet):
    status, log = fleet.boot(settings={"upgrade_mode": "wait", "lock_timeout": "1s"})
    assert status == 75 and "lock.timeout" in log and not fleet.apps()


def test_check_with_mode_wait_says_who_upgrades(fleet, container):
    ini = f"{fleet.project}/alembic.ini"
    run = container("check", environment={"DATABASE_URL": fleet.url, "TMINUS_UPGRADE_MODE": "wait",
                                          "TMINUS_UPGRADE_COMMAND": f"alembic -c {ini} upgrade head"})
    assert run.wait() == 0
    assert "due         upgrade (the upgrade by another container: upgrade.mode = wait)\n" in run.out.text()


def test_the_lock_can_be_taken_elsewhere(fleet, server):
    fleet.settings["lock_url"] = server.url()
    fleet.start_many(4)
    fleet.expect_all_to_start()
    assert fleet.applied() == ["0001", "0002", "0003"] and len(fleet.seeds_ended()) == 1


@pytest.mark.parametrize("server", ["postgres"], indirect=True)  # MariaDB's grant on the database is one on the view
def test_a_role_that_may_not_read_the_ledger_is_told_what_to_grant(fleet, server, owner):
    assert fleet.boot(settings={"upgrade_url": owner})[0] == 0
    server.sql("REVOKE ALL ON tminus_ledger FROM app", "shop")
    status, log = fleet.boot(settings={"upgrade_mode": "wait"})
    assert status == 77 and 'grant this role SELECT on "tminus_ledger", or name' in log
    server.sql("GRANT SELECT ON tminus_ledger TO app", "shop")
    assert fleet.boot(settings={"upgrade_mode": "wait"})[0] == 0


def test_roles_that_do_not_upgrade_wait_for_one_that_does(fleet):
    fleet.settings.update(role_web_match="web", role_worker_match="worker", upgrade_roles="web", seed_roles="web",
                          seed_when="always", step_x_command=fleet.seed, step_x_roles="worker")
    worker = fleet.start(settings={"role": "worker"})
    harness.await_true(lambda: "another container has to upgrade" in worker.err.text(), worker.err.text)
    assert worker.is_running() and not fleet.applied()
    assert fleet.boot(settings={"role": "web"})[0] == 0
    assert worker.wait(60) == 0, worker.err.text()
    assert fleet.applied() == ["0001", "0002", "0003"] and len(fleet.apps()) == 2
    assert len(fleet.seeds_ended()) == 2  # the web's seed, and the worker's step
    assert "step x is left out: roles = worker" in fleet.replicas[1].err.text()
