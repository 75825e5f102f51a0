"""What stands in a database, so that two runs can be compared."""

import contextlib

# Times, keys that a tool draws, and salted hashes: they differ with every run of the same command.
VOLATILE = {"applied", "executed_at", "inserted_at", "started_at", "finished_at", "created_at", "updated_at",
            "migration_time", "date_joined", "last_login", "password", "execution_time"}
PASSWORD = "p@ss/w%rd"


class Database:
    """An empty database called shop of a server, made anew for each run."""

    def __init__(self, kind, server, create=True):
        self.kind, self.server = kind, server
        self.server.sql("DROP DATABASE IF EXISTS shop" + (" WITH (FORCE)" if kind == "postgres" else ""))
        if create:
            self.create()

    def create(self):
        if self.kind == "postgres":
            self.server.sql("CREATE DATABASE shop OWNER app")
        else:
            self.server.sql("CREATE DATABASE shop")
            self.server.sql("GRANT ALL ON shop.* TO app")

    def sql(self, statement):
        return self.server.sql(statement, name="shop")

    def variables(self):
        return {"url": self.server.url(password=PASSWORD), "host": "127.0.0.1", "port": self.server.port,
                "user": "app", "password": PASSWORD, "name": "shop"}

    def rows(self):
        """Each table with its rows; of views, as tminus_ledger, there is nothing to compare."""
        with contextlib.closing(self.server.connect("shop")) as connection:
            cursor = connection.cursor()
            schema = "'public'" if self.kind == "postgres" else "database()"
            cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE'"
                           f" AND table_schema = {schema}")
            quote = '"' if self.kind == "postgres" else "`"
            return {name: table_rows(cursor, f"{quote}{name}{quote}") for (name,) in cursor.fetchall()}


def table_rows(cursor, table):
    cursor.execute(f"SELECT * FROM {table}")
    columns = [column[0] for column in cursor.description]
    return sorted(str([value for name, value in zip(columns, row) if not is_volatile(table, name)])
                  for row in cursor.fetchall())


def is_volatile(table, name):
    return name in VOLATILE or (table.strip('"') == "_prisma_migrations" and name == "id")
