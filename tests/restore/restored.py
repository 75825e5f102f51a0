"""A shop on each kind of database, with all that a restore must bring back, and tminus on it."""

import contextlib
import sqlite3
import subprocess

import harness
import servers
from shop import PASSWORD

LIMIT = 120
ODD = 'odd "name\'s `x'  # a table
BACKQUOTED = "`" + ODD.replace("`", "``") + "`"
QUOTED = '"' + ODD.replace('"', '""') + '"'

# Rows that dumps have got wrong: NULL, the empty text, quotes, newlines, every byte, other scripts.
ITEMS = [
    (1, None, None, 1),
    (2, "", b"", 1),
    (3, "it's \"quoted\"\\\n\ttwo lines; COMMIT;\n\\.\n-- no comment", bytes(range(256)), 2),
    (4, "Grüße, 世界 \U0001f600", b"\0\0", None),
]


class Shop:
    """One database with its backups. Each kind fills in how it is asked."""

    def __init__(self, folder):
        self.folder = folder
        self.directory = folder / "backups"
        self.directory.mkdir(exist_ok=True)

    def start(self, *words, **settings):
        """What a run of tminus needs."""
        environment = {"PATH": harness.PATH, "DATABASE_URL": self.url(), "TMINUS_BACKUP_DIRECTORY": str(self.directory),
                       "TMINUS_BACKUP_EPHEMERAL": "yes", **harness.sanitizer_options(), **settings}
        return subprocess.Popen([harness.TMINUS, *words], env=environment, cwd=self.folder.path, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def run(self, *words, status=0, **settings):
        """What tminus says; its exit status must be this."""
        process = self.start(*words, **settings)
        said = process.communicate(timeout=LIMIT)[0]
        assert process.returncode == status, said
        assert PASSWORD not in said
        return said

    def backup(self, **settings):
        """The file of a new backup."""
        before = set(self.backups())
        self.run("backup", **settings)
        made = [path for path in self.backups() if path not in before]
        assert len(made) == 1
        return made[0]

    def restore(self, *words, **keywords):
        return self.run("restore", *words, **keywords)

    def backups(self):
        return sorted(path.with_suffix("") for path in self.directory.glob("*.manifest"))

    def fill(self):
        self.execute(*self.schema)
        for row in ITEMS:
            self.execute((f"INSERT INTO items (id, name, picture, user_id) VALUES ({self.marks(4)})", row))
        self.execute((f"INSERT INTO users (name) VALUES ({self.marks(1)})", ("third",)))

    def spoil(self):
        """Changes all of it, and adds what the backup does not know."""
        self.execute("DELETE FROM items WHERE id < 3", "UPDATE users SET name = 'spoilt'", "DROP VIEW names",
                     "CREATE TABLE later (id INTEGER PRIMARY KEY, user_id INTEGER)", "INSERT INTO later VALUES (1, 1)",
                     "ALTER TABLE items ADD COLUMN added INTEGER", "CREATE VIEW late AS SELECT * FROM later")

    def without_triggers(self):
        """Where they cannot be switched off for rows alone."""

    def rows(self, table):
        return sorted(map(repr, self.ask(f"SELECT * FROM {table}")))

    def contents(self):
        """Everything but the ledger: what there is, and its rows."""
        return {name: (kind, self.rows(self.quote(name))) for name, kind in self.objects() if name != "tminus_ledger"}

    def quote(self, name):
        return '"' + name.replace('"', '""') + '"'


class SQLite(Shop):
    kind = "sqlite"
    schema = [
        "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT)",
        "INSERT INTO users (name) VALUES ('first'), ('second')",
        "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT, picture BLOB, user_id INTEGER REFERENCES users (id), "
        "double INTEGER GENERATED ALWAYS AS (id * 2))",
        f"CREATE TABLE {QUOTED} (\"a b\" TEXT)",
        f"INSERT INTO {QUOTED} VALUES ('odd')",
        "CREATE TABLE alembic_version (version_num TEXT)",
        "INSERT INTO alembic_version VALUES ('a1')",
        "CREATE INDEX by_name ON items (name)",
        "CREATE VIEW names AS SELECT id, name FROM users",
        "CREATE TABLE log (what TEXT)",
        "CREATE TRIGGER noted AFTER INSERT ON users BEGIN INSERT INTO log VALUES ('insert'); END",
    ]

    def __init__(self, folder, name="shop"):
        super().__init__(folder)
        self.path = folder / f"{name}.db"
        self.connect().close()

    def url(self):
        return f"sqlite:///{self.path}"

    def connect(self):
        return sqlite3.connect(self.path)

    def execute(self, *statements):
        with contextlib.closing(self.connect()) as connection, connection:
            for each in statements:
                connection.execute(*(each if isinstance(each, tuple) else (each,)))

    def ask(self, statement):
        with contextlib.closing(self.connect()) as connection:
            return connection.execute(statement).fetchall()

    def marks(self, count):
        return ", ".join(["?"] * count)

    def objects(self):
        return self.ask("SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view') AND name <> 'sqlite_sequence'")

    def definitions(self):
        return self.ask("SELECT type, name, sql FROM sqlite_master WHERE name <> 'tminus_ledger' ORDER BY 1, 2")

    def other(self):
        return SQLite(self.folder, "other")


class Postgres(Shop):
    kind = "postgres"
    schema = [
        "CREATE TABLE users (id SERIAL PRIMARY KEY, name TEXT)",
        "INSERT INTO users (name) VALUES ('first'), ('second')",
        "CREATE TYPE mood AS ENUM ('good', 'bad')",
        "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT, picture BYTEA, user_id INTEGER REFERENCES users, "
        "double INTEGER GENERATED ALWAYS AS (id * 2) STORED, mood mood DEFAULT 'good')",
        f"CREATE TABLE {QUOTED} (\"a b\" TEXT, n INTEGER GENERATED ALWAYS AS IDENTITY)",
        f"INSERT INTO {QUOTED} VALUES ('odd')",
        "CREATE TABLE alembic_version (version_num TEXT)",
        "INSERT INTO alembic_version VALUES ('a1')",
        "CREATE INDEX by_name ON items (name)",
        "CREATE VIEW names AS SELECT id, name FROM users",
        "CREATE TABLE log (what TEXT)",
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN INSERT INTO public.log VALUES ('insert'); RETURN NEW; END$$",
        "CREATE TRIGGER noted AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION note()",
        "CREATE SCHEMA \"a b\"",
        "CREATE TABLE \"a b\".apart (m mood)",
        "INSERT INTO \"a b\".apart VALUES ('bad')",
    ]

    def __init__(self, folder, server, name="shop"):
        super().__init__(folder)
        self.server = server
        self.name = name
        server.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        server.sql(f"CREATE DATABASE {name} OWNER app")

    def url(self):
        return self.server.url(name=self.name)

    def connect(self, **parameters):
        return servers.psycopg2.connect(host="127.0.0.1", port=self.server.port, user="app", password=PASSWORD,
                                        dbname=self.name, **parameters)

    def execute(self, *statements):
        with contextlib.closing(self.connect()) as connection, connection, connection.cursor() as cursor:
            for each in statements:
                cursor.execute(*(each if isinstance(each, tuple) else (each,)))

    def ask(self, statement):
        with contextlib.closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return [tuple(bytes(value) if isinstance(value, memoryview) else value for value in row) for row in cursor]

    def marks(self, count):
        return ", ".join(["%s"] * count)

    def objects(self):
        return self.ask("SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'public'")

    def definitions(self):
        """What pg_dump says of the structure, and of the sequences."""
        words = [*self.server.program("pg_dump"), "-h", str(self.server.folder), "-p", str(self.server.port), "-U", "postgres",
                 "--restrict-key=x", "--exclude-table=tminus_ledger", self.name]
        return subprocess.run(words, check=True, capture_output=True, text=True).stdout

    def other(self):
        return Postgres(self.folder, self.server, "other")


class MariaDB(Shop):
    kind = "mysql"
    schema = [
        "CREATE TABLE users (id INTEGER PRIMARY KEY AUTO_INCREMENT, name TEXT)",
        "INSERT INTO users (name) VALUES ('first'), ('second')",
        "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT CHARACTER SET utf8mb4, picture BLOB, user_id INTEGER, "
        "`double` INTEGER GENERATED ALWAYS AS (id * 2) STORED, FOREIGN KEY (user_id) REFERENCES users (id))",
        f"CREATE TABLE {BACKQUOTED} (`a b` TEXT)",
        f"INSERT INTO {BACKQUOTED} VALUES ('odd')",
        "CREATE TABLE alembic_version (version_num TEXT)",
        "INSERT INTO alembic_version VALUES ('a1')",
        "CREATE INDEX by_name ON items (name(20))",
        "CREATE VIEW names AS SELECT id, name FROM users",
        "CREATE TABLE log (what TEXT)",
        "CREATE TRIGGER noted AFTER INSERT ON users FOR EACH ROW INSERT INTO log VALUES ('insert')",
        "CREATE PROCEDURE count_users() SELECT COUNT(*) FROM users",
    ]

    def __init__(self, folder, server, name="shop", user="app"):
        super().__init__(folder)
        self.server = server
        self.name = name
        self.user = user
        server.sql(f"DROP DATABASE IF EXISTS {name}")
        server.sql(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        server.sql(f"CREATE USER IF NOT EXISTS {user} IDENTIFIED BY '{PASSWORD}'")
        server.sql(f"GRANT ALL ON {name}.* TO {user}")

    def url(self):
        return self.server.url(name=self.name, user=self.user)

    def connect(self):
        return servers.pymysql.connect(host="127.0.0.1", port=self.server.port, user=self.user, password=PASSWORD,
                                       database=self.name, autocommit=True, charset="utf8mb4")

    def execute(self, *statements):
        with contextlib.closing(self.connect()) as connection, connection.cursor() as cursor:
            for each in statements:
                cursor.execute(*(each if isinstance(each, tuple) else (each,)))

    def ask(self, statement):
        with contextlib.closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())

    def marks(self, count):
        return ", ".join(["%s"] * count)

    def quote(self, name):
        return "`" + name.replace("`", "``") + "`"

    def objects(self):
        return self.ask("SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = DATABASE()")

    def definitions(self):
        """What mariadb-dump says of the structure."""
        words = ["mariadb-dump", "--no-defaults", f"--socket={self.server.socket}", "--user=root", "--no-data", "--routines",
                 "--skip-dump-date", f"--ignore-table={self.name}.tminus_ledger", self.name]
        return subprocess.run(words, check=True, capture_output=True, text=True).stdout

    def without_triggers(self):
        self.execute("DROP TRIGGER noted")

    def other(self):
        return MariaDB(self.folder, self.server, "other")
