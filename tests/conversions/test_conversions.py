"""Each conversion leaves the same state behind as its script, and has none of its bugs."""

import urllib.request

import pytest

import bugs
from bugs import LIMIT
from conversion import RUNNABLE, ids
from world import Run


@pytest.mark.parametrize("case", RUNNABLE, ids=ids(RUNNABLE))
def test_leaves_the_same_state_behind_as_the_script(case, stage):
    script, tminus = (run_all(case, kind, stage) for kind in ("script", "tminus"))
    assert all(script["processes"]), "nothing ran that could be compared"
    found = differences(script, tminus)
    assert not found, "\n".join(found)


def differences(script, tminus, path=""):
    """Each place in which the two are not alike: where it is, the script's, tminus's."""
    if type(script) is not type(tminus) or isinstance(script, (str, int, tuple, type(None))):
        return [] if script == tminus else [f"{path}: {script!r} is {tminus!r}"]
    keys = sorted({*script, *tminus}) if isinstance(script, dict) else range(max(len(script), len(tminus)))
    have = [dict(part) if isinstance(part, dict) else dict(enumerate(part)) for part in (script, tminus)]
    return [each for key in keys for each in differences(have[0].get(key), have[1].get(key), f"{path}/{key}")]


def run_all(case, kind, stage):
    """All starts of the case, one after the other; what they left."""
    world = stage.world(case, kind)
    processes = [one_start(case, world, stage, dict(start)) for start in case.starts]
    return {"processes": processes, "rows": stage.database.rows() if stage.database else None,
            "files": world.files()}


def one_start(case, world, stage, start):
    """What runs when all is up, and is ended then."""
    status = start.pop("status", None)
    end = Run.kill if "says" in start else Run.end  # Celery loses a TERM that comes while it writes a line
    is_up = readiness(world, **{key: start.pop(key) for key in ("up", "url", "says") if key in start})
    run = stage.start(world, **start)
    if status is not None:
        assert run.wait(LIMIT) == status, run.describe()
        return [{"status": status}]
    run.expect(lambda: is_up(run) or not run.is_running(), "the app to be up", LIMIT)
    assert run.is_running(), run.describe()
    seen = [world.known(process) for process in run.processes()]
    end(run)
    return seen


def readiness(world, up=None, url=None, says=None):
    """A function that tells whether a run is up: lines in /record/*.up, a URL that answers, what it prints."""
    wanted = len(world.ups()) + (up if up is not None else 0 if url or says else 1)

    def is_up(run):
        return (len(world.ups()) >= wanted and (not url or answers(world.fill(url)))
                and (not says or says in run.out.text() + run.err.text()))

    return is_up


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


BUGS = [(case, bug) for case in RUNNABLE for bug in case.bugs]


@pytest.mark.parametrize("case, bug", BUGS, ids=[f"{case.name}-{bug['kind']}" for case, bug in BUGS])
def test_does_without_the_bug_or_as_the_script_does(case, bug, stage):
    bugs.KINDS[bug["kind"]](case, bug, stage)
