"""PostgreSQL's extensions, which are there before the upgrade that needs them."""

import pytest

import harness

from test_failures import errors


@pytest.fixture
def fleet(postgres, make_fleet):
    return make_fleet(postgres.url())


def extensions(postgres):
    return {row[0] for row in postgres.sql("SELECT extname FROM pg_extension", name="shop")} - {"plpgsql"}


def test_what_is_missing_is_created_before_the_upgrade(fleet, postgres):
    fleet.own_project()
    fleet.add_revision("0004", "0003", 'op.execute("CREATE INDEX words ON books USING gin (title gin_trgm_ops)")')
    status, log = fleet.boot(settings={"database_extensions": "pg_trgm, citext"})
    assert status == 0, log
    assert "due: extension, upgrade, seed" in log
    assert "extension: pg_trgm was created" in log and "extension: citext was created" in log
    assert extensions(postgres) == {"pg_trgm", "citext"}
    history = postgres.sql("SELECT name, state FROM tminus_ledger WHERE kind = 'extension' ORDER BY n", name="shop")
    assert history == [("pg_trgm", "finished"), ("citext", "finished")]
    log = fleet.boot(settings={"database_extensions": "pg_trgm, citext"})[1]
    assert "nothing is due" in log and "was created" not in log


def test_one_that_is_missing_is_due_though_nothing_else_is(fleet, postgres):
    assert fleet.boot()[0] == 0
    status, log = fleet.boot(settings={"database_extensions": "citext"})
    assert status == 0 and "due: extension; migrations: at head" in log
    assert extensions(postgres) == {"citext"}


def test_of_many_replicas_one_creates_it(fleet, postgres):
    fleet.start_many(5, settings={"database_extensions": "citext"})
    fleet.expect_all_to_start()
    assert sum("citext was created" in replica.err.text() for replica in fleet.replicas) == 1


def test_without_the_right_extension_and_role_are_named(fleet, postgres):
    status, log = fleet.boot(settings={"database_extensions": "citext dblink"})
    assert status == 77 and not fleet.applied() and not fleet.apps()
    assert len(errors(log)) == 1 and "extension dblink: " in errors(log)[0]
    assert "the role app may not create it in the database shop" in errors(log)[0]
    history = postgres.sql("SELECT name, state FROM tminus_ledger WHERE kind = 'extension' ORDER BY n", name="shop")
    assert history == [("citext", "finished"), ("dblink", "failed")]


def test_the_role_of_the_upgrade_creates_it(fleet, postgres):
    postgres.sql("DROP ROLE IF EXISTS chief")
    postgres.sql("CREATE ROLE chief SUPERUSER LOGIN PASSWORD 'secret'")
    settings = {"database_extensions": "dblink", "upgrade_url": postgres.url(user="chief"), "seed_when": "never"}
    status, log = fleet.boot(settings=settings)
    assert status == 0 and extensions(postgres) == {"dblink"}, log


def test_one_that_the_server_does_not_have_is_named_with_the_server(fleet):
    status, log = fleet.boot(settings={"database_extensions": "nowhere"})
    assert status == 76 and not fleet.applied()
    assert "extension nowhere: " in errors(log)[0]
    assert "the server (PostgreSQL " in errors(log)[0] and "does not have it" in errors(log)[0]


def test_who_waits_for_an_upgrade_waits_for_extensions(fleet, postgres):
    settings = {"database_extensions": "citext", "upgrade_mode": "wait", "seed_all": None}
    assert fleet.boot()[0] == 0
    waiting = fleet.start(settings=settings)
    harness.await_true(lambda: "another container has to upgrade" in waiting.err.text(), waiting.err.text)
    assert fleet.boot(settings={"database_extensions": "citext"})[0] == 0
    assert waiting.wait() == 0 and extensions(postgres) == {"citext"}


def test_other_databases_have_none(make_fleet, mariadb):
    status, log = make_fleet(mariadb.url()).boot(settings={"database_extensions": "citext"})
    assert status == 78 and "database.extensions is for PostgreSQL alone" in errors(log)[0]
