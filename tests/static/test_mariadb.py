"""Logins of the release binary to MariaDB: the distribution's, and 11.8 with the plugin parsec."""

import pytest

import releases
import servers
from shop import PASSWORD, make_shop

IDENTITY = {"ssl-mode": "VERIFY_IDENTITY"}


def let_in(server, plugin):
    """A user named as the plugin that it logs in by."""
    server.sql(f"CREATE USER {plugin} IDENTIFIED VIA {plugin} USING PASSWORD('{PASSWORD}')")
    server.sql(f"GRANT ALL ON shop.* TO {plugin}")


@pytest.fixture(scope="session")
def mariadb(static_tminus):
    with servers.MariaDB(tls="rsa") as server:
        make_shop(server)
        server.sql("INSTALL SONAME 'auth_ed25519'")
        let_in(server, "mysql_native_password")
        let_in(server, "ed25519")
        yield server


@pytest.fixture(scope="session")
def mariadb_11(static_tminus):
    """With the certificate that it makes itself."""
    with releases.MariaDB11(ssl="ON") as server:
        make_shop(server)
        server.sql("INSTALL SONAME 'auth_parsec'")
        let_in(server, "parsec")
        yield server


@pytest.fixture
def ca(image, mariadb):
    return {"ssl_ca": image.add("/ca.crt", mariadb.authority.ca)}


@pytest.mark.parametrize("plugin", ["mysql_native_password", "ed25519"])
def test_a_password(image, mariadb, plugin):
    for mode in ("DISABLED", "REQUIRED"):
        image.expect_ready(mariadb.url(user=plugin, **{"ssl-mode": mode}), "MariaDB 1")
    image.expect_refused(mariadb.url(user=plugin, password="wr0ng"), "1045", "password")


def test_a_password_by_parsec(image, mariadb_11):
    for mode in ("DISABLED", "REQUIRED"):
        image.expect_ready(mariadb_11.url(user="parsec", **{"ssl-mode": mode}), "MariaDB 11.8")
    image.expect_refused(mariadb_11.url(user="parsec", password="wr0ng"), "1045", "password")


def test_a_certificate_of_the_authority_in_the_image(image, mariadb, ca):
    image.expect_ready(mariadb.url(**ca), "MariaDB 1")


def test_a_certificate_for_the_host_of_the_url(image, mariadb, ca):
    image.expect_ready(mariadb.url(host="localhost", **ca, **IDENTITY), "MariaDB 1")


def test_a_certificate_for_another_host_is_refused(image, mariadb, ca):
    image.expect_refused(mariadb.url(host="db", **ca, **IDENTITY), "2026", "Hostname verification failed")


def test_a_certificate_of_another_authority_is_refused(image, mariadb, other_authority):
    other = image.add("/other.crt", other_authority.ca)
    for parameters in ({}, IDENTITY):
        image.expect_refused(mariadb.url(host="localhost", ssl_ca=other, **parameters), "2026", "certificate", "ssl_ca")


def test_an_authority_that_is_not_in_the_image_is_named(image, mariadb):
    image.expect_refused(mariadb.url(ssl_ca="/nowhere.crt"), "/nowhere.crt")


def test_an_image_without_authorities_is_told_how_to_get_one(image, mariadb):
    image.expect_refused(mariadb.url(host="localhost", **IDENTITY), "/etc/ssl/certs/ca-certificates.crt", "ssl_ca")


def test_the_images_own_authorities(image, mariadb):
    image.add("/etc/pki/tls/certs/ca-bundle.crt", mariadb.authority.ca)
    image.expect_ready(mariadb.url(host="localhost", **IDENTITY), "MariaDB 1")
    image.expect_refused(mariadb.url(host="db", **IDENTITY), "Hostname verification failed")


def test_a_certificate_that_nobody_has_signed_is_refused_though_the_password_fits(image, mariadb_11, other_authority):
    """The client library's default is otherwise: mysql.c."""
    url = mariadb_11.url(host="localhost", **IDENTITY)
    image.expect_refused(url, "cannot be verified", "ssl_ca")
    image.add("/etc/ssl/certs/ca-certificates.crt", other_authority.ca)
    image.expect_refused(url, "2026", "self-signed certificate")
