"""Replicas of one image that start on one database, and the files in which they write down what they do.

The project upgrades, the seed and the app leave lines in the fleet's folder:

    applied   each revision that was applied
    seeds     "begin NANOSECONDS" and "end NANOSECONDS" of each seed
    apps      NANOSECONDS of each start of the app

gate and seed-gate, while they exist, stop the upgrade in revision 0002 and the seed; who stops there
says so in gate.reached.
"""

import pathlib
import re
import shutil
import signal

import sqlalchemy

import harness

PROJECT = pathlib.Path(__file__).resolve().parent / "project"
REVISIONS = ["0001", "0002", "0003"]
MANY = 50 if harness.LONG else 12
ROUNDS = range(10 if harness.LONG else 1)
LIMIT = 300 if harness.LONG else 90

SEED = """
cd "$FLEET"
echo "begin $(date +%s%N)" >>seeds
if [ -e seed-gate ]; then
	echo reached >>seed-gate.reached
	while [ -e seed-gate ]; do sleep 0.01; done
fi
[ ! -e seed-fails ] || exit 3
echo "end $(date +%s%N)" >>seeds
"""
APP = 'date +%s%N >>"$FLEET/apps"'


def connect(url):
    """A session of SQLAlchemy's, which speaks to each kind of database."""
    return sqlalchemy.create_engine(url.replace("mysql://", "mysql+pymysql://"),
                                    poolclass=sqlalchemy.pool.NullPool).connect()


class Fleet:
    """start: the fixture container. project: a folder with env.py and versions, copied if it is to change."""

    def __init__(self, start, folder, url):
        self.start_container = start
        self.folder = folder
        self.url = url
        self.project = PROJECT
        self.seed = folder.script("seed", "#!/bin/sh\n" + SEED)
        self.settings = {}
        self.environment = {}
        self.replicas = []

    # -- replicas

    def start(self, settings=None, environment=None, app=("sh", "-c", APP), url=None, **others):
        """One more replica. settings: {"seed_when": "always"}; None takes one away."""
        ini = f"{self.project}/alembic.ini"
        chosen = {"upgrade_command": f"alembic -c {ini} upgrade head", "upgrade_tool": "alembic",
                  "upgrade_migrations": str(self.project), "seed_all": self.seed, "wait_timeout": f"{LIMIT}s",
                  **self.settings, **(settings or {})}
        surroundings = {"DATABASE_URL": url or self.url, "FLEET": str(self.folder.path),
                        "APPLIED": str(self.folder / "applied"), "GATE": str(self.folder / "gate"),
                        **self.environment, **(environment or {})}
        surroundings.update({f"TMINUS_{key.upper()}": str(value) for key, value in chosen.items() if value is not None})
        replica = self.start_container("--", *app, environment=surroundings, **others)
        self.replicas.append(replica)
        return replica

    def start_many(self, count=MANY, **others):
        return [self.start(**others) for _ in range(count)]

    def boot(self, **others):
        """One replica from its start to its end; its status and its log."""
        replica = self.start(**others)
        return replica.wait(LIMIT), replica.err.text()

    @staticmethod
    def kill(replica):
        """As a node that goes down: the whole tree, and nothing of it is left when this returns."""
        replica.signal(signal.SIGKILL)
        replica.wait()

    def settled_boots(self, count=5):
        """The logs of replicas on a settled database, one after the other, and how soon each started its app."""
        outcomes = [self.boot() for _ in range(count)]
        assert all(status == 0 for status, _ in outcomes)
        return [(log, re.search(r"started as pid \d+ after (.*) of boot", log).group(1)) for _, log in outcomes]

    def own_project(self):
        """The project as a copy that the test may change."""
        self.project = self.folder / "project"
        shutil.copytree(PROJECT, self.project)
        return self.project

    def add_revision(self, revision, below, body="pass", undo="pass"):
        self.folder.script(f"project/versions/{revision}.py", (
            f'revision = "{revision}"\ndown_revision = {below!r}\n\nfrom alembic import op\n\n\n'
            f"def upgrade():\n    {body}\n\n\ndef downgrade():\n    {undo}\n"), 0o644)

    # -- gates

    def close(self, gate):
        (self.folder / gate).touch()

    def open(self, gate):
        (self.folder / gate).unlink()

    def reached(self, gate):
        return harness.read_text(self.folder / f"{gate}.reached")

    def leader_at(self, gate):
        """The replica that stops at a gate, as soon as one does."""
        harness.await_true(lambda: self.reached(gate), lambda: f"{gate}{self.describe()}", LIMIT)
        return next(each for each in self.replicas if "migrations: " in each.err.text() and each.is_running())

    # -- what was done

    def lines(self, name):
        return harness.read_text(self.folder / name).splitlines()

    def applied(self):
        return self.lines("applied")

    def stamps(self, name, word=""):
        return [int(number) for number in re.findall(rf"^{word} ?(\d+)$", "\n".join(self.lines(name)), re.MULTILINE)]

    def seeds_ended(self):
        return self.stamps("seeds", "end")

    def apps(self):
        return self.stamps("apps")

    def expect_all_to_start(self, replicas=None):
        for replica in self.replicas if replicas is None else replicas:
            assert replica.wait(LIMIT) == 0, replica.err.text()

    def describe(self):
        return "\n" + "\n---\n".join(each.err.text()[-1500:] for each in self.replicas[:4])
