"""A cluster of MySQL servers: GET_LOCK belongs to one node, so the lock needs a node of its own."""

import contextlib
import pathlib
import subprocess

import pytest
import servers
from shop import make_shop

PROVIDER = pathlib.Path("/usr/lib/galera/libgalera_smm.so")


class Galera(servers.MariaDB):
    """One node; join adds an arbitrator, which counts as a second."""

    def __init__(self):
        self.group_port = servers.free_port()
        super().__init__(
            wsrep_on="ON", wsrep_provider=PROVIDER, wsrep_cluster_address="gcomm://", binlog_format="ROW",
            wsrep_node_address="127.0.0.1",
            wsrep_provider_options=f"gmcast.listen_addr=tcp://127.0.0.1:{self.group_port};ist.recv_bind=127.0.0.1")

    def size(self):
        return int(self.sql("SHOW STATUS LIKE 'wsrep_cluster_size'")[0][1])

    @contextlib.contextmanager
    def joined(self):
        arbitrator = subprocess.Popen([
            "garbd", "--group", "my_wsrep_cluster", "--address", f"gcomm://127.0.0.1:{self.group_port}",
            "--options", f"gmcast.listen_addr=tcp://127.0.0.1:{servers.free_port()}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            servers.until(lambda: self.size() == 2, "the arbitrator has joined")
            yield
        finally:
            arbitrator.terminate()
            arbitrator.wait()


@pytest.fixture(scope="module")
def galera():
    with Galera() as server:
        yield make_shop(server)


def test_one_node_is_like_any_server(galera, make_fleet):
    status, log = make_fleet(galera.url()).boot()
    assert status == 0, log


def test_two_nodes_are_refused_unless_the_lock_has_one_of_its_own(galera, make_fleet):
    galera.sql("DROP DATABASE shop")
    galera.sql("CREATE DATABASE shop")
    fleet = make_fleet(galera.url())
    with galera.joined():
        status, log = fleet.boot()
        assert status == 78 and "one of 2 nodes" in log and "lock.url" in log and not fleet.applied()
        status, log = fleet.boot(settings={"lock_url": galera.url()})
    assert status == 0 and fleet.applied() == ["0001", "0002", "0003"], log
