"""upgrade.unversioned = stamp:REVISION: tables that are older than the version table."""

import pytest
import sqlalchemy

from fleet import connect
from test_failures import errors

STAMP = {"upgrade_unversioned": "stamp:0001"}


@pytest.fixture
def fleet(any_url, make_fleet):
    return make_fleet(any_url)


def execute(url, statement):
    with connect(url) as connection, connection.begin():
        return connection.execute(sqlalchemy.text(statement))


def ledger(url):
    with connect(url) as connection:
        return [tuple(row) for row in connection.execute(sqlalchemy.text(
            "SELECT kind, state, revision_from, revision_to FROM tminus_ledger "
            "WHERE kind IN ('stamp', 'upgrade') ORDER BY n"))]


def test_tables_without_a_version_get_that_one_and_the_upgrade_goes_on_from_there(fleet):
    execute(fleet.url, "CREATE TABLE books (id INTEGER PRIMARY KEY, title VARCHAR(80))")
    status, log = fleet.boot(settings=STAMP)
    assert status == 0, log
    assert "due: stamp, upgrade, seed; migrations: unversioned" in log and " stamp 0001\n" in log
    assert ledger(fleet.url) == [("stamp", "finished", "", "0001"), ("upgrade", "finished", "0001", "0003")]
    status, log = fleet.boot(settings=STAMP)
    assert status == 0 and "nothing is due" in log


def test_an_empty_database_is_not_stamped(fleet):
    status, log = fleet.boot(settings=STAMP)
    assert status == 0 and fleet.applied() == ["0001", "0002", "0003"]
    assert "due: upgrade, seed" in log


def test_a_stamp_that_fails_is_76_and_nothing_is_upgraded(fleet):
    execute(fleet.url, "CREATE TABLE books (id INTEGER PRIMARY KEY, title VARCHAR(80))")
    status, log = fleet.boot(settings={"upgrade_unversioned": "stamp:0009"})
    assert status == 76 and errors(log)[-1].startswith("stamp failed: ") and fleet.applied() == []
    assert fleet.boot(settings=STAMP)[0] == 0 and ledger(fleet.url)[-1] == ("upgrade", "finished", "0001", "0003")


@pytest.mark.parametrize("value, fault", [
    ("stamp:head", "what the tables lack of them would be missing for ever"),
    ("stamp:heads", "what the tables lack of them would be missing for ever"),
    ("stamp:", "names no revision"),
    ("stamp:base", "names no revision"),
    ("stamp:0001+1", "names no revision"),
    ("stamp:--sql", "names no revision"),
    ("stampede", "is not one of run, refuse, stamp:REVISION"),
])
def test_what_is_no_revision_is_refused(postgres, make_fleet, value, fault):
    status, log = make_fleet(postgres.url()).boot(settings={"upgrade_unversioned": value})
    assert status == 78 and f'"{value}" ' in errors(log)[0] and fault in errors(log)[0]


@pytest.mark.parametrize("settings, fault", [
    ({"upgrade_tool": "dbmate"}, "is known of Alembic and Flask-Migrate alone"),
    ({"upgrade_command": "make tables"}, "is known of Alembic and Flask-Migrate alone"),
    ({"upgrade_trust": "tool"}, "which upgrade.trust = tool forbids"),
])
def test_it_needs_alembic_and_its_state(postgres, make_fleet, settings, fault):
    status, log = make_fleet(postgres.url()).boot(settings={**STAMP, **settings})
    assert status == 78 and fault in errors(log)[0]
