"""Probes of wait targets that are no database."""

import http.server
import threading

import pytest

import servers


def http_answer(line):
    return servers.answers(line + b"\r\nContent-Length: 0\r\n\r\n")


def test_a_port_that_accepts_is_ready(open_session):
    with servers.Misbehaving(servers.says_nothing) as server:
        assert open_session(f"tcp://127.0.0.1:{server.port}").verdict == "ok"
        assert open_session(f"tcp://localhost:{server.port}").verdict == "ok"


def test_an_ipv6_port(open_session):
    if not servers.has_ipv6():
        pytest.skip("no IPv6 here")
    with servers.Misbehaving(servers.says_nothing, "::1") as server:
        assert open_session(f"tcp://[::1]:{server.port}").verdict == "ok"


def test_a_port_where_nobody_listens_is_not(open_session):
    outcome = open_session(f"tcp://localhost:{servers.free_port()}")
    assert (outcome.verdict, outcome.status) == ("retry", 69)
    assert "Connection refused" in outcome.message


def test_a_blackhole_costs_the_connect_limit(open_session):
    with servers.Blackhole() as hole:
        outcome = open_session(f"tcp://127.0.0.1:{hole.port}", connect=150)
    assert "no connection within 150 ms" in outcome.message and outcome.ms < 600


def test_redis_is_ready(open_session):
    with servers.Redis() as redis:
        assert open_session(f"tcp://127.0.0.1:{redis.port}").verdict == "ok"


def test_a_unix_socket(open_session, tmp_path):
    path = tmp_path / "sock"
    assert "not there yet" in open_session(f"unix:{path}").message
    with servers.Misbehaving(servers.says_nothing, path=path):
        assert open_session(f"unix:{path}").verdict == "ok"
    assert open_session(f"unix:{path}").verdict == "retry"  # the file stays, nobody listens
    plain = tmp_path / "file"
    plain.touch()
    assert open_session(f"unix:{plain}").verdict == "retry"


def test_a_file(open_session, tmp_path):
    path = tmp_path / "ready"
    assert open_session(f"file:{path}").verdict == "retry"
    path.touch()
    assert open_session(f"file:{path}").verdict == "ok"


@pytest.mark.parametrize("line, verdict", [(b"HTTP/1.1 200 OK", "ok"), (b"HTTP/1.0 302 Found", "ok"),
                                           (b"HTTP/1.1 404 Not Found", "retry"),
                                           (b"HTTP/1.1 503 Service Unavailable", "retry")])
def test_the_status_decides(open_session, line, verdict):
    with servers.Misbehaving(http_answer(line)) as server:
        outcome = open_session(f"http://127.0.0.1:{server.port}/health")
    assert outcome.verdict == verdict
    if verdict == "retry":
        assert line[9:].decode() in outcome.message and "GET /health" in outcome.message


def test_the_request_is_complete(open_session):
    seen = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append((self.path, self.headers["Host"], self.request_version))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *words):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert open_session(f"http://localhost:{server.server_port}/a/b?c=d").verdict == "ok"
        server.shutdown()
    assert seen == [("/a/b?c=d", f"localhost:{server.server_port}", "HTTP/1.0")]


def test_http_that_hangs_or_is_none(open_session):
    with servers.Misbehaving(servers.says_nothing) as server:
        outcome = open_session(f"http://127.0.0.1:{server.port}", handshake=200)
    assert outcome.verdict == "retry" and "has not answered within 200 ms" in outcome.message
    with servers.Misbehaving(servers.trickles(b"HTTP", ask=True)) as server:
        outcome = open_session(f"http://127.0.0.1:{server.port}", handshake=200)
    assert outcome.verdict == "retry" and outcome.ms < 700
    with servers.Misbehaving(servers.answers(b"SSH-2.0-OpenSSH_9\r\n")) as server:
        outcome = open_session(f"http://127.0.0.1:{server.port}")
    assert outcome.verdict == "grace" and "does not speak HTTP" in outcome.message
    with servers.Misbehaving(servers.closes) as server:
        outcome = open_session(f"http://127.0.0.1:{server.port}")
    assert outcome.verdict == "retry"


@pytest.mark.parametrize("target", ["https://db/", "tcp://db", "localhost:5432", "unix:relative", "gopher://db/"])
def test_a_target_of_no_known_form_is_a_configuration_error(open_session, target):
    outcome = open_session(target)
    assert (outcome.verdict, outcome.status) == ("refuse", 78)
