"""A backup in a boot: before an upgrade that changes something, by one replica, and nothing runs where it fails."""

import sys

import pytest

import harness

sys.path.insert(0, str(harness.ROOT / "tests" / "coordination"))

from fleet import Fleet, REVISIONS  # noqa: E402

LATER = "0004"


@pytest.fixture
def fleet(container, folder, request, server_of_fleet):
    (folder / "backups").mkdir()
    fleet = Fleet(container, folder, server_of_fleet.url())
    fleet.own_project()
    fleet.settings = {"backup_directory": folder / "backups"}
    assert fleet.boot()[0] == 0
    fleet.add_revision(LATER, REVISIONS[-1])
    return fleet


@pytest.fixture(params=["postgres_server", "mariadb_server"])
def server_of_fleet(request):
    server = request.getfixturevalue(request.param)
    server.sql("DROP DATABASE IF EXISTS shop")
    server.sql("CREATE DATABASE shop" + (" OWNER app" if request.param == "postgres_server" else ""))
    return server


def files(fleet):
    return sorted(path.name for path in (fleet.folder / "backups").iterdir() if not path.name.endswith(".manifest"))


def ledger(server):
    return [tuple(row) for row in server.sql("SELECT kind, state FROM tminus_ledger WHERE kind IN ('backup', 'upgrade') "
                                             "ORDER BY n", name="shop")]


def test_an_empty_database_is_not_backed_up_and_a_pending_one_is(fleet, server_of_fleet):
    assert not files(fleet) and ledger(server_of_fleet) == [("upgrade", "finished")]
    status, log = fleet.boot()
    file, = files(fleet)
    assert status == 0 and f"-{REVISIONS[-1]}." in file
    assert log.index("backup: ") < log.index("backup finished") < log.index("upgrade: ")
    assert "reason = upgrade\n" in (fleet.folder / "backups" / f"{file}.manifest").read_text()
    assert ledger(server_of_fleet) == [("upgrade", "finished"), ("backup", "finished"), ("upgrade", "finished")]
    assert fleet.applied() == [*REVISIONS, LATER]


def test_at_head_there_is_no_backup(fleet):
    assert fleet.boot()[0] == 0
    assert fleet.boot()[0] == 0
    assert len(files(fleet)) == 1


def test_one_replica_alone_backs_up(fleet):
    replicas = fleet.start_many(5)
    fleet.expect_all_to_start(replicas)
    assert len(files(fleet)) == 1 and fleet.applied() == [*REVISIONS, LATER]


def test_a_backup_that_fails_keeps_upgrade_and_app_from_running(fleet, server_of_fleet):
    apps = len(fleet.apps())
    status, log = fleet.boot(settings={"backup_directory": fleet.folder / "missing"})
    assert status == 73 and "backup failed: backup.directory" in log
    assert fleet.applied() == REVISIONS and len(fleet.apps()) == apps
    assert ledger(server_of_fleet)[-1] == ("backup", "failed")
    assert fleet.boot()[0] == 0 and fleet.applied() == [*REVISIONS, LATER]


def test_a_backup_at_every_boot(fleet):
    for _ in range(2):
        assert fleet.boot(settings={"backup_when": "always"})[0] == 0
    assert len(files(fleet)) == 2
    assert "reason = boot\n" in (fleet.folder / "backups" / f"{files(fleet)[0]}.manifest").read_text()


def test_never(fleet):
    assert fleet.boot(settings={"backup_when": "never"})[0] == 0
    assert not files(fleet) and fleet.applied() == [*REVISIONS, LATER]


def test_a_guarded_command_with_a_backup(make_backups, database):
    backups = make_backups(database)
    status, log = backups.run("guard", "--backup", "--", "echo", "done")
    file, = backups.files()
    assert status == 0 and log.index("backup finished") < log.index("guard: echo done")
    assert backups.manifest(backups.path / file)["reason"] == "guard"
    status, log = backups.run("guard", "--backup", "--", "touch", str(backups.folder / "ran"), backup_directory=None)
    assert status == 73 and not (backups.folder / "ran").exists()


def test_the_backup_before_the_first_of_several_failures_is_kept(fleet):
    """A container that is started again and again must not count out the one that holds nothing half done."""
    fleet.add_revision(LATER, REVISIONS[-1], 'raise RuntimeError("half-way")')
    fleet.settings["backup_keep"] = "2"
    kept = []
    for _ in range(4):
        assert fleet.boot()[0] == 76
        kept.append(files(fleet))
    assert [len(names) for names in kept] == [1, 2, 3, 3]
    assert kept[0][0] in kept[-1]


def test_check_tells_that_the_folder_for_a_due_backup_is_missing(fleet, container):
    (fleet.folder / "backups").rmdir()
    run = container("check", environment={
        "DATABASE_URL": fleet.url, "TMINUS_BACKUP_DIRECTORY": str(fleet.folder / "backups"), "TMINUS_UPGRADE_TOOL": "alembic",
        "TMINUS_UPGRADE_MIGRATIONS": str(fleet.project),
        "TMINUS_UPGRADE_COMMAND": f"alembic -c {fleet.project}/alembic.ini upgrade head"})
    assert run.wait() == 73 and "make it, or mount a volume there" in run.out.text()


@pytest.mark.parametrize("words", [("boot",), ("check",), ("--", "true")])
def test_a_backup_that_no_database_is_known_for_is_refused(container, folder, words):
    """An app with a database of its own choice, which tminus does not see, must not seem to be backed up."""
    run = container(*words, environment={"TMINUS_BACKUP_DIRECTORY": str(folder.path),
                                         "TMINUS_UPGRADE_COMMAND": f"touch {folder / 'upgraded'}"})
    assert run.wait() == 78
    assert "there is no database with a login" in run.out.text() + run.err.text()
    assert not (folder / "upgraded").exists()
