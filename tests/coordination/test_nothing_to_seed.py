"""Seeds that are left out because what they bring is there, and statuses that count as done."""

import pytest
import sqlalchemy

from fleet import connect
from test_failures import errors


def execute(url, *statements):
    with connect(url) as connection, connection.begin():
        for statement in statements:
            connection.execute(sqlalchemy.text(statement))


def seeds_in_ledger(url):
    with connect(url) as connection:
        return [tuple(row) for row in connection.execute(sqlalchemy.text(
            "SELECT state, revision_to FROM tminus_ledger WHERE kind = 'seed' ORDER BY n"))]


@pytest.fixture
def fleet(any_url, make_fleet):
    return make_fleet(any_url)


def test_tables_that_are_empty_or_not_there_are_seeded(fleet):
    settings = {"seed_if_empty": "books, Customers"}
    status, log = fleet.boot(settings=settings)
    assert status == 0 and len(fleet.seeds_ended()) == 1
    assert "there is no table" in log and "Customers" in log
    assert seeds_in_ledger(fleet.url) == [("finished", "0003")]


def test_a_table_with_rows_is_not_seeded_and_that_is_settled(fleet):
    assert fleet.boot(settings={"seed_when": "never"})[0] == 0
    execute(fleet.url, "INSERT INTO books (id, title) VALUES (1, 'Emma')")
    settings = {"seed_if_empty": "authors books"}
    status, log = fleet.boot(settings=settings)
    assert status == 0 and "seed: table books has rows, nothing to seed" in log
    assert seeds_in_ledger(fleet.url) == [("passed", "0003")]
    execute(fleet.url, "DELETE FROM books")
    status, log = fleet.boot(settings=settings)
    assert status == 0 and "nothing is due" in log
    assert fleet.seeds_ended() == [] and len(fleet.apps()) == 3


def test_it_is_asked_behind_the_upgrade(fleet):
    """Rows that the upgrade itself brings are rows."""
    fleet.own_project()
    fleet.add_revision("0004", "0003", "op.execute(\"INSERT INTO books (id, title) VALUES (1, 'Emma')\")")
    status, log = fleet.boot(settings={"seed_if_empty": "books"})
    assert status == 0 and "table books has rows" in log and fleet.seeds_ended() == []


def test_what_is_asked_at_every_start_needs_no_lock_while_there_are_rows(fleet):
    settings = {"seed_if_empty": "books", "seed_when": "always"}
    assert fleet.boot(settings=settings)[0] == 0
    assert fleet.boot(settings=settings)[0] == 0
    assert len(fleet.seeds_ended()) == 2
    execute(fleet.url, "INSERT INTO books (id, title) VALUES (1, 'Emma')")
    status, log = fleet.boot(settings=settings)
    assert status == 0 and "seed: table books has rows, nothing to seed; nothing is due" in log
    assert len(fleet.seeds_ended()) == 2 and len(seeds_in_ledger(fleet.url)) == 2


def test_of_many_replicas_one_seeds_what_is_empty(fleet):
    seed = fleet.folder.script("sow", f"#!/bin/sh\n{fleet.seed}\n: >\"$FLEET/sown\"\n")
    fleet.start_many(5, settings={"seed_all": seed, "seed_when": "always", "seed_unless_file": fleet.folder / "sown"})
    fleet.expect_all_to_start()
    assert len(fleet.seeds_ended()) == 1 and len(fleet.apps()) == 5


def test_a_file_that_is_there_is_a_reason(fleet):
    settings = {"seed_unless_file": "sown", "app_workdir": fleet.folder.path}
    (fleet.folder / "sown").touch()
    status, log = fleet.boot(settings=settings)
    assert status == 0 and "seed: sown is there, nothing to seed" in log
    assert fleet.seeds_ended() == [] and seeds_in_ledger(fleet.url) == [("passed", "0003")]


@pytest.mark.parametrize("flag, runs", [("no", 0), ("yes", 1)])
def test_a_condition_decides(fleet, flag, runs):
    status, log = fleet.boot(settings={"seed_if": "SOW and !SKIP"}, environment={"SOW": flag})
    assert status == 0 and len(fleet.seeds_ended()) == runs
    assert ("seed is left out: if = SOW and !SKIP does not hold" in log) == (runs == 0)


def test_a_status_that_counts_as_done_is_done(fleet):
    seed = fleet.folder.script("sow", f"#!/bin/sh\n{fleet.seed}\nexit 4\n")
    for _ in range(2):
        status, log = fleet.boot(settings={"seed_all": seed, "seed_ok_exit": "0,4"})
        assert status == 0
    assert "nothing is due" in log and len(fleet.seeds_ended()) == 1
    assert seeds_in_ledger(fleet.url) == [("finished", "0003")]


def test_any_other_status_is_a_failure(fleet):
    seed = fleet.folder.script("sow", "#!/bin/sh\nexit 5\n")
    status, log = fleet.boot(settings={"seed_all": seed, "seed_ok_exit": "4"})
    assert status == 80 and "ended with status 5" in log
    assert seeds_in_ledger(fleet.url) == [("failed", "0003")]


def test_a_table_that_must_not_be_read_is_said_by_its_name(postgres, make_fleet):
    fleet = make_fleet(postgres.url())
    postgres.sql("CREATE SCHEMA audit; CREATE TABLE audit.books (id INT); GRANT USAGE ON SCHEMA audit TO app",
                 name="shop")
    status, log = fleet.boot(settings={"seed_if_empty": "audit.books"})
    assert status == 77 and "of audit.books, of seed.if_empty" in errors(log)[-1]
    postgres.sql("GRANT SELECT ON audit.books TO app; INSERT INTO audit.books VALUES (1)", name="shop")
    status, log = fleet.boot(settings={"seed_if_empty": "audit.books"})
    assert status == 0 and "table audit.books has rows" in log
