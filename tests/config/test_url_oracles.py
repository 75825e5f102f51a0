"""Database URLs are read as the libraries read them that the app itself uses: libpq and SQLAlchemy."""

import re
import subprocess
import sys

import pytest

POSTGRES = [
    "postgres://u:p@h/d",
    "postgresql://u:p@h:6000/d?sslmode=require",
    "postgres://u%40x:p%2F%3A@h/d%20e",
    "postgres://u@[::1]:6000/d",
    "postgres://u:p?q@h/d",
    "postgres://u:p#q@h/d",
    "postgres://u:p:q@h/d",
    "postgresql:///d?host=/sock&port=6000&user=u",
    "postgresql://u@a:1,b:2/d",
    "postgresql:///d?host=a,b&port=1,2",
    "postgres://u@h/my$db",
    "postgres://%2Fvar%2Frun/d",
]

SQLALCHEMY = [
    "postgresql+psycopg2://u:p%40@h:6000/d",
    "mysql+pymysql://u:p@h/d?charset=utf8mb4",
    "mariadb+mariadbconnector://u@h:1/d",
    "sqlite:///a.db",
    "sqlite:////a/b.db",
    "sqlite:////a%20b.db",
    "sqlite:////a.db?timeout=5",
]

PORTS = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306}


def display(user, hosts, name):
    """What tminus shows of a URL."""
    role = f"{user}@" if user else ""
    if len(hosts) == 1 and hosts[0][0].startswith("/"):
        return f"postgres://{role}/{name}?host={hosts[0][0]}&port={hosts[0][1]}"
    bracketed = (f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in hosts)
    return f"postgres://{role}{','.join(bracketed)}/{name}"


@pytest.mark.parametrize("url", POSTGRES)
def test_libpq_reads_the_same(configured, url):
    parts = pytest.importorskip("psycopg2.extensions").parse_dsn(url)
    hosts = parts["host"].split(",")
    ports = (parts.get("port") or "5432").split(",")
    expected = display(parts.get("user"), list(zip(hosts, ports * (1 if len(ports) > 1 else len(hosts)))), parts["dbname"])
    assert configured.values(DATABASE_URL=url)["database"] == expected


@pytest.mark.parametrize("url", ["postgres://u@/x", "postgres://u@127.0.0.3/x", "postgres://u@:5/x",
                                 "postgres://u@/x?host=/nowhere", "postgres://u@/x?host=127.0.0.4&port=6"])
def test_libpq_completes_it_from_the_environment_alike(configured, url):
    """Nobody listens there: libpq's message says where it has tried."""
    pytest.importorskip("psycopg2")
    variables = {"PGHOST": "127.0.0.9", "PGPORT": "7"}
    tried = subprocess.run([sys.executable, "-c", "import sys, psycopg2; psycopg2.connect(sys.argv[1])", url],
                           env=variables, capture_output=True, text=True, check=False).stderr
    host, port = re.search(r'"(/nowhere)/.s.PGSQL.(\d+)"|$', tried).groups()
    if host is None:
        host, port = re.search(r'"([\d.]+)".*port (\d+)', tried).groups()
    assert configured.values(DATABASE_URL=url, **variables)["database"] == display("u", [(host, port)], "x")


@pytest.mark.parametrize("url", SQLALCHEMY)
def test_sqlalchemy_reads_the_same(configured, url):
    parts = pytest.importorskip("sqlalchemy.engine").make_url(url)
    backend = parts.get_backend_name()
    if backend == "sqlite":
        expected = f"sqlite:///{parts.database}"
    else:
        scheme = "postgres" if backend == "postgresql" else "mysql"
        expected = f"{scheme}://{parts.username}@{parts.host}:{parts.port or PORTS[backend]}/{parts.database}"
    assert configured.values(DATABASE_URL=url)["database"] == expected
