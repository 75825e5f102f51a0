"""What is in the shop, and what is in a database: rows to compare."""

import contextlib
import os
import sqlite3
import subprocess

import servers

ODD = "one 'two' \"three\" \\four\n\tfünf ; -- no comment, Жук"

# A key to another table, a view, what a column can hold; and what only some kinds of database have.
COMMON = [
    "CREATE TABLE authors (id INTEGER PRIMARY KEY, name VARCHAR(200) NOT NULL)",
    "CREATE TABLE books (id INTEGER PRIMARY KEY, author INTEGER REFERENCES authors (id), price DECIMAL(10,2), "
    "title TEXT, cover {blob})",
    "CREATE TABLE \"the 'odd' one\" (\"a \"\"column\"\"\" INTEGER)",
    "CREATE VIEW dear AS SELECT title FROM books WHERE price > 10",
]
POSTGRES = [*(line.format(blob="BYTEA") for line in COMMON),
            "CREATE SEQUENCE numbers START 41", "SELECT nextval('numbers')"]
MARIADB = [*(line.format(blob="LONGBLOB").replace('"the \'odd\' one"', "`the 'odd' one`")
             .replace('"a ""column"""', '`a "column"`') for line in COMMON),
           "CREATE TRIGGER counted AFTER INSERT ON authors FOR EACH ROW SET @counted = NEW.id",
           "CREATE FUNCTION twice(n INTEGER) RETURNS INTEGER DETERMINISTIC RETURN n * 2",
           "CREATE EVENT sweep ON SCHEDULE EVERY 1 YEAR DO DELETE FROM authors WHERE id < 0"]
SQLITE = [line.format(blob="BLOB") for line in COMMON]
TABLES = ["authors", "books", "the 'odd' one"]


def fill(connection, mark):
    """Rows with everything that a dump can get wrong."""
    cursor = connection.cursor()
    cursor.execute(f"INSERT INTO authors (id, name) VALUES (1, {mark}), (2, {mark})", (ODD, ""))
    for number in range(200):
        cursor.execute(f"INSERT INTO books (id, author, price, title, cover) VALUES ({mark}, 1, {mark}, {mark}, {mark})",
                       (number, f"{number}.25", None if number % 7 == 0 else ODD * (number % 5), bytes(range(256)) * number))
    connection.commit()


def as_app(server, name="shop"):
    if isinstance(server, servers.Postgres):
        return servers.psycopg2.connect(host="127.0.0.1", port=server.port, user="app", password="secret", dbname=name)
    return servers.pymysql.connect(host="127.0.0.1", port=server.port, user="app", password="secret", database=name,
                                   charset="utf8mb4")


def stock(server, statements, name="shop"):
    with contextlib.closing(as_app(server, name)) as connection:
        for statement in statements:
            connection.cursor().execute(statement)
        connection.commit()
        fill(connection, "%s")
    return server


class Sqlite:
    """A database that is a file, with what tests need of a server."""

    def __init__(self, folder, name="shop.db"):
        self.path = folder / name
        with contextlib.closing(self.connect()) as connection:
            for statement in SQLITE:
                connection.execute(statement)
            fill(connection, "?")

    def connect(self, name=None):
        return sqlite3.connect(name or self.path)

    def sql(self, statement, name=None):
        with contextlib.closing(self.connect(name)) as connection, connection:
            return connection.execute(statement).fetchall()

    def url(self, **ignored):
        return f"sqlite:///{self.path}"


def quoted(server, table):
    return f"`{table}`" if isinstance(server, servers.MariaDB) else f'"{table}"'


def tables_of(server, name=None):
    if isinstance(server, servers.Postgres):
        rows = server.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", name or "shop")
    elif isinstance(server, servers.MariaDB):
        rows = server.sql("SHOW FULL TABLES WHERE Table_type = 'BASE TABLE'", name or "shop")
    else:
        rows = server.sql("SELECT name FROM sqlite_master WHERE type = 'table'", name)
    return sorted(row[0] for row in rows)


def contents(server, name=None):
    """{table: its rows, as text, sorted} of a database: the shop, or that called name."""
    places = {} if name is None and isinstance(server, Sqlite) else {"name": name or "shop"}
    return {table: sorted(repr([bytes(value) if isinstance(value, memoryview) else value for value in row])
                          for row in server.sql(f"SELECT * FROM {quoted(server, table)}", **places))
            for table in tables_of(server, name)}


def put_back(server, file):
    """Restores file with the database's own tool into an empty one; its name for contents()."""
    name = "back"
    if isinstance(server, Sqlite):
        return str(file)
    server.sql(f"DROP DATABASE IF EXISTS {name}")
    server.sql(f"CREATE DATABASE {name}")
    if isinstance(server, servers.Postgres):
        subprocess.run(["pg_restore", "--exit-on-error", "-h", str(server.folder), "-p", str(server.port), "-U", "postgres",
                        "-d", name, str(file)], check=True)
        return name
    server.sql(f"GRANT ALL ON {name}.* TO app")  # a view and a routine act as their definer
    unpack = f"gzip -dc '{file}'" if file.name.endswith(".gz") else f"cat '{file}'"
    subprocess.run(["sh", "-c", f"{unpack} | mariadb --no-defaults -u root -S '{server.socket}' {name}"], check=True,
                   env=os.environ)
    return name
