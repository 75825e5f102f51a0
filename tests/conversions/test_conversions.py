"""Each conversion leaves the same state behind as its script, and has none of its bugs."""

import urllib.request

import pytest

import bugs
from conversion import RUNNABLE, ids


@pytest.mark.parametrize("case", RUNNABLE, ids=ids(RUNNABLE))
def test_leaves_the_same_state_behind_as_the_script(case, stage):
    script, tminus = (run_all(case, kind, stage) for kind in ("script", "tminus"))
    assert script["processes"], "nothing ran that could be compared"
    assert tminus == script


def run_all(case, kind, stage):
    """All starts of the case, one after the other; what they left."""
    world = stage.world(case, kind)
    processes = [one_start(case, world, stage, dict(start)) for start in case.starts]
    rows = stage.database.rows() if stage.database else None
    return {"processes": processes, "rows": rows, "files": world.files()}


def one_start(case, world, stage, start):
    wanted = len(world.ups()) + start.pop("up", 1)
    url = start.pop("url", None)
    status = start.pop("status", None)
    run = stage.start(world, **start)
    if status is not None:
        assert run.wait() == status, run.describe()
        return []
    run.expect(lambda: answers(world.fill(url)) if url else len(world.ups()) >= wanted or not run.is_running(),
               "the app to be up")
    assert run.is_running(), run.describe()
    seen = [without(process, case.unexported) for process in run.processes()]
    run.end()
    return seen


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def without(process, names):
    environment = {name: value for name, value in process["environment"].items() if name not in names}
    return {**process, "environment": environment}


BUGS = [(case, bug) for case in RUNNABLE for bug in case.bugs]


@pytest.mark.parametrize("case, bug", BUGS, ids=[f"{case.name}-{bug['kind']}" for case, bug in BUGS])
def test_has_no_bug_of_the_script(case, bug, stage):
    bugs.KINDS[bug["kind"]](case, bug, stage)
