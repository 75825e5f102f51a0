"""The tools reach the database as tminus does: by TLS, by a socket, by the second of several hosts."""

import pytest

import servers
from shop import make_shop
from stocked import MARIADB, POSTGRES, stock


@pytest.fixture(scope="module")
def postgres_with_tls():
    with servers.Postgres(tls=True, hba=["hostssl all all all scram-sha-256"]) as server:
        yield stock(make_shop(server), POSTGRES)


@pytest.fixture(scope="module")
def mariadb_with_tls():
    with servers.MariaDB(tls=True) as server:
        make_shop(server)
        server.sql("ALTER DATABASE shop CHARACTER SET utf8mb4")
        server.sql("ALTER USER app REQUIRE SSL")
        yield stock_by_tls(server)


def stock_by_tls(server):
    server.sql("ALTER USER app REQUIRE NONE")
    stock(server, MARIADB)
    server.sql("ALTER USER app REQUIRE SSL")
    return server


def test_postgresql_by_tls_verified(make_backups, postgres_with_tls):
    backups = make_backups(postgres_with_tls, host="localhost", sslmode="verify-full",
                           sslrootcert=str(postgres_with_tls.authority.ca))
    backups.expect_whole(backups.make())


@pytest.mark.parametrize("parameters", [{}, {"ssl-mode": "VERIFY_IDENTITY"}])
def test_mariadb_by_tls(make_backups, mariadb_with_tls, parameters):
    backups = make_backups(mariadb_with_tls, host="localhost", ssl_ca=str(mariadb_with_tls.authority.ca), **parameters)
    backups.expect_whole(backups.make())


def test_postgresql_by_its_socket(make_backups, postgres):
    backups = make_backups(postgres)
    backups.url = f"postgresql://app:secret@/shop?host={postgres.folder}&port={postgres.port}"
    backups.expect_whole(backups.make())


def test_mariadb_by_its_socket(make_backups, mariadb):
    backups = make_backups(mariadb)
    backups.url = f"mysql://app:secret@localhost/shop?unix_socket={mariadb.socket}"
    backups.expect_whole(backups.make())


def test_the_second_of_several_hosts(make_backups, postgres):
    backups = make_backups(postgres)
    backups.url = f"postgresql://app:secret@127.0.0.1:{servers.free_port()},127.0.0.1:{postgres.port}/shop"
    backups.expect_whole(backups.make())


@pytest.mark.parametrize("password", ["pass'word\\ \"#;=%", " blank "])
def test_an_odd_password(make_backups, postgres, mariadb, password):
    postgres.sql("CREATE ROLE odd SUPERUSER LOGIN PASSWORD '{}'".format(password.replace("'", "''")))
    mariadb.sql("CREATE USER odd IDENTIFIED BY '{}'".format(password.replace("\\", "\\\\").replace("'", "\\'")))
    mariadb.sql("GRANT ALL ON *.* TO odd")
    try:
        for server in (postgres, mariadb):
            make_backups(server, user="odd", password=password).make()
    finally:
        postgres.sql("DROP OWNED BY odd", name="shop")
        postgres.sql("DROP ROLE odd")
        mariadb.sql("DROP USER odd")
