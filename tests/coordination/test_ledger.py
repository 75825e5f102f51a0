"""The ledger in the database: what it holds, who sees it, and what it needs."""

import contextlib

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import servers
from fleet import REVISIONS, connect
from test_failures import errors

BOTH_SERVERS = True

COLUMNS = ["kind", "name", "state", "digest", "revision_from", "revision_to", "boot", "host", "at"]


def rows_of(url):
    with connect(url) as connection:
        return connection.execute(sqlalchemy.text("SELECT n, kind, state, revision_from, revision_to, digest, host, "
                                                  "at FROM tminus_ledger ORDER BY n")).fetchall()


def test_it_holds_what_was_done(any_url, make_fleet):
    assert make_fleet(any_url).boot()[0] == 0
    rows = rows_of(any_url)
    assert [row[:5] for row in rows] == [
        (1, "upgrade", "finished", "", "0003"), (2, "trust", "finished", "", ""), (3, "seed", "finished", "0003", "0003")]
    assert all(row.host and row.at.startswith("20") for row in rows if row.kind != "trust")
    assert len(rows[1].digest) == 64 and len(rows[2].digest) == 64


def test_autogenerate_proposes_nothing_about_it(any_url, make_fleet):
    assert make_fleet(any_url).boot()[0] == 0
    with connect(any_url) as connection:
        changes = compare_metadata(MigrationContext.configure(connection), sqlalchemy.MetaData())
    assert sorted(change[1].name for change in changes) == ["applied", "authors", "books"]
    assert "tminus" not in repr(changes)


def test_fifty_entries_are_kept_and_the_newest_of_each_kind(any_url, make_fleet):
    cast = "::text" if any_url.startswith("postgresql") else ""
    selects = []
    for number in range(1, 51):
        kind = "step" if number == 1 else "seed"
        values = {"kind": kind, "name": "first" if number == 1 else "", "state": "finished", "boot": f"b{number}",
                  "at": "2026-01-01T00:00:00Z"}
        selects.append(f"SELECT {number} AS n, " +
                       ", ".join(f"'{values.get(column, '')}'{cast} AS {column}" for column in COLUMNS))
    with connect(any_url) as connection, connection.begin():
        connection.execute(sqlalchemy.text("CREATE VIEW tminus_ledger AS " + " UNION ALL ".join(selects)))
    fleet = make_fleet(any_url)
    for _ in range(2):
        status, log = fleet.boot(settings={"seed_when": "always", "upgrade_mode": "off"})
        assert status == 0, log
    rows = rows_of(any_url)
    assert len(rows) == 50 and rows[0].kind == "step" and rows[0].n == 1
    assert [row.n for row in rows] == list(range(1, 51))
    assert rows[-1].host and not rows[-3].host


@contextlib.contextmanager
def without_the_right_to_create_views(server):
    """The role app, which can do all else in shop."""
    if isinstance(server, servers.Postgres):
        server.sql("ALTER DATABASE shop OWNER TO postgres")
        yield
        return
    server.sql("REVOKE CREATE VIEW ON shop.* FROM app")
    try:
        yield
    finally:
        server.sql("GRANT ALL ON shop.* TO app")


def test_a_role_that_cannot_create_views_is_told_which_one_and_which_right(fleet, server):
    with without_the_right_to_create_views(server):
        status, log = fleet.boot(settings={"upgrade_mode": "off"})
    assert status == 77, log
    assert len(errors(log)) == 1 and "tminus_ledger" in errors(log)[0]
    right = "CREATE" if isinstance(server, servers.Postgres) else "CREATE VIEW"
    assert right in errors(log)[0], errors(log)
    assert not fleet.lines("seeds") and not fleet.apps()


def test_something_else_of_its_name_is_refused_and_said(any_url, make_fleet):
    with connect(any_url) as connection, connection.begin():
        connection.execute(sqlalchemy.text("CREATE TABLE tminus_ledger (n INT, strange INT)"))
    status, log = make_fleet(any_url).boot()
    assert status == 77, log
    assert len(errors(log)) == 1 and "kind" in errors(log)[0]


def own_schema(fleet):
    """A project whose env.py makes a schema and works there, as those for shared databases do."""
    fleet.own_project()
    env = fleet.project / "env.py"
    text = env.read_text().replace(", transaction_per_migration=True", "")
    env.write_text(text.replace("        context.run_migrations()", (
        "        context.execute('CREATE SCHEMA IF NOT EXISTS launches')\n"
        "        context.execute('SET search_path TO launches')\n"
        "        context.run_migrations()")))
    fleet.settings.update(database_schema="launches")


def test_a_version_table_in_another_schema_is_upgraded_and_seeded_once(postgres, make_fleet):
    fleet = make_fleet(postgres.url())
    own_schema(fleet)
    outcome = fleet.boot()
    assert outcome[0] == 0, outcome[1]
    status, log = fleet.boot()
    assert status == 0 and "nothing is due" in log
    assert fleet.applied() == REVISIONS and len(fleet.seeds_ended()) == 1


def test_a_search_path_that_the_upgrade_itself_makes_true_is_no_obstacle(postgres, make_fleet):
    fleet = make_fleet(postgres.url(options="-csearch_path=launches"))
    own_schema(fleet)
    assert fleet.boot()[0] == 0
    assert "nothing is due" in fleet.boot()[1]
    assert fleet.applied() == REVISIONS and len(fleet.seeds_ended()) == 1


def test_it_is_read_when_whoever_wrote_it_is_gone(mariadb, make_fleet):
    mariadb.sql("CREATE USER writer IDENTIFIED BY 'secret'")
    mariadb.sql("GRANT ALL ON shop.* TO writer")
    assert make_fleet(mariadb.url(user="writer")).boot()[0] == 0
    mariadb.sql("DROP USER writer")
    status, log = make_fleet(mariadb.url()).boot()
    assert status == 0, log
