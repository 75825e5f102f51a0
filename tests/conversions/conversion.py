"""A conversion of examples/conversions: an entrypoint script, the tminus.ini in its place, and its case.

tests/conversions/cases/NN-name.toml says what a run of both needs, which rows of the table it covers, and
which bugs the script has. Keys, all of them optional but the first:

    covers       rows of coverage.ROWS
    project      what lies in /app beside entrypoint and tminus.ini: projects/NAME, or an example
    database     postgres, mariadb or none
    created      false: the database is not there yet
    redis        true: a Redis server of its own
    modules      /app/node_modules has the packages of that group in tests/packages from npm: npm or prisma
    build        run by a shell in /app beforehand, as the image's build does
    environment  of both runs; {url} {host} {port} {user} {password} {name} {redis} {free} are the run's own
    files        PATH = text, laid in before
    sql          run in the database before
    quick        true: runs in `make check`
    ignored      PATH (a pattern) = why it may differ
    drawn        NAME = pattern of a variable that each world draws for itself, and keeps
    unexported   NAME = why the app need not have this variable under tminus, or has another
    start        a list of tables: command, environment, files, up (lines in /record/*.up) or url: one start
                 after the other in the same world, one with up = 1 when there is none; or says, what is then
                 printed, or status, with which it ends
    bug          a list of tables: kind, a bug or another thing to be shown, and what that needs (bugs.py)
"""

import pathlib
import re
import tomllib

import harness
from world import EXAMPLES, HERE

CONVERSIONS = EXAMPLES / "conversions"


class Case:
    def __init__(self, path):
        self.name = path.stem
        self.folder = CONVERSIONS / self.name
        told = tomllib.loads(path.read_text())
        self.covers = told.pop("covers")
        self.project = find_project(told.pop("project", None))
        self.database = told.pop("database", "none")
        self.created = told.pop("created", True)
        self.drawn = told.pop("drawn", {})
        self.redis = told.pop("redis", False)
        self.modules = told.pop("modules", None)
        self.build = told.pop("build", "")
        self.environment = told.pop("environment", {})
        self.files = told.pop("files", {})
        self.sql = told.pop("sql", "")
        self.quick = told.pop("quick", False)
        self.ignored = told.pop("ignored", {})
        self.unexported = told.pop("unexported", {})
        self.starts = told.pop("start", [{}])
        self.bugs = told.pop("bug", [])
        assert not told, f"{path.name}: unknown keys {list(told)}"

    def ignores(self, path):
        return any(re.fullmatch(pattern, path) for pattern in self.ignored)


def find_project(name):
    if name is None:
        return None
    own = HERE / "projects" / name
    return own if own.exists() else EXAMPLES / name


CASES = [Case(path) for path in sorted((HERE / "cases").glob("*.toml"))]
RUNNABLE = [case for case in CASES if case.quick or harness.LONG]


def ids(cases):
    return [case.name for case in cases]
