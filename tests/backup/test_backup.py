"""A backup holds what was in the database, and its manifest says what it is."""

import contextlib
import re
import shlex
import subprocess
import threading

import pytest

import harness
from backups import digest
from stocked import Sqlite, as_app, put_back, quoted

NAME = r"shop-20\d{6}T\d{6}Z-none(_\d+)?\.(dump|sql\.gz|sqlite3)"


def test_every_row_comes_back(backups):
    backups.expect_whole(backups.make())


def test_every_row_comes_back_uncompressed(backups):
    backups.expect_whole(backups.make(backup_compress="no"))


def test_the_file_has_a_telling_name_and_only_its_owner_may_read_it(backups):
    file = backups.make()
    assert re.fullmatch(NAME, file.name)
    assert file.stat().st_mode & 0o777 == 0o600
    assert backups.everything() == [file.name, f"{file.name}.manifest"]


def test_the_manifest_says_what_it_is(backups, database):
    file = backups.make()
    manifest = backups.manifest(file)
    assert manifest["file"] == file.name
    assert manifest["size"] == str(file.stat().st_size) and manifest["sha256"] == digest(file)
    assert manifest["database"] == "shop" and manifest["reason"] == "backup"
    assert re.match(r"(PostgreSQL|MariaDB|SQLite) \d+\.", manifest["server"])
    assert manifest["tool"] and manifest["format"] and manifest["verified"]
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", manifest["time"])
    assert "secret" not in harness.read_text(f"{file}.manifest")
    assert manifest["url"] in ("postgresql", "mysql") or "shop" in manifest["url"]


def test_some_tables_alone(backups):
    tables = ["authors", "the 'odd' one"]
    file = backups.make(backup_tables='authors "the \'odd\' one"')
    backups.expect_whole(file, tables)
    words = shlex.shlex(backups.manifest(file)["tables"], posix=True, punctuation_chars=",")
    words.whitespace_split = True
    assert [word for word in words if word != ","] == tables


def test_all_tables_but_one(backups):
    backups.expect_whole(backups.make(backup_exclude='"the \'odd\' one"'), ["authors", "books"])


def test_a_table_that_is_not_there_is_an_error(backups):
    assert re.search(r"autors", backups.fail(backup_tables="authors autors"))


def test_a_view_and_the_ledger_come_back(backups, database):
    name = put_back(database, backups.make())
    assert len(database.sql("SELECT title FROM dear", name=name)) > 100
    assert database.sql(f"SELECT kind, state FROM {quoted(database, 'tminus_ledger')}", name=name) is not None


def test_the_ledger_knows_it(backups, database):
    backups.make()
    rows = database.sql("SELECT kind, state FROM tminus_ledger", **({} if isinstance(database, Sqlite) else {"name": "shop"}))
    assert [tuple(row) for row in rows] == [("backup", "finished")]


def test_the_list_shows_the_newest_first(backups):
    files = [backups.make().name for _ in range(3)]
    listed = backups.listed()
    assert [each["file"] for each in listed] == files[::-1]
    assert listed[0]["path"] == str(backups.path / files[-1])
    one = backups.start("backup", "--list")
    assert one.wait() == 0
    lines = one.out.text().splitlines()
    assert lines[1].startswith(files[-1]) and f"tminus restore {files[-1]}" in lines[-1]


def test_an_empty_folder_is_said(backups):
    one = backups.start("backup", "--list")
    assert one.wait() == 0 and one.out.text() == f"no backup in {backups.path}; `tminus backup` makes one\n"
    assert backups.listed() == []


def test_so_many_are_kept(backups):
    files = [backups.make(backup_keep=2).name for _ in range(2)]
    status, log = backups.run(backup_keep=2)
    assert status == 0 and "1 older deleted" in log
    assert files[0] not in backups.files() and files[1] in backups.files() and len(backups.files()) == 2
    assert len(backups.everything()) == 4


def test_all_are_kept_when_keep_is_0(backups):
    for _ in range(3):
        backups.make(backup_keep=0)
    assert len(backups.files()) == 3


def test_others_and_renamed_ones_are_left_alone(make_backups, sqlite, folder):
    backups = make_backups(sqlite)
    renamed = backups.make(backup_keep=1)
    renamed.rename(backups.path / "before-the-move.sqlite3")
    (backups.path / f"{renamed.name}.manifest").rename(backups.path / "before-the-move.sqlite3.manifest")
    (backups.path / "notes").write_text("mine")
    elsewhere = Sqlite(folder, "other.db")
    status, log = backups.run(backup_keep=1, environment={"DATABASE_URL": elsewhere.url()})
    assert status == 0, log
    for _ in range(2):
        assert backups.run(backup_keep=1)[0] == 0
    names = backups.files()
    assert "before-the-move.sqlite3" in names and "notes" in names
    assert sorted(name.split("-")[0] for name in names if re.search(r"Z-none(_\d+)?\.sqlite3$", name)) == ["other", "shop"]


def test_the_command_after_it_gets_the_file(backups, folder):
    script = folder.script("after", "#!/bin/sh\n"
                           'cp "$TMINUS_BACKUP_FILE" "$TMINUS_BACKUP_MANIFEST" "$ELSEWHERE" && echo "$DATABASE_URL" | wc -l\n')
    (folder / "elsewhere").mkdir()
    file = backups.make(backup_after=script, environment={"ELSEWHERE": str(folder / "elsewhere")})
    assert digest(folder / "elsewhere" / file.name) == digest(file)


def test_a_failing_command_after_it_is_73_and_the_file_stays(backups, folder):
    script = folder.script("after", "#!/bin/sh\necho no route to the bucket >&2\nexit 4\n")
    status, log = backups.run(backup_after=script)
    file, = backups.files()
    assert status == 73 and "ended with status 4: no route to the bucket" in log
    assert f"the backup itself is complete: {backups.path / file}" in log
    backups.expect_whole(backups.path / file)


def test_routines_events_and_triggers_come_back(make_backups, mariadb):
    put_back(mariadb, make_backups(mariadb).make())
    assert mariadb.sql("SELECT twice(21)", name="back") == ((42,),)
    assert len(mariadb.sql("SHOW TRIGGERS", name="back")) == 1 and len(mariadb.sql("SHOW EVENTS", name="back")) == 1


def test_sequences_come_back(make_backups, postgres):
    put_back(postgres, make_backups(postgres).make())
    assert postgres.sql("SELECT nextval('numbers')", name="back") == [(42,)]


def test_one_schema_of_several(make_backups, postgres):
    postgres.sql('CREATE SCHEMA "an ""odd"" one" AUTHORIZATION app CREATE TABLE authors (id INTEGER)', name="shop")
    postgres.sql('ALTER TABLE "an ""odd"" one".authors OWNER TO app', name="shop")
    put_back(postgres, make_backups(postgres).make(database_schema='an "odd" one'))
    assert tables_by_schema(postgres, "back") == [('an "odd" one', "authors")]


def tables_by_schema(postgres, name):
    return postgres.sql("SELECT schemaname, tablename FROM pg_tables WHERE schemaname !~ '^pg_|^inf'", name=name)


@pytest.mark.parametrize("settings", [{"database_schema": "Second", "backup_tables": "authors"},
                                      {"backup_tables": "Second.authors"}])
def test_a_table_of_a_schema(make_backups, postgres, settings):
    postgres.sql('CREATE SCHEMA "Second" AUTHORIZATION app CREATE TABLE authors (id INTEGER)', name="shop")
    postgres.sql('ALTER TABLE "Second".authors OWNER TO app', name="shop")
    file = make_backups(postgres).make(**settings)
    listed = subprocess.run(["pg_restore", "--list", str(file)], check=True, capture_output=True, text=True).stdout
    assert re.findall(r" TABLE DATA (\S+ \S+) ", listed) == ["Second authors"]


def test_sqlite_in_wal_mode_with_a_busy_writer(make_backups, sqlite):
    sqlite.sql("PRAGMA journal_mode = WAL")
    over = threading.Event()
    started = threading.Event()

    def write():
        with contextlib.closing(sqlite.connect()) as connection:
            number = 1000
            while not over.is_set():
                connection.execute("INSERT INTO books (id, title) VALUES (?, ?)", (number, "x" * 2000))
                connection.execute("INSERT INTO authors (id, name) VALUES (?, 'x')", (number,))
                connection.commit()
                number += 1
                started.set()
                over.wait(0.002)  # others write, too: the ledger

    writer = threading.Thread(target=write)
    writer.start()
    try:
        started.wait(harness.LIMIT)
        file = make_backups(sqlite).make()
    finally:
        over.set()
        writer.join()
    copied = [sqlite.sql(f"SELECT count(*) FROM {table} WHERE id >= 1000", name=file)[0][0] for table in ("books", "authors")]
    assert copied[0] == copied[1] > 0


def test_sqlite_in_the_instance_folder(make_backups, folder):
    (folder / "instance").mkdir()
    sqlite = Sqlite(folder, "instance/app.db")
    backups = make_backups(sqlite)
    file = backups.make(environment={"DATABASE_URL": "sqlite:///app.db"}, app_workdir=folder.path, boot_preset="flask")
    assert file.name.startswith("app-")
    backups.expect_whole(file)


def test_a_relative_folder_begins_where_tminus_was_started(make_backups, sqlite, folder):
    (folder / "work").mkdir()
    backups = make_backups(sqlite)
    setup = f"cd {folder.path}"
    assert backups.run(backup_directory="backups", app_workdir=folder / "work", setup=setup)[0] == 0
    assert len(backups.files()) == 1


@pytest.mark.parametrize("kind", ["postgres", "mariadb"])
def test_a_database_with_an_odd_name(make_backups, request, kind):
    server = request.getfixturevalue(f"{kind}_server")
    name = "my 'odd' \"shop\" $HOME # 1"
    mark = '"' if kind == "postgres" else "`"
    named = mark + name.replace(mark, mark * 2) + mark
    server.sql(f"CREATE DATABASE {named}" + (" OWNER app" if kind == "postgres" else ""))
    try:
        if kind == "mariadb":
            server.sql(f"GRANT ALL ON {named}.* TO app")
        with contextlib.closing(as_app(server, name)) as connection:
            connection.cursor().execute("CREATE TABLE things AS SELECT 1 AS id")
            connection.commit()
        backups = make_backups(server, name=name)
        file = backups.make()
        assert re.fullmatch(r"my__odd___shop___HOME___1-20\d{6}T\d{6}Z-none\.(dump|sql\.gz)", file.name)
        assert backups.manifest(file)["database"] == name
        assert server.sql("SELECT id FROM things", name=put_back(server, file))[0][0] == 1
    finally:
        server.sql(f"DROP DATABASE {named}")


def test_a_backup_of_some_tables_takes_no_place_of_one_of_all(backups):
    whole = backups.make(backup_keep=1)
    for _ in range(2):
        assert backups.run(backup_keep=1, backup_tables="authors")[0] == 0
    assert whole.name in backups.files() and len(backups.files()) == 2


def test_a_clock_that_was_wrong_does_not_cost_the_new_backup(backups):
    old = backups.make()
    manifest = backups.path / f"{old.name}.manifest"
    manifest.write_text(re.sub(r"(?m)^time = \d+", "time = 2099", manifest.read_text()))
    new = backups.make(backup_keep=1)
    assert backups.files() == [new.name]


def test_databases_of_one_name_share_a_folder(make_backups, folder):
    """Each lies in a folder of its own; they are backed up at the same time."""
    databases = []
    for name in "abcdefgh":
        (folder / name).mkdir()
        databases.append(Sqlite(folder, f"{name}/shop.db"))
    backups = make_backups(databases[0])
    runs = [backups.start(environment={"DATABASE_URL": each.url()}) for each in databases]
    assert [run.wait(60) for run in runs] == [0] * len(databases)
    urls = [backups.manifest(backups.path / name)["url"] for name in backups.files()]
    assert sorted(urls) == sorted(each.url() for each in databases)


def test_the_list_tells_databases_of_one_name_apart(make_backups, folder):
    """One address, two files: each app has its own working folder."""
    shops = {name: {"app_workdir": folder / name, "environment": {"DATABASE_URL": "sqlite:///shop.db"}} for name in "ab"}
    for name in shops:
        (folder / name).mkdir()
        Sqlite(folder, f"{name}/shop.db")
    backups = make_backups(Sqlite(folder))
    for settings in shops.values():
        assert backups.run(backup_keep=1, **settings)[0] == 0
    assert len(backups.files()) == 2
    one = backups.start("backup", "--list")
    assert one.wait() == 0
    for name in shops:
        assert f"sqlite:///shop.db of {folder / name}/shop.db\n" in one.out.text()


@pytest.mark.parametrize("database", ["postgres", "mariadb"], indirect=True)
def test_the_tools_go_where_the_session_went(backups):
    """The first of two hosts does not answer."""
    backups.url = backups.url.replace("@127.0.0.1:", "@127.0.0.1:1,127.0.0.1:")
    assert backups.make().stat().st_size > 0
