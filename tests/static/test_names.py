"""Host names as the release binary finds them: musl's resolver, the image's own resolv.conf and hosts."""

import pytest

import servers
from network import NameServer
from shop import make_shop

HERE = ["127.0.0.1"]


class PostgresThere(servers.Postgres):
    """In a network of its own."""

    def __init__(self, network, **settings):
        self.prefix = network.prefix
        super().__init__(**settings)


@pytest.fixture(scope="session")
def postgres_there(network):
    with PostgresThere(network) as server:
        yield make_shop(server)


@pytest.fixture
def expect_ready(image, network, postgres_there):
    return lambda host: image.expect_ready(postgres_there.url(host=host), "PostgreSQL", network=network)


def test_a_name_of_etc_hosts_alone(expect_ready):
    expect_ready("db.example.com")


def test_a_name_within_a_search_domain(image, network, expect_ready):
    image.add("/etc/resolv.conf", "search first.test shop.svc.test\nnameserver 127.0.0.53\n")
    with NameServer(network, "127.0.0.53", {"base.shop.svc.test": HERE}) as server:
        expect_ready("base")
    assert server.asked.index("base.first.test") < server.asked.index("base.shop.svc.test")


def test_the_options_that_kubernetes_gives(image, network, expect_ready):
    image.add("/etc/resolv.conf", "search ns.svc.cluster.test svc.cluster.test cluster.test\n"
                                  "nameserver 127.0.0.53\noptions ndots:5\n")
    with NameServer(network, "127.0.0.53", {"base.ns.svc.cluster.test": HERE}) as server:
        expect_ready("base.ns.svc")
    assert "base.ns.svc.ns.svc.cluster.test" in server.asked


def test_a_name_server_that_never_answers_before_one_that_does(image, network, expect_ready):
    image.add("/etc/resolv.conf", "nameserver 127.0.0.52\nnameserver 127.0.0.53\n")
    with NameServer(network, "127.0.0.52", None) as dead, NameServer(network, "127.0.0.53", {"base.test": HERE}):
        expect_ready("base.test")
    assert "base.test" in dead.asked


def test_an_ipv6_address_where_nobody_listens_before_one_that_works(image, network, postgres_there, expect_ready):
    image.add("/etc/resolv.conf", "nameserver 127.0.0.53\n")
    with NameServer(network, "127.0.0.53", {"six.test": ["::1"], "base.test": ["::1", *HERE]}):
        six = image.start("wait", network=network, DATABASE_URL=postgres_there.url(host="six.test"))
        six.expect_error(r"\(::1\): Connection refused")
        expect_ready("base.test")


def test_more_addresses_than_a_datagram_holds(image, network, expect_ready):
    image.add("/etc/resolv.conf", "nameserver 127.0.0.53\n")
    others = [f"127.0.1.{number}" for number in range(1, 47)]
    with NameServer(network, "127.0.0.53", {"base.test": [*others, *HERE]}):
        expect_ready("base.test")


def test_a_name_that_exists_only_later(image, network, postgres_there):
    image.add("/etc/resolv.conf", "nameserver 127.0.0.53\n")
    with NameServer(network, "127.0.0.53", {}) as server:
        one = image.start("wait", network=network, DATABASE_URL=postgres_there.url(host="base.test"))
        one.expect_error("waiting for .*cannot be resolved")
        server.names["base.test"] = HERE
        assert one.wait() == 0
    assert "is ready after" in one.err.text()


def test_a_name_server_that_never_answers_is_said(image, network):
    image.add("/etc/resolv.conf", "nameserver 127.0.0.52\noptions timeout:1 attempts:1\n")
    with NameServer(network, "127.0.0.52", None):
        one = image.start("wait", network=network, DATABASE_URL="postgres://app:secret@base.test/shop")
        one.expect_error('waiting for .*"base.test" cannot be resolved: .*the name server does not answer')
