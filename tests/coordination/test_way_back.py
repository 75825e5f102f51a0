"""After an upgrade that failed: the way back, and when it is not gone."""

import contextlib
import pathlib
import re

import pytest

import foreign
import harness
import servers

CREATE = 'op.execute("CREATE TABLE shelves (id int)")'
DROP = 'op.execute("DROP TABLE shelves")'
FAIL = 'raise RuntimeError("the shelf breaks")'


def errors(log):
    return re.findall(r"^tminus: error: (.*)$", log, re.MULTILINE)


def tables(server):
    owner = "public" if isinstance(server, servers.Postgres) else "shop"
    rows = server.sql(f"SELECT table_name FROM information_schema.tables WHERE table_schema = '{owner}'", "shop")
    return {row[0] for row in rows}


def revision(server):
    return [row[0] for row in server.sql("SELECT version_num FROM alembic_version", "shop")]


@pytest.fixture
def broken(fleet):
    """At 0003, with 0004 that works and 0005 that does not."""
    fleet.own_project()
    assert fleet.boot()[0] == 0
    fleet.add_revision("0004", "0003", CREATE, DROP)
    fleet.add_revision("0005", "0004", FAIL)
    return fleet


def test_without_a_way_back_the_database_stays_where_the_upgrade_left_it(broken, server):
    assert broken.boot()[0] == 76
    assert revision(server) == ["0004"] and "shelves" in tables(server)


def test_rollback_leaves_the_revision_that_was_there_before(broken, server):
    broken.settings["upgrade_on_failure"] = "rollback"
    status, log = broken.boot()
    assert status == 76 and "rollback: back to 0003" in log and "again as it was before" in errors(log)[-1]
    assert revision(server) == ["0003"] and "shelves" not in tables(server)


def test_rollback_goes_back_to_nothing(fleet, server):
    fleet.own_project()
    fleet.add_revision("0004", "0003", FAIL)
    fleet.settings["upgrade_on_failure"] = "rollback"
    status, log = fleet.boot()
    assert status == 76 and "rollback: back to base" in log
    assert revision(server) == []


def test_a_command_of_ones_own_gets_the_revision(broken):
    told = broken.folder / "told"
    broken.settings.update(upgrade_on_failure="rollback", upgrade_rollback=f"sh -c 'echo $TMINUS_REVISION >{told}'")
    status, _ = broken.boot()
    assert status == 76 and told.read_text(encoding="utf-8") == "0003\n"


def test_a_rollback_that_fails_is_said(broken):
    broken.settings.update(upgrade_on_failure="rollback", upgrade_rollback="sh -c 'exit 5'")
    status, log = broken.boot()
    assert status == 76 and "so did the way back" in errors(log)[-1] and "status 5" in errors(log)[-1]


def test_nothing_is_rolled_back_while_somebody_is_connected(broken, server):
    broken.settings["upgrade_on_failure"] = "rollback"
    other = server.connect("shop")
    try:
        status, log = broken.boot()
    finally:
        other.close()
    assert status == 76 and "rollback: nothing is done: others are connected: " in errors(log)[-1]
    assert log.count("upgrade failed: ") == 1 and len(errors(log)) == 2
    assert revision(server) == ["0004"]


def test_what_a_killed_tool_has_left_on_mariadb_is_waited_for(mariadb, make_fleet):
    fleet = make_fleet(mariadb.url())
    fleet.own_project()
    assert fleet.boot()[0] == 0
    fleet.add_revision("0004", "0003", CREATE, DROP)
    fleet.add_revision("0005", "0004", 'op.execute("SELECT * FROM books FOR UPDATE")')
    fleet.settings["upgrade_on_failure"] = "rollback"
    with contextlib.closing(foreign.as_app(mariadb, database=None)) as other:
        foreign.run(other, "BEGIN")
        foreign.run(other, "INSERT INTO shop.books (title) VALUES ('locked')")
        replica = fleet.start()
        harness.await_true(lambda: mariadb.sql("SELECT 1 FROM information_schema.processlist WHERE info LIKE '%FOR UPDATE'"
                                               " AND user = 'app'"), "the tool to wait", 60)
        replica.child("alembic").signal(9)
        replica.expect_error(r"waits for what may be left of a command that was killed: connection \d+ \(app@127")
        foreign.run(other, "ROLLBACK")
        assert replica.wait(60) == 76
    assert "rollback: back to 0003" in replica.err.text() and revision(mariadb) == ["0003"]


def test_the_next_start_after_a_rollback_upgrades(broken, server):
    broken.settings["upgrade_on_failure"] = "rollback"
    assert broken.boot()[0] == 76
    broken.add_revision("0005", "0004")
    assert broken.boot()[0] == 0 and revision(server) == ["0005"]


def test_on_postgres_an_upgrade_that_took_itself_back_needs_no_way_back(postgres, make_fleet):
    fleet = make_fleet(postgres.url())
    fleet.own_project()
    assert fleet.boot()[0] == 0
    fleet.add_revision("0004", "0003", FAIL)
    fleet.settings["upgrade_on_failure"] = "rollback"
    status, log = fleet.boot()
    assert status == 76 and "nothing is done: the database is at 0003, as it was before" in log
    assert revision(postgres) == ["0003"]


def test_verify_that_fails_is_79_and_goes_back(fleet, server):
    fleet.own_project()
    assert fleet.boot()[0] == 0
    fleet.add_revision("0004", "0003", CREATE, DROP)
    fleet.settings.update(upgrade_on_failure="rollback", verify_command="sh -c 'exit 4'")
    status, log = fleet.boot()
    assert status == 79 and errors(log)[0].startswith("verify failed: ") and not fleet.apps()[1:]
    assert revision(server) == ["0003"]


def test_verify_runs_behind_the_upgrade_and_before_the_seed(fleet):
    fleet.settings["verify_command"] = f"sh -c 'cp {fleet.folder / 'applied'} {fleet.folder / 'verified'}'"
    assert fleet.boot()[0] == 0
    assert fleet.lines("verified") == fleet.applied() and len(fleet.seeds_ended()) == 1
    (fleet.folder / "verified").unlink()
    assert fleet.boot()[0] == 0 and not fleet.lines("verified"), "nothing was upgraded, so nothing is verified"


def test_an_upgrade_that_says_yes_and_does_nothing_is_79(fleet):
    fleet.own_project()
    assert fleet.boot()[0] == 0
    fleet.add_revision("0004", "0003")
    status, log = fleet.boot(settings={"upgrade_command": "true", "upgrade_trust": "native"})
    assert status == 79 and "said that it succeeded, but the database is pending" in errors(log)[0]
    assert len(fleet.apps()) == 1 and fleet.boot()[0] == 0


def test_a_way_back_that_nobody_knows_is_refused_before_anything_starts(fleet):
    status, log = fleet.boot(settings={"upgrade_tool": "goose", "upgrade_on_failure": "rollback"})
    assert status == 78 and "upgrade.rollback" in log and not fleet.applied()
    status, log = fleet.boot(settings={"upgrade_on_failure": "restore"})
    assert status == 78 and "backup.directory" in log and not fleet.applied()


@pytest.fixture
def with_backup(broken):
    """The same, with a row that the upgrade destroys, and a backup to put back."""
    directory = broken.folder / "backups"
    directory.mkdir()
    broken.add_revision("0004", "0003", CREATE + '; op.execute("DELETE FROM books")')
    broken.settings.update(upgrade_on_failure="restore", backup_directory=str(directory))
    return broken


def titles(server):
    return sorted(row[0] for row in server.sql("SELECT title FROM books", "shop"))


def test_restore_puts_back_what_the_upgrade_has_destroyed(with_backup, server):
    server.sql("INSERT INTO books (title) VALUES ('kept')", "shop")
    status, log = with_backup.boot()
    assert status == 76 and "again as it was before (restore)" in errors(log)[-1], log
    assert revision(server) == ["0003"] and "shelves" not in tables(server) and titles(server) == ["kept"]


def test_the_ledger_says_that_the_upgrade_failed_although_it_is_older_now(with_backup, server):
    assert with_backup.boot()[0] == 76
    rows = server.sql("SELECT kind, state FROM tminus_ledger ORDER BY n", "shop")
    assert rows[-1] == ("upgrade", "failed") and ("upgrade", "begun") not in rows and ("backup", "begun") not in rows


def test_the_next_start_after_a_restore_upgrades(with_backup, server):
    assert with_backup.boot()[0] == 76
    with_backup.add_revision("0005", "0004")
    status, log = with_backup.boot()
    assert status == 0 and revision(server) == ["0005"], log


def test_nothing_is_restored_while_somebody_is_connected(with_backup, server):
    other = server.connect("shop")
    try:
        status, log = with_backup.boot()
    finally:
        other.close()
    assert status == 76 and "nothing is done: others are connected: " in log
    assert revision(server) == ["0004"]
    assert pathlib.Path(re.search(r"the backup from before it: tminus restore (\S+)", log)[1]).is_file()


def test_a_backup_that_cannot_be_made_keeps_the_upgrade_from_running(with_backup, server):
    status, log = with_backup.boot(settings={"backup_directory": str(with_backup.folder / "missing")})
    assert status == 73 and "missing" in errors(log)[0]
    assert revision(server) == ["0003"] and len(with_backup.apps()) == 1


def test_tables_that_had_no_version_are_not_rolled_back(fleet, server):
    """What was there before has no revision: the way down to nothing would drop it."""
    fleet.own_project()
    server.sql("CREATE TABLE readers (name varchar(20))", "shop")
    server.sql("INSERT INTO readers VALUES ('kept')", "shop")
    for file in (fleet.project / "versions").glob("*.py"):
        file.unlink()
    fleet.add_revision("0001", None, 'op.execute("CREATE TABLE IF NOT EXISTS readers (name varchar(20))")',
                       'op.execute("DROP TABLE readers")')
    fleet.settings.update(upgrade_on_failure="rollback", verify_command="sh -c 'exit 4'")
    status, log = fleet.boot()
    assert status == 79 and "nothing is done: there were tables without a version" in log, log
    assert list(server.sql("SELECT name FROM readers", "shop")) == [("kept",)]


def test_nothing_goes_back_while_somebody_else_has_the_lock(postgres, make_fleet):
    fleet = make_fleet(postgres.url())
    fleet.own_project()
    assert fleet.boot()[0] == 0
    fleet.add_revision("0004", "0003", CREATE, DROP)
    fleet.close("gate")
    verify = fleet.folder.script("verify", '#!/bin/sh\ntouch "$GATE.reached"\n'
                                 'while [ -e "$GATE" ]; do sleep 0.01; done\nexit 4\n')
    fleet.settings.update(upgrade_on_failure="rollback", verify_command=verify)
    replica = fleet.start()
    harness.await_true((fleet.folder / "gate.reached").exists, "verify to begin", 60)
    with contextlib.closing(postgres.connect("shop")) as thief:
        foreign.run(thief, "SET application_name = 'tminus'")
        foreign.run(thief, "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
        foreign.run(thief, foreign.LOCK[servers.Postgres])
        fleet.open("gate")
        status = replica.wait(60)
    assert status == 79 and "nothing is done: the lock was lost" in replica.err.text(), replica.err.text()
    assert revision(postgres) == ["0004"]


def test_what_was_not_verified_is_not_started_on_at_the_next_start_either(fleet):
    fleet.own_project()
    assert fleet.boot()[0] == 0
    fleet.add_revision("0004", "0003", CREATE, DROP)
    settings = {"verify_command": "sh -c 'exit 4'"}
    assert [fleet.boot(settings=settings)[0] for _ in range(2)] == [79, 79]
    assert len(fleet.apps()) == 1
    status, log = fleet.boot(settings={"verify_command": "true"})
    assert status == 0 and len(fleet.apps()) == 2, log
    assert "verify" not in fleet.boot(settings=settings)[1]


def test_an_upgrade_that_fails_names_the_backup_from_before_it(with_backup):
    status, log = with_backup.boot(settings={"upgrade_on_failure": "stop"})
    file = re.search(r"tminus restore (\S+)", log)
    assert status == 76 and pathlib.Path(file[1]).is_file()
