"""Restores that hold for every kind of database."""

import re

import pytest

import servers
from restored import ODD, Postgres
from shop import make_shop


def test_everything_comes_back_row_by_row(shop):
    before, definitions = shop.contents(), shop.definitions()
    file = shop.backup()
    shop.spoil()
    assert shop.contents() != before
    said = shop.restore("latest")
    assert shop.contents() == before
    assert shop.definitions() == definitions
    assert f"is restored from {file.name}" in said


def test_rows_that_come_later_get_new_numbers(shop):
    shop.backup()
    shop.execute("DELETE FROM items", "DELETE FROM users")
    shop.restore("latest")
    shop.execute("INSERT INTO users (name) VALUES ('fourth')")
    assert shop.ask("SELECT id FROM users WHERE name = 'fourth'") == [(4,)]


def test_what_was_there_can_be_restored_in_its_turn(shop):
    shop.backup()
    shop.spoil()
    spoilt = shop.contents()
    said = shop.restore("latest")
    safety = re.search(r"what was there before is in (\S+)", said)[1]
    assert shop.contents() != spoilt
    shop.restore(safety)
    assert shop.contents() == spoilt


def test_safety_backups_do_not_count_out_the_others(shop):
    files = [shop.backup(TMINUS_BACKUP_KEEP="2") for _ in range(2)]
    for _ in range(3):
        shop.restore("latest", TMINUS_BACKUP_KEEP="2")
    shop.run("backup", TMINUS_BACKUP_KEEP="2")
    left = shop.backups()
    assert files[0] not in left and files[1] in left
    made = [path for path in left if "reason = restore" in path.with_name(path.name + ".manifest").read_text()]
    assert len(made) == 2 and len(left) == 4


def test_a_table_with_a_comma_in_its_name_is_left_out_and_stays(mariadb):
    mariadb.fill()
    mariadb.execute("CREATE TABLE `a, b` (n INTEGER)", "INSERT INTO `a, b` VALUES (1)")
    mariadb.backup(TMINUS_BACKUP_EXCLUDE="'a, b' log")
    mariadb.spoil()
    mariadb.execute("UPDATE `a, b` SET n = 2")
    mariadb.restore("latest")
    assert mariadb.ask("SELECT n FROM `a, b`") == [(2,)]


def test_the_time_limit_of_backups_cuts_no_restore_short(sqlite):
    sqlite.fill()
    before = sqlite.contents()
    sqlite.backup()
    sqlite.spoil()
    sqlite.restore("latest", TMINUS_BACKUP_TIMEOUT="1ms")
    assert sqlite.contents() == before


def test_a_database_of_system_versioned_tables_is_not_empty(mariadb):
    mariadb.fill()
    mariadb.backup()
    other = mariadb.other()
    other.execute("CREATE TABLE versioned (n INTEGER) WITH SYSTEM VERSIONING", "INSERT INTO versioned VALUES (1)")
    said = other.restore("latest", "--into", other.url())
    assert "what was there before is in other-" in said


def test_latest_is_no_safety_backup(shop):
    before = shop.contents()
    shop.backup()
    shop.spoil()
    shop.restore("latest")
    shop.spoil()
    shop.restore("latest")
    assert shop.contents() == before


def test_the_file_that_is_restored_is_not_counted_out(shop):
    before = shop.contents()
    file = shop.backup()
    shop.spoil()
    shop.restore("latest", TMINUS_BACKUP_KEEP="1")
    assert file.exists()
    assert shop.contents() == before


def test_latest_is_not_another_databases(shop):
    before = shop.contents()
    shop.backup()
    other = shop.other()
    other.execute("CREATE TABLE foreign_one (id INTEGER)")
    other.backup()
    shop.spoil()
    shop.restore("latest")
    assert shop.contents() == before


def test_latest_is_not_another_servers_at_the_same_address(postgres, folder):
    """Two projects have a database "shop" on their host "db", and one folder for backups."""
    postgres.fill()
    with servers.Postgres(own=True) as server, servers.Relay(postgres.server.port) as address:
        elsewhere = Postgres(folder, make_shop(server))
        here = {"DATABASE_URL": servers.url("postgresql", "127.0.0.1", address.port, "app", "secret", "shop")}
        before = postgres.contents()
        postgres.backup(**here)
        address.target = server.port
        elsewhere.execute("CREATE TABLE theirs (id INTEGER)")
        assert "are of another server's, or file's, with that address" in postgres.restore("latest", status=74, **here)
        newest = postgres.backup(TMINUS_BACKUP_KEEP="1", **here)
        address.target = postgres.server.port
        postgres.spoil()
        postgres.restore("latest", **here)
        assert postgres.contents() == before
        address.target = server.port
        elsewhere.execute("DROP TABLE theirs")
        for each in postgres.backups():
            if server_of(each) == server_of(newest):
                each.unlink()
        postgres.restore("latest", **here)
        assert elsewhere.contents() == before, "what was lost comes back from the backups of the old server"


def server_of(file):
    return re.search("^identity = (\\d+)$", file.with_name(f"{file.name}.manifest").read_text(), re.MULTILINE)[1]


def test_into_another_database_says_so(shop):
    before = shop.contents()
    file = shop.backup()
    other = shop.other()
    said = other.restore(str(file), "--into", other.url())
    assert other.contents() == before
    assert re.search(r"backup of \S+shop\S*, into \S+other", said)
    assert "nothing is there yet" in said


@pytest.mark.parametrize("setting", ["DATABASE_URL", "DATABASE_NAME", "UPGRADE_URL", "LOCK_URL"])
def test_into_another_database_is_never_the_configured_one(shop, setting):
    file = shop.backup()
    shop.spoil()
    spoilt = shop.contents()
    value = shop.url() if setting.endswith("URL") else str(shop.path) if shop.kind == "sqlite" else shop.name
    other = shop.other()
    said = shop.restore(str(file), "--into", other.url(), **{f"TMINUS_{setting}": value})
    assert shop.contents() == spoilt and other.contents() != spoilt and other.contents()
    assert "(--into) is ready" in said


def test_latest_of_several_databases_into_another_is_refused(shop):
    shop.backup()
    other = shop.other()
    other.execute("CREATE TABLE foreign_one (id INTEGER)")
    other.backup()
    said = shop.restore("latest", "--into", other.url(), status=74)
    assert "more than one database: name the file" in said


def test_a_damaged_file_changes_nothing(shop):
    file = shop.backup()
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)
    shop.spoil()
    before = shop.contents()
    said = shop.restore("latest", status=74)
    assert "is damaged: its SHA-256" in said
    file.write_bytes(content[:-1])
    assert "is damaged: it has" in shop.restore(str(file), status=74)
    assert shop.contents() == before


def test_a_file_without_a_manifest_is_taken_with_a_warning(shop):
    before = shop.contents()
    file = shop.backup()
    (file.parent / (file.name + ".manifest")).unlink()
    shop.spoil()
    said = shop.restore(str(file))
    assert "has no manifest" in said
    assert shop.contents() == before


def test_a_damaged_file_without_a_manifest_changes_nothing(shop):
    file = shop.backup()
    (file.parent / (file.name + ".manifest")).unlink()
    content = file.read_bytes()
    file.write_bytes(content[: len(content) * 2 // 3])
    shop.spoil()
    before = shop.contents()
    shop.restore(str(file), status=74)
    assert shop.contents() == before


def test_another_kind_of_database_is_refused(shop, folder):
    file = folder / "foreign"
    file.write_bytes(b"SQLite format 3\0" if shop.kind != "sqlite" else b"PGDMP")
    before = shop.contents()
    assert "is a backup of" in shop.restore(str(file), status=74)
    assert shop.contents() == before


def test_any_other_file_is_refused(shop, folder):
    (folder / "notes").write_text("no backup")
    assert "has no manifest, and is no dump" in shop.restore(str(folder / "notes"), status=74)
    assert "backup --list" in shop.restore("missing", status=74)
    assert "there is no backup of" in shop.restore("latest", status=74)


def test_nothing_is_restored_where_the_safety_backup_has_no_place(shop):
    file = shop.backup()
    shop.spoil()
    before = shop.contents()
    said = shop.restore(str(file), TMINUS_BACKUP_DIRECTORY="", status=74)
    assert "backup.directory is not set" in said
    assert shop.contents() == before


def test_rows_alone_leave_structure_and_version_as_they_are(shop):
    shop.without_triggers()
    users, odd, log = shop.rows("users"), shop.rows(shop.quote(ODD)), shop.rows("log")
    shop.backup()
    shop.execute("DELETE FROM items", "DELETE FROM users", "UPDATE alembic_version SET version_num = 'b2'",
                 "CREATE TABLE later (id INTEGER)", "INSERT INTO later VALUES (1)", "ALTER TABLE items ADD COLUMN added INTEGER",
                 "INSERT INTO log VALUES ('more')")
    said = shop.restore("latest", "--data-only", "--truncate")
    assert shop.rows("users") == users
    assert shop.rows(shop.quote(ODD)) == odd
    assert shop.rows("log") == log  # no trigger has added to it
    assert shop.ask("SELECT id, added FROM items ORDER BY 1") == [(1, None), (2, None), (3, None), (4, None)]
    assert shop.ask("SELECT version_num FROM alembic_version") == [("b2",)]
    assert shop.rows("later") == ["(1,)"]
    assert " at revision " not in said
    shop.execute("INSERT INTO users (name) VALUES ('with its trigger')")
    assert len(shop.rows("log")) == len(log) + (shop.kind != "mysql")


def test_rows_alone_are_added_to_what_is_there_or_not_at_all(shop):
    shop.without_triggers()
    shop.backup()
    before = shop.contents()
    said = shop.restore("latest", "--data-only", status=74)
    assert "Grüße" not in said  # rows are nobody's business
    assert shop.contents() == before
    shop.execute("DELETE FROM items", "DELETE FROM users WHERE id = 1", "UPDATE users SET id = id + 10, name = 'moved'")
    shop.restore("latest", "--data-only", "--exclude", "log")
    assert [row[0] for row in shop.ask("SELECT id FROM users ORDER BY id")] == [1, 2, 3, 12, 13]


def test_rows_in_the_way_are_told_how_to_be_removed(shop):
    shop.without_triggers()
    shop.backup()
    said = shop.restore("latest", "--data-only", status=74)
    assert "--truncate empties the tables first" in said and "unknown variable" not in said


def works(shop):
    return shop.ask("SELECT kind, state FROM tminus_ledger ORDER BY n")


def test_the_backup_that_is_restored_has_not_failed(shop):
    shop.backup()
    shop.restore("latest")
    assert works(shop) == [("backup", "finished"), ("restore", "finished")]


def test_a_restore_of_rows_alone_is_written_down_once(shop):
    shop.without_triggers()
    shop.backup()
    shop.restore("latest", "--data-only", "--truncate")
    shop.restore("latest", "--data-only", status=74)
    assert works(shop) == [("backup", "finished"), ("restore", "finished"), ("restore", "failed")]


def test_excluded_tables_stay_as_they_are(shop):
    before = shop.contents()
    shop.backup()
    shop.spoil()
    log, later = shop.rows("log"), shop.rows("later")
    shop.execute("INSERT INTO log VALUES ('kept')")
    shop.restore("latest", "--exclude", "log", "--exclude=later")
    assert len(shop.rows("log")) == len(log) + 1
    assert shop.rows("later") == later
    for table in ("users", "items"):
        assert shop.rows(table) == before[table][1]
    assert "late" not in shop.contents()
    shop.execute("INSERT INTO users (name) VALUES ('with its trigger')")
    assert len(shop.rows("log")) == len(log) + 2


def test_a_backup_of_some_tables_exchanges_their_rows(shop):
    users, items = shop.rows("users"), shop.rows("items")
    shop.backup(TMINUS_BACKUP_TABLES="users")
    shop.execute("DELETE FROM items WHERE id = 1", "UPDATE users SET name = 'spoilt' WHERE id = 1",
                 "CREATE TABLE later (id INTEGER)")
    said = shop.restore("latest")
    assert shop.rows("users") == users
    assert shop.rows("items") != items and shop.rows("later") == []
    assert ": 1 table;" in said
    assert shop.rows("names") == sorted(map(repr, shop.ask("SELECT id, name FROM users")))


def test_what_a_backup_left_out_is_left_alone(shop):
    users = shop.rows("users")
    shop.backup(TMINUS_BACKUP_EXCLUDE="log")
    shop.execute("UPDATE users SET name = 'spoilt'", "INSERT INTO log VALUES ('kept')")
    log = shop.rows("log")
    shop.restore("latest")
    assert shop.rows("users") == users
    assert shop.rows("log") == log


def test_the_password_is_nowhere(shop):
    shop.backup()
    shop.restore("latest")
    assert not [path for path in shop.directory.iterdir() if path.suffix == ".manifest" and "secret" in path.read_text()]


@pytest.mark.parametrize("words, text", [
    (["restore"], "name one backup"),
    (["restore", "one", "two"], "name one backup"),
    (["restore", "latest", "--forced"], "unknown option --forced"),
    (["restore", "latest", "--json"], "knows no --json"),
])
def test_a_wrong_command_line(sqlite, words, text):
    assert text in sqlite.run(*words, status=64)


def test_apps_with_a_schema_each_keep_and_restore_their_own(postgres):
    """They share the database, the role and the folder."""
    for schema in "ab":
        postgres.execute(f"CREATE SCHEMA {schema}", f"CREATE TABLE {schema}.notes (t TEXT)",
                         f"INSERT INTO {schema}.notes VALUES ('kept')")
        postgres.run("backup", TMINUS_DATABASE_SCHEMA=schema, TMINUS_BACKUP_KEEP="1")
    postgres.execute("DELETE FROM a.notes", "DROP SCHEMA b CASCADE")
    postgres.restore("latest", TMINUS_DATABASE_SCHEMA="a")
    assert postgres.ask("SELECT t FROM a.notes") == [("kept",)]
    of_a = next(path for path in postgres.backups() if "schema = a\n" in path.with_name(f"{path.name}.manifest").read_text())
    assert "of database.schema = \"a\"" in postgres.restore(of_a.name, status=74)
    assert postgres.ask("SELECT t FROM a.notes") == [("kept",)]
