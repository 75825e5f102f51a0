"""What fails, or is killed, leaves the old state, or says what it leaves."""

import contextlib
import os
import pathlib
import re
import signal
import subprocess

import pytest

import harness
from restored import MariaDB

GATE = 4711  # an advisory lock: whoever has it keeps tminus's own tools from writing a row of "much"


def add_much(shop):
    """Rows at which a restore can be caught: on PostgreSQL at the first of them, elsewhere because they are many."""
    if shop.kind == "postgres":
        shop.execute("CREATE FUNCTION gate() RETURNS boolean LANGUAGE plpgsql AS $$BEGIN IF current_setting('application_name') "
                     f"LIKE 'tminus-%' THEN PERFORM pg_advisory_xact_lock_shared({GATE}); END IF; RETURN true; END$$",
                     "CREATE TABLE much (n INTEGER CHECK (public.gate()), t TEXT)",
                     "INSERT INTO much SELECT n, repeat('x', 5000) FROM generate_series(1, 1000) n")
    elif shop.kind == "mysql":
        shop.execute("CREATE TABLE much AS SELECT seq AS n, REPEAT(MD5(seq), 100) AS t FROM seq_1_to_15000")
    else:
        shop.execute("CREATE TABLE much AS WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 15000) "
                     "SELECT n, hex(randomblob(1000)) AS t FROM s")


def descendants_named(process, name):
    return [each for each in harness.descendants(harness.Process(process.pid)) if each.name() == name]


def tool(process, name):
    """The tool called name, among what process has started."""
    return harness.await_true(lambda: (descendants_named(process, name) or [None])[0], f"{name} to run", 60)


@pytest.mark.parametrize("victim", ["pg_restore", "psql", "tminus"])
def test_postgres_killed_in_the_middle_is_as_it_was(postgres, victim):
    postgres.fill()
    add_much(postgres)
    postgres.backup()
    postgres.spoil()
    before = {name: rows for name, rows in postgres.contents().items() if name != "much"}
    with contextlib.closing(postgres.connect()) as gate:
        gate.cursor().execute(f"SELECT pg_advisory_lock({GATE})")
        process = postgres.start("restore", "latest", "--force")
        harness.await_true(lambda: process.poll() is not None or postgres.server.sql(
            "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'COPY public.much%FROM stdin%' AND wait_event = 'advisory'"),
            "the rows to come", 90)
        target = process.pid if victim == "tminus" else tool(process, victim).pid
        os.kill(target, signal.SIGKILL)
    said = process.communicate(timeout=90)[0]
    assert process.returncode == (-9 if victim == "tminus" else 74), said
    if victim != "tminus":
        assert "killed by SIGKILL" in said
    harness.await_true(lambda: not postgres.server.sql("SELECT 1 FROM pg_stat_activity WHERE datname = 'shop'"), "all to end")
    after = postgres.contents()
    del after["much"]
    assert after == before
    assert postgres.ask("SELECT count(*) FROM much") == [(1000,)]


def test_sqlite_killed_in_the_middle_is_as_it_was(sqlite):
    sqlite.fill()
    add_much(sqlite)
    sqlite.backup()
    sqlite.spoil()
    sqlite.execute("DELETE FROM much WHERE n % 2")
    before = sqlite.contents()
    process = sqlite.start("restore", "latest")
    journal = sqlite.path.with_name(sqlite.path.name + "-journal")
    size = sqlite.path.stat().st_size
    harness.await_true(lambda: process.poll() is not None or (journal.exists() and journal.stat().st_size > size // 4),
                       "the journal to grow", 60)
    process.kill()
    process.communicate()
    assert process.returncode == -9
    harness.await_true(lambda: not in_use(sqlite.path), "its children to end")
    assert sqlite.ask("PRAGMA integrity_check") == [("ok",)]
    assert sqlite.contents() == before


def in_use(path):
    return subprocess.run(["fuser", "-s", str(path)], check=False).returncode == 0


def test_an_object_of_somebody_else_in_the_way_keeps_postgres_as_it_is(postgres):
    postgres.fill()
    postgres.backup()
    postgres.spoil()
    postgres.server.sql("ALTER DATABASE shop OWNER TO postgres")
    postgres.server.sql("GRANT CREATE ON SCHEMA public TO app", "shop")
    postgres.server.sql("CREATE TABLE public.foreign_one (id INTEGER)", "shop")
    postgres.server.sql("GRANT SELECT ON public.foreign_one TO app", "shop")
    before = postgres.contents()
    said = postgres.restore("latest", status=74)
    assert "must be owner of table foreign_one" in said
    safety = re.search(r"the backup from before it: tminus restore (\S+)$", said, re.MULTILINE)[1]
    assert "reason = restore" in pathlib.Path(safety + ".manifest").read_text(encoding="utf-8")
    assert postgres.contents() == before


def test_roles_that_are_missing_keep_postgres_as_it_is(postgres):
    postgres.fill()
    postgres.server.sql("DROP ROLE IF EXISTS reader")
    postgres.server.sql("CREATE ROLE reader")
    postgres.execute("GRANT SELECT ON users TO reader")
    postgres.backup()
    postgres.execute("REVOKE ALL ON users FROM reader")
    postgres.server.sql("DROP ROLE reader")
    before = postgres.contents()
    assert 'role "reader" does not exist' in postgres.restore("latest", status=74)
    assert postgres.contents() == before


def test_rights_and_extensions_are_as_they_were(postgres):
    postgres.server.sql("CREATE EXTENSION pg_trgm", "shop")
    postgres.server.sql("DROP ROLE IF EXISTS reader")
    postgres.server.sql("CREATE ROLE reader")
    postgres.server.sql("GRANT USAGE ON SCHEMA public TO reader", "shop")
    postgres.fill()
    postgres.execute("GRANT SELECT ON users TO reader", "CREATE INDEX fuzzy ON users USING gin (name gin_trgm_ops)")
    definitions = postgres.definitions()
    postgres.backup()
    postgres.spoil()
    postgres.restore("latest")
    assert postgres.definitions() == definitions
    postgres.server.sql("DROP OWNED BY reader", "shop")


def test_owners_are_as_they_were(postgres):
    """A superuser restores what belongs to another role."""
    postgres.fill()
    definitions = postgres.definitions()
    owner = {"DATABASE_URL": f"postgresql:///shop?host={postgres.server.folder}&port={postgres.server.port}&user=postgres"}
    file = postgres.backup(**owner)
    postgres.spoil()
    postgres.restore(str(file), **owner)
    assert postgres.definitions() == definitions


def test_large_objects_come_back(postgres):
    postgres.fill()
    postgres.execute("SELECT lo_from_bytea(4711, 'large')")
    postgres.backup()
    postgres.execute("SELECT lo_unlink(4711)", "SELECT lo_from_bytea(4712, 'later')")
    postgres.restore("latest")
    assert [bytes(row[0]) for row in postgres.ask("SELECT lo_get(oid) FROM pg_largeobject_metadata")] == [b"large"]


def test_a_table_whose_type_goes_keeps_postgres_as_it_is(postgres):
    postgres.fill()
    postgres.backup()
    postgres.execute("CREATE TABLE kept (m mood)")
    before = postgres.contents()
    assert "has a column of a type that goes" in postgres.restore("latest", "--exclude", "kept", status=74)
    assert postgres.contents() == before


def test_an_archive_that_pg_restore_cannot_read_is_refused(postgres, folder):
    postgres.fill()
    file = folder / "later.dump"
    content = bytearray(postgres.backup().read_bytes())
    content[6] = 99  # the minor version of the archive's format
    file.write_bytes(content)
    before = postgres.contents()
    assert "was made by a later pg_dump" in postgres.restore(str(file), status=74)
    assert postgres.contents() == before


def test_sqlite_that_is_not_there_is_made(sqlite):
    sqlite.fill()
    before = sqlite.contents()
    sqlite.backup()
    sqlite.path.unlink()
    sqlite.restore("latest")
    assert sqlite.contents() == before


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_sqlite_with_pages_of_another_size(sqlite, mode):
    sqlite.fill()
    before = sqlite.contents()
    file = sqlite.backup()
    sqlite.execute("PRAGMA page_size = 8192", "DROP VIEW names")
    sqlite.ask("VACUUM")
    sqlite.execute(f"PRAGMA journal_mode = {mode}")
    sqlite.restore(str(file))
    assert sqlite.contents() == before


def test_orphans_keep_sqlite_as_it_is(sqlite):
    sqlite.fill()
    sqlite.backup()
    sqlite.execute("DELETE FROM items", "DELETE FROM users")
    before = sqlite.contents()
    assert "would lack the rows of table users" in sqlite.restore("latest", "--exclude", "users", status=74)
    assert sqlite.contents() == before


# --- MariaDB -------------------------------------------------------------------------------------


def broken_copy(file, path, change):
    """A copy of a dump, without its manifest and changed."""
    text = subprocess.run(["gzip", "-dc", str(file)], check=True, capture_output=True).stdout
    path.write_bytes(change(text))
    return str(path)


def test_what_cannot_be_loaded_is_found_in_a_scratch_database(mariadb, folder):
    mariadb.fill()
    file = broken_copy(mariadb.backup(), folder / "broken.sql",
                       lambda text: text.replace(b"CREATE TABLE `users`", b"CREATE TABEL `users`"))
    mariadb.spoil()
    before = mariadb.contents()
    said = mariadb.restore(file, status=74)
    assert "as a scratch database shows; nothing is changed" in said
    assert mariadb.contents() == before
    assert not mariadb.server.sql("SHOW DATABASES LIKE 'tminus%'")


@pytest.mark.parametrize("change", [
    lambda text: text.replace(b"bob@example.com", b"alice@example.com"),
    lambda text: text.replace(b"bob@example.com'", b"bob@example.com' wrong"),
    lambda text: text.replace(b"('bob@example.com',1)", b",".join(2 * [b"('ERROR 1 (A) at line 2: carol@example.com'' for key',1)"])),
    lambda text: text.replace(b"('bob@example.com',1)", b"('bob@example.com'," + 400 * b"carol@example.com" + b")"),
], ids=["duplicate", "syntax", "disguised", "long"])
def test_rows_of_a_statement_that_fails_are_not_said(mariadb, folder, change):
    mariadb.fill()
    mariadb.execute("CREATE TABLE people (mail VARCHAR(200) UNIQUE, n INTEGER)",
                    "INSERT INTO people VALUES ('alice@example.com', 1), ('bob@example.com', 1)")
    file = broken_copy(mariadb.backup(), folder / "broken.sql", change)
    for words in ([file], ["--data-only", "--truncate", "--exclude=users", file]):
        said = mariadb.restore(*words, status=74)
        assert re.search(r"ERROR \d+ \(\w+\) at line \d+: ", said), said
        assert "example.com" not in said and "alice" not in said


def test_without_a_scratch_database_the_safety_backup_is_put_back(mariadb_server, folder):
    mariadb = MariaDB(folder, mariadb_server, user="narrow")
    mariadb.fill()
    file = broken_copy(mariadb.backup(), folder / "broken.sql",
                       lambda text: text.replace(b"CREATE TABLE `users`", b"CREATE TABEL `users`"))
    mariadb.spoil()
    before, definitions = mariadb.contents(), mariadb.definitions()
    said = mariadb.restore(file, "--force", status=74)
    assert "all is as it was: the safety backup was put back" in said
    assert mariadb.contents() == before
    assert mariadb.definitions() == definitions
    assert not list(mariadb.directory.glob("restore-under-way*"))


def test_a_backup_that_cannot_be_put_back_either_is_named_to_its_end(mariadb_server, folder):
    mariadb = MariaDB(folder, mariadb_server, user="narrow")
    mariadb.fill()
    file = broken_copy(mariadb.backup(), folder / "broken.sql",
                       lambda text: text.replace(b"CREATE TABLE `users`", b"CREATE TABEL `users`"))
    folder.script("mariadb", "#!/bin/sh\n"
                  'case $1 in --version) exec /usr/bin/mariadb "$@" ;; esac\n'
                  "head -c 5000 /dev/zero | tr '\\0' e >&2; exit 1\n")
    said = mariadb.restore(file, "--force", status=74, PATH=f"{folder.path}:{harness.PATH}")
    safety = max(mariadb.backups(), key=lambda path: path.stat().st_mtime_ns)
    assert re.search(rf"tminus restore --force {safety}$", said, re.MULTILINE), said
    assert list(mariadb.directory.glob("restore-under-way*"))


def test_mariadb_killed_in_the_middle_says_what_to_do(mariadb):
    mariadb.fill()
    add_much(mariadb)
    mariadb.backup()
    before = mariadb.contents()
    process = mariadb.start("restore", "latest")
    mark = harness.await_true(lambda: list(mariadb.directory.glob("restore-under-way.*[0-9a-f]")), "the mark", 120)
    harness.await_true(lambda: mariadb.server.sql("SELECT 1 FROM information_schema.processlist WHERE db = 'shop' AND "
                                                  "info LIKE 'INSERT INTO `much`%'"), "the rows to come", 120)
    process.kill()
    process.communicate()
    assert mark[0].exists()
    harness.await_true(lambda: not mariadb.server.sql("SELECT 1 FROM information_schema.processlist WHERE db = 'shop'"),
                       "all to end", 60)
    said = mariadb.run("boot", status=65, TMINUS_STEP_ONCE_COMMAND="true", TMINUS_STEP_ONCE_WHEN="once")
    assert "step once:" not in said
    command = re.search(r"tables may be missing; .* comes back with: tminus (restore --force \S+)", said)
    assert command, said
    mariadb.run(*command[1].split())
    assert mariadb.contents() == before
    assert not list(mariadb.directory.glob("restore-under-way*"))
    assert "tables may be missing" not in mariadb.run("backup")


@pytest.mark.parametrize("words", [["restore", "latest"], ["boot"]])
def test_a_scratch_database_that_a_killed_restore_has_left_is_dropped(mariadb, words):
    mariadb.fill()
    add_much(mariadb)
    mariadb.backup()
    mariadb.server.sql("CREATE DATABASE tminus_restore_of_another")
    process = mariadb.start("restore", "latest")
    harness.await_true(lambda: mariadb.server.sql("SELECT 1 FROM information_schema.processlist WHERE db LIKE "
                                                  "'tminus_restore%' AND info LIKE 'INSERT INTO `much`%'"), "the proof", 120)
    process.kill()
    process.communicate()
    harness.await_true(lambda: not mariadb.server.sql("SELECT 1 FROM information_schema.processlist WHERE db LIKE "
                                                      "'tminus_restore%'"), "the client to end", 60)
    [[left]] = mariadb.server.sql("SHOW DATABASES LIKE 'tminus\\_restore\\_%tminus-%'")
    before = mariadb.contents()
    said = mariadb.run(*words, TMINUS_STEP_ONCE_COMMAND="true", TMINUS_STEP_ONCE_WHEN="once")
    assert f"{left}, which a restore that was killed has left, is dropped" in said
    assert mariadb.server.sql("SHOW DATABASES LIKE 'tminus%'") == (("tminus_restore_of_another",),)
    assert mariadb.contents() == before
    mariadb.server.sql("DROP DATABASE tminus_restore_of_another")


def test_a_killed_restore_refuses_other_roles_starts_too(mariadb):
    place = mariadb.server.url(name="shop").replace("app:secret@", "")
    (mariadb.directory / "restore-under-way.x").write_text(f"file = x\nurl = {place}\nsha256 = unknown\n")
    said = mariadb.run("boot", status=65, TMINUS_STEP_ONCE_COMMAND="true", TMINUS_STEP_ONCE_WHEN="once")
    assert "tminus restore --force x" in said


def test_a_killed_restore_is_found_in_a_relative_folder_wherever_the_app_works(shop):
    shop.backup()
    manifest = next(shop.directory.glob("*.manifest")).read_text()
    place = re.search("^url = (.*)$", manifest, re.MULTILINE)[1]
    (shop.directory / "restore-under-way.x").write_text(f"file = x\nurl = {place}\nsha256 = unknown\n")
    elsewhere = shop.folder / "elsewhere"
    elsewhere.mkdir()
    said = shop.run("boot", status=65, TMINUS_BACKUP_DIRECTORY=shop.directory.name, TMINUS_APP_WORKDIR=str(elsewhere),
                    TMINUS_STEP_ONCE_COMMAND="true", TMINUS_STEP_ONCE_WHEN="once")
    assert "tminus restore --force x" in said and "step once:" not in said


def test_routines_that_came_later_are_gone(mariadb):
    mariadb.fill()
    definitions = mariadb.definitions()
    mariadb.backup()
    mariadb.execute("CREATE PROCEDURE late() SELECT 1", "DROP PROCEDURE count_users")
    mariadb.restore("latest")
    assert mariadb.definitions() == definitions


def test_rows_alone_beside_triggers_are_refused_on_mariadb(mariadb):
    mariadb.fill()
    mariadb.backup()
    before = mariadb.contents()
    assert "table users has triggers" in mariadb.restore("latest", "--data-only", "--truncate", status=74)
    mariadb.restore("latest", "--data-only", "--truncate", "--exclude=users")
    assert mariadb.contents() == before


def test_a_dump_of_several_databases_is_refused(mariadb, folder):
    mariadb.fill()
    words = ["mariadb-dump", "--no-defaults", f"--socket={mariadb.server.socket}", "--user=root", "--databases"]
    two = folder / "two.sql"
    two.write_bytes(subprocess.run([*words, "shop", "mysql"], check=True, capture_output=True).stdout)
    assert "is a dump of 2 databases" in mariadb.restore(str(two), status=74)
    one = folder / "one.sql"
    one.write_bytes(subprocess.run([*words, "shop"], check=True, capture_output=True).stdout)
    before = mariadb.contents()
    other = mariadb.other()
    other.restore(str(one))
    assert other.contents() == before
