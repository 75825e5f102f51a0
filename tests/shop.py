"""The role and the database that tests of a login use."""

import servers

PASSWORD = "secret"


def make_shop(server):
    """The role app, its password, and the database shop that it owns."""
    if isinstance(server, servers.Postgres):
        server.sql(f"CREATE ROLE app LOGIN PASSWORD '{PASSWORD}'")
        server.sql("CREATE DATABASE shop OWNER app")
    else:
        server.sql(f"CREATE USER app IDENTIFIED BY '{PASSWORD}'")
        server.sql("CREATE DATABASE shop")
        server.sql("GRANT ALL ON shop.* TO app")
    return server
