"""A start on a settled database, where there is nothing to upgrade: what tminus adds to the app's own start."""

import contextlib
import os
import random
import subprocess
import sys
import time

from contenders import ROOT, BenchError, ours

sys.path.insert(0, str(ROOT / "tests"))

import servers  # noqa: E402
from shop import make_shop  # noqa: E402

SCRIPT = "init.sh"
REVISIONS = (10, 500)
TLS = "with TLS"  # measured with the first number alone, and under no limit
ENV = """
import os
from alembic import context
from sqlalchemy import create_engine, pool

url = os.environ["DATABASE_URL"].replace("mysql://", "mysql+pymysql://")
with create_engine(url, poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
REVISION = """
revision = "{0:04d}"
down_revision = {1}


def upgrade():
    pass


def downgrade():
    pass
"""


def make_project(folder, count):
    """An Alembic project with a straight history."""
    (folder / "alembic" / "versions").mkdir(parents=True)
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = alembic\n", encoding="ascii")
    (folder / "alembic" / "env.py").write_text(ENV, encoding="ascii")
    for number in range(1, count + 1):
        below = f'"{number - 1:04d}"' if number > 1 else None
        text = REVISION.format(number, below)
        (folder / "alembic" / "versions" / f"{number:04d}_step.py").write_text(text, encoding="ascii")
    (folder / SCRIPT).write_text("alembic upgrade head 2>/dev/null\nexec true\n", encoding="ascii")


def took(command, folder, url):
    """Milliseconds from the start to the end of the app, which is true."""
    environment = {"PATH": os.environ["PATH"], "DATABASE_URL": url, "TMINUS_BOOT_PRESET": "alembic"}
    begin = time.monotonic()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"{' '.join(map(str, command))} ended with {done.returncode}: {done.stderr.decode()[-400:]}")
    return (time.monotonic() - begin) * 1000


def measure(rounds, tminus, folder, url):
    """Samples in turns; the first start settles the database, and the tool is seen to move it."""
    ways = {"tminus": [*tminus.words, "true"], "alone": ["true"], SCRIPT: ["sh", SCRIPT]}
    took(ways["tminus"], folder, url)
    samples = {way: [] for way in ways}
    for number in range(rounds):
        for way in random.sample(list(ways), len(ways)):
            if way != SCRIPT or number < 5:
                samples[way].append(took(ways[way], folder, url))
    return samples


def trusting(server):
    """What a URL says so that the server's certificate is verified."""
    if isinstance(server, servers.Postgres):
        return {"host": "localhost", "sslmode": "verify-full", "sslrootcert": server.authority.ca}
    return {"host": "localhost", "ssl_ca": server.authority.ca}


def empty(server, name, tls):
    server.sql(f"DROP DATABASE IF EXISTS {name}")
    server.sql(f"CREATE DATABASE {name}" + (" OWNER app" if isinstance(server, servers.Postgres) else ""))
    return server.url(**(trusting(server) if tls else {}))


def settled(options, contenders):
    tminus = ours(contenders)
    if not tminus:
        raise BenchError("tminus is not built")
    results = {}
    with contextlib.ExitStack() as stack:
        shops = {name: make_shop(stack.enter_context(server)) for name, server in {
            "PostgreSQL": servers.Postgres(), "MariaDB": servers.MariaDB(),
            f"PostgreSQL {TLS}": servers.Postgres(tls=True), f"MariaDB {TLS}": servers.MariaDB(tls=True)}.items()}
        for count in REVISIONS:
            for name in ("SQLite", *shops):
                tls = name.endswith(TLS)
                if tls and count != REVISIONS[0]:
                    continue
                folder = options.scratch / f"{name}-{count}"
                make_project(folder, count)
                url = empty(shops[name], "shop", tls) if name in shops else f"sqlite:///{folder}/app.db"
                results[f"{name}, {count}"] = measure(options.rounds, tminus, folder, url)
    return results
