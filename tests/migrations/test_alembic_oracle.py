"""The Alembic reader concludes what Alembic itself does, in histories made at random.

Alembic is asked which steps "upgrade head" and "upgrade heads" would run. A project is ordinary when nobody did
anything unusual in it: there the reader may hardly ever be uncertain. At head where Alembic has a step to run is
wrong everywhere.
"""

import collections
import contextlib
import io
import itertools
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import warnings

import alembic.command
import alembic.config
import alembic.script
import flask_migrate
import pytest

import alembic_histories
import harness
import servers

CASES = 1200 if harness.LONG else 120
LARGE = 3 if harness.LONG else 1
REAL = 40 if harness.LONG else 4
SEED = int(os.environ.get("ALEMBIC_SEED", 0)) or random.SystemRandom().randrange(1, 10**9)
MOST_UNKNOWN = 0.02
MOST_ENDLESS = 0.01
THINKS = 60  # seconds of CPU time, of which one history needs a hundredth

Finding = collections.namedtuple("Finding", "kind pending reason")


class Reader:
    """The reader on the command line; one process for all cases."""

    def __init__(self):
        program = servers.build_with_library("tests/migrations/inspect_files.c")
        self.process = subprocess.Popen([program, "alembic"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd="/", text=True)

    def inspect(self, directory, rows=(), has_table=True, tables=3):
        line = "\t".join([str(directory), str(tables), "table" if has_table else "none", *rows])
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().rstrip("\n")
        assert answer, f"no answer to {line}"
        kind, pending, reason = answer.split("\t", 2)
        return Finding(kind, int(pending), reason)

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=10)
        assert self.process.returncode == 0


@pytest.fixture(scope="module")
def reader():
    made = Reader()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def nothing_is_compiled(monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.delenv("ALEMBIC_CONFIG", raising=False)


def configuration(project):
    config = alembic.config.Config(str(project.ini), stdout=io.StringIO())
    if project.is_flask:
        config.set_main_option("script_location", str(project.directory))
    return config


class Endless(BaseException):
    """Alembic 1.8 comes to no end with some histories: RevisionMap._topological_sort."""


def give_up(number, frame):
    raise Endless


def attempt(function):
    """What it returns; or the exception that it ends with."""
    signal.signal(signal.SIGVTALRM, give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, THINKS)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            return function()
    except (Exception, Endless) as error:
        return error
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def steps(project):
    """The number of steps that Alembic would run to "head" and to "heads"; or exceptions in their place."""
    rows = tuple(project.rows) if project.has_table else ()
    script = attempt(lambda: alembic.script.ScriptDirectory.from_config(configuration(project)))
    loaded = script if isinstance(script, Exception) else attempt(lambda: script.revision_map.heads)
    if isinstance(loaded, Exception):
        return loaded, loaded
    return tuple(attempt(lambda: len(script._upgrade_revs(destination, rows))) for destination in ("head", "heads"))


def disagreement(project, finding, head, heads):
    """What is wrong with finding, when Alembic answers head and heads to these destinations; None for nothing."""
    rows = project.rows if project.has_table else []
    agrees = {
        "unknown": True,
        "at head": heads == 0 and rows,
        "pending": head == finding.pending and head != 0 and rows,
        "empty": head == finding.pending and not rows and project.tables == 0,
        "unversioned": not isinstance(head, Exception) and not rows and project.tables > 0,
        "foreign": isinstance(heads, Exception) and "Can't locate revision" in str(heads),
        "diverged": isinstance(head, Exception) and ("Multiple head" in str(head) or "overlaps" in str(head)),
        "broken": isinstance(heads, Exception),
    }
    return None if agrees[finding.kind] else f"{finding} but head: {head!r}, heads: {heads!r}"


def check(reader, project):
    """What the reader concludes, which Alembic does not contradict; None where Alembic comes to no end."""
    finding = reader.inspect(project.directory, project.rows, project.has_table, project.tables)
    answers = steps(project)
    if any(isinstance(answer, Endless) for answer in answers):
        return None
    wrong = disagreement(project, finding, *answers)
    assert wrong is None, f"{wrong}\n{project}"
    return finding


def test_the_reader_never_contradicts_alembic(reader, folder, record_property):
    print(f"ALEMBIC_SEED={SEED}")
    counts = collections.Counter()
    for number in range(CASES):
        project = alembic_histories.make(random.Random(f"{SEED}/{number}"), folder / str(number))
        finding = check(reader, project)
        kind = finding.kind if finding else "endless"
        counts["ordinary" if project.ordinary else "odd", kind] += 1
        if project.ordinary and kind == "unknown":
            print(finding.reason)
        shutil.rmtree(project.folder)
    assert sum(count for (_, kind), count in counts.items() if kind == "endless") <= MOST_ENDLESS * CASES
    ordinary = sum(count for (sort, _), count in counts.items() if sort == "ordinary")
    unknown = counts["ordinary", "unknown"]
    told = ", ".join(f"{sort} {kind} {count}" for (sort, kind), count in sorted(counts.items()))
    record_property("figure", f"Alembic oracle: {CASES} cases, {unknown} of {ordinary} ordinary ones unknown; {told}")
    assert unknown <= MOST_UNKNOWN * ordinary


def tricky_projects(folder):
    """Two revisions, and in the later one each way to assign a value, to the right one or another."""
    chance = random.Random(SEED)
    history = [alembic_histories.Revision("first"), alembic_histories.Revision("second", down=["first"])]
    ways = itertools.product(alembic_histories.TRICKS, (("revision", "second"), ("down_revision", "first")),
                             (True, False), (True, False))
    for number, (form, (name, value), is_right, before_bodies) in enumerate(ways):
        project = alembic_histories.Project(folder / str(number), True, history, rows=["second"])
        alembic_histories.write(chance, project, plain=True)
        path = alembic_histories.scripts(project)[1]
        made = alembic_histories.trick(form, name, value if is_right else "other")
        path.write_text(alembic_histories.with_trick(path.read_text(), made, before_bodies))
        project.odd(made)
        yield project


def test_no_way_to_assign_a_value_misleads_the_reader(reader, folder):
    for project in tricky_projects(folder):
        check(reader, project)
        shutil.rmtree(project.folder)


def test_a_thousand_revisions_are_read_as_alembic_reads_them(reader, folder):
    print(f"ALEMBIC_SEED={SEED}")
    for number in range(LARGE):
        project = alembic_histories.make(random.Random(f"{SEED}/large/{number}"), folder / str(number), count=1000)
        check(reader, project)
        shutil.rmtree(project.folder)


MIGRATING_ENV = """
from alembic import context
from sqlalchemy import create_engine

with create_engine("sqlite:///{database}").connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""


def test_what_alembic_leaves_in_sqlite_is_at_head(reader, folder):
    print(f"ALEMBIC_SEED={SEED}")
    upgraded = 0
    for number in itertools.takewhile(lambda number: upgraded < REAL, range(10 * REAL)):
        chance = random.Random(f"{SEED}/real/{number}")
        project = alembic_histories.Project(folder / str(number), False, alembic_histories.history(chance, 12))
        alembic_histories.write(chance, project, plain=True)
        database = folder / f"{number}.db"
        (project.directory / "env.py").write_text(MIGRATING_ENV.format(database=database))
        try:
            alembic.command.upgrade(configuration(project), "heads")
        except KeyError:  # Alembic 1.8 loses count of the heads where several revisions depend on one
            continue
        upgraded += 1
        with contextlib.closing(sqlite3.connect(database)) as connection:
            rows = [row[0] for row in connection.execute("SELECT version_num FROM alembic_version")]
        assert reader.inspect(project.directory, rows).kind == "at head"
        assert sorted(rows) == sorted(alembic_histories.effective(
            project.revisions, {revision.id for revision in project.revisions}))
    assert upgraded == REAL


@pytest.mark.parametrize("template, kind", [
    ("generic", "at head"), ("async", "at head"), ("multidb", "unknown"),
    ("flask", "at head"), ("aioflask", "at head"), ("flask-multidb", "unknown"), ("aioflask-multidb", "unknown")])
def test_a_project_that_init_made_is_read_unless_it_has_several_databases(reader, folder, template, kind):
    is_flask = "flask" in template
    project = alembic_histories.Project(folder / "shop", is_flask, [alembic_histories.Revision("first")])
    project.folder.mkdir()
    make = flask_migrate.Config if is_flask else alembic.config.Config
    config = make(str(project.ini), stdout=io.StringIO())
    with contextlib.redirect_stdout(io.StringIO()):
        alembic.command.init(config, str(project.directory), template=template)
    source = alembic_histories.source(random.Random(1), project.revisions[0], plain=True)
    (project.directory / "versions" / "first.py").write_text(source)
    finding = reader.inspect(project.directory, ["first"])
    assert finding.kind == kind, finding
