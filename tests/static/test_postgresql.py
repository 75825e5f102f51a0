"""Logins of the release binary to PostgreSQL: the distribution's, and 17."""

import pytest

import releases
import servers
from shop import make_shop

RELEASES = {"distribution": servers.Postgres, "17": releases.Postgres17}
HBA = ["hostssl all certified all cert", "host all old all md5", "hostssl all guarded all scram-sha-256",
       "host all app,keyed all scram-sha-256"]
# Where Debian, Fedora, SUSE and Alpine keep the authorities that everybody trusts.
BUNDLES = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
           "/etc/ssl/cert.pem"]


@pytest.fixture(params=RELEASES, scope="session")
def postgres(request, static_tminus):
    with RELEASES[request.param](tls="rsa", hba=HBA) as server:
        make_shop(server)
        server.sql("SET password_encryption = md5; CREATE ROLE old LOGIN PASSWORD 'secret'")
        server.sql("CREATE ROLE guarded LOGIN PASSWORD 'secret'")
        server.sql("CREATE ROLE certified LOGIN")
        server.sql("CREATE ROLE keyed LOGIN")
        yield server


@pytest.fixture
def expect_ready(image, postgres):
    """Expects a login with these parameters."""
    return lambda **parameters: image.expect_ready(postgres.url(**parameters), f"PostgreSQL {postgres.version}")


@pytest.fixture
def expect_refused(image, postgres):
    """Expects these words about a login with these parameters."""
    return lambda *words, **parameters: image.expect_refused(postgres.url(**parameters), *words)


@pytest.fixture
def ca(image, postgres):
    """The authority's certificate, in the image."""
    return image.add("/ca.crt", postgres.authority.ca)


def test_a_password_by_scram(expect_ready, expect_refused):
    expect_ready(sslmode="disable")
    expect_refused("28P01", "password", password="wr0ng")


@pytest.mark.parametrize("length", [1, 64, 65, 200])
def test_a_password_shorter_and_longer_than_a_block_of_its_hash(expect_ready, expect_refused, postgres, length):
    password = "a" * length
    postgres.sql(f"ALTER ROLE keyed PASSWORD '{password}'")
    expect_ready(user="keyed", password=password, sslmode="disable")
    expect_refused("28P01", user="keyed", password=password + "a", sslmode="disable")


def test_a_password_by_md5(expect_ready):
    expect_ready(user="old", sslmode="disable")


def test_a_password_bound_to_the_tls_channel(expect_ready, expect_refused):
    expect_ready(channel_binding="require", sslmode="require")
    expect_refused("channel binding", "sslmode", channel_binding="require", sslmode="disable")


def test_tls_that_the_server_wants_is_used(expect_ready, expect_refused):
    expect_ready(user="guarded")
    expect_refused("28000", "sslmode=require", user="guarded", sslmode="disable")


def test_a_certificate_of_the_authority_in_the_image(expect_ready, ca):
    expect_ready(sslmode="verify-ca", sslrootcert=ca)


def test_a_certificate_for_the_host_of_the_url(expect_ready, ca):
    expect_ready(host="localhost", sslmode="verify-full", sslrootcert=ca)


def test_a_certificate_for_another_host_is_refused(expect_refused, ca):
    expect_refused('"localhost" does not match host name "db"', host="db", sslmode="verify-full", sslrootcert=ca)


def test_a_certificate_of_another_authority_is_refused(image, expect_refused, other_authority):
    other = image.add("/other.crt", other_authority.ca)
    expect_refused("certificate verify failed", "sslrootcert", host="localhost", sslmode="verify-full",
                   sslrootcert=other)


@pytest.mark.parametrize("parameters", [{}, {"sslrootcert": "system"}], ids=["default", "system"])
def test_an_image_without_authorities_is_told_how_to_get_one(expect_refused, parameters):
    expect_refused("/etc/ssl/certs/ca-certificates.crt", "sslrootcert", host="localhost", sslmode="verify-full",
                   **parameters)


@pytest.mark.parametrize("place", BUNDLES)
def test_the_images_own_authorities(image, postgres, expect_ready, place):
    image.add(place, postgres.authority.ca)
    expect_ready(host="localhost", sslmode="verify-full", sslrootcert="system")


def test_authorities_that_the_environment_names(image, postgres):
    image.expect_ready(postgres.url(host="localhost", sslmode="verify-full", sslrootcert="system"), "PostgreSQL",
                       SSL_CERT_FILE=image.add("/ca.crt", postgres.authority.ca))


def test_a_certificate_of_the_client(image, postgres, expect_ready):
    certificate, key = postgres.authority.issue("certified")
    expect_ready(user="certified", password=None, sslmode="require", sslcert=image.add("/client.crt", certificate),
                 sslkey=image.add("/client.key", key))


def test_a_certificate_with_an_elliptic_key_over_tls_1_2(image):
    with servers.Postgres(tls="ec", ssl_max_protocol_version="TLSv1.2") as server:
        make_shop(server)
        image.expect_ready(server.url(host="localhost", sslmode="verify-full", channel_binding="require",
                                      sslrootcert=image.add("/ca.crt", server.authority.ca)), "PostgreSQL")


def test_a_certificate_that_channel_binding_cannot_use(image):
    """libpq knows no digest for Ed25519, and binds channels without being asked."""
    with servers.Postgres(tls="ed25519") as server:
        make_shop(server)
        image.expect_refused(server.url(), "channel_binding=disable")
        image.expect_ready(server.url(channel_binding="disable"), "PostgreSQL")


def test_a_pooler(image, postgres):
    with servers.PgBouncer(postgres, {"app": "secret"}) as pooler:
        image.expect_ready(pooler.url(), f"PostgreSQL {postgres.version}")
