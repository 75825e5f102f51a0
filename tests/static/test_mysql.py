"""Logins of the release binary to Oracle's MySQL 9."""

import contextlib
import socket
import threading

import pytest

import releases
import servers
from shop import make_shop

FULL_LOGIN = b"\x02\0\0\x02\x01\x04"  # packets of caching_sha2_password: send the password itself,
CACHED_LOGIN = b"\x02\0\0\x02\x01\x03"  # and: the hash was enough
WITHOUT_TLS = {"ssl-mode": "DISABLED"}
IDENTITY = {"ssl-mode": "VERIFY_IDENTITY"}


@pytest.fixture(scope="session")
def mysql(static_tminus):
    with releases.MySQL(tls="rsa") as server:
        make_shop(server)
        server.sql("CREATE USER old IDENTIFIED WITH sha256_password BY 'secret'")
        server.sql("GRANT ALL ON shop.* TO old")
        yield server


@pytest.fixture
def strict_mysql(mysql):
    """The same while it wants TLS."""
    mysql.sql("SET GLOBAL require_secure_transport = ON")
    yield mysql
    mysql.sql("SET GLOBAL require_secure_transport = OFF")


class Relay(servers.Misbehaving):
    """Passes everything on to a server on 127.0.0.1, and keeps what each side says."""

    def __init__(self, port):
        super().__init__(self.relay)
        self.to = port
        self.said = {"client": b"", "server": b""}

    def relay(self, _, client):
        with socket.create_connection(("127.0.0.1", self.to)) as server:
            thread = threading.Thread(target=self.copy, args=("server", server, client))
            thread.start()
            self.copy("client", client, server)
            thread.join()

    def copy(self, who, source, target):
        with contextlib.suppress(OSError):
            while chunk := source.recv(65536):
                self.said[who] += chunk
                target.sendall(chunk)
            target.shutdown(socket.SHUT_WR)


def through_relay(image, mysql):
    """What client and server said during a login without TLS."""
    with Relay(mysql.port) as relay:
        image.expect_ready(servers.url("mysql", "127.0.0.1", relay.port, "app", "secret", "shop", **WITHOUT_TLS), "MySQL 9")
    assert b"secret" not in relay.said["client"]
    return relay.said["server"]


def test_caching_sha2_by_rsa_and_then_from_the_servers_cache(image, mysql):
    mysql.sql("FLUSH PRIVILEGES")  # empties the cache
    first = through_relay(image, mysql)
    assert FULL_LOGIN in first and b"BEGIN PUBLIC KEY" in first
    assert CACHED_LOGIN in through_relay(image, mysql)


def test_caching_sha2_over_tls(image, mysql):
    mysql.sql("FLUSH PRIVILEGES")
    for _ in ("full", "cached"):
        image.expect_ready(mysql.url(**{"ssl-mode": "REQUIRED"}), "MySQL 9")


@pytest.mark.parametrize("mode", ["DISABLED", "REQUIRED"])
def test_sha256_password(image, mysql, mode):
    image.expect_ready(mysql.url(user="old", **{"ssl-mode": mode}), "MySQL 9")


@pytest.mark.parametrize("user", ["app", "old"])
@pytest.mark.parametrize("mode", ["DISABLED", "REQUIRED"])
def test_a_wrong_password_is_refused(image, mysql, user, mode):
    image.expect_refused(mysql.url(user=user, password="wr0ng", **{"ssl-mode": mode}), "1045", "password")


def test_a_server_that_requires_tls(image, strict_mysql):
    image.expect_ready(strict_mysql.url(), "MySQL 9")
    image.expect_ready(strict_mysql.url(**{"ssl-mode": "REQUIRED"}), "MySQL 9")
    image.expect_refused(strict_mysql.url(**WITHOUT_TLS), "3159", "ssl-mode=REQUIRED")


def test_certificates_are_verified(image, mysql, other_authority):
    ca, other = image.add("/ca.crt", mysql.authority.ca), image.add("/other.crt", other_authority.ca)
    image.expect_ready(mysql.url(ssl_ca=ca), "MySQL 9")
    image.expect_ready(mysql.url(host="localhost", ssl_ca=ca, **IDENTITY), "MySQL 9")
    image.expect_refused(mysql.url(host="db", ssl_ca=ca, **IDENTITY), "2026", "Hostname verification failed")
    image.expect_refused(mysql.url(host="localhost", ssl_ca=other, **IDENTITY), "2026", "certificate")


def test_an_image_without_authorities_is_told_how_to_get_one(image, mysql):
    image.expect_refused(mysql.url(host="localhost", **IDENTITY), "/etc/ssl/certs/ca-certificates.crt", "ssl_ca")


def test_the_dynamic_build_says_which_plugin_is_missing(container, mysql, folder):
    """Debian's client library loads caching_sha2_password from a folder; without it the server says 1045."""
    one = container("wait", environment={"DATABASE_URL": mysql.url(), "TMINUS_WAIT_GRACE": "0",
                                         "MARIADB_PLUGIN_DIR": str(folder.path)})
    assert one.wait() == 77
    log = one.err.text()
    assert "caching_sha2_password" in log and "MARIADB_PLUGIN_DIR" in log and "static build" in log
    assert "check user and password" not in log
