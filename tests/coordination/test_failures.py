"""Commands that fail, are stopped or lose their lock: what is said, with which status, and who comes next."""

import re


def errors(log):
    return re.findall(r"^tminus: error: (.*)$", log, re.MULTILINE)


def test_an_upgrade_that_fails_is_one_error_and_no_app(fleet):
    fleet.own_project()
    fleet.add_revision("0004", "0003", 'raise RuntimeError("no")')
    status, log = fleet.boot()
    assert status == 76 and not fleet.apps() and not fleet.lines("seeds")
    assert len(errors(log)) == 1 and errors(log)[0].startswith("upgrade failed: ")


def test_a_seed_that_fails_half_way_is_80_and_runs_again_next_time(fleet):
    (fleet.folder / "seed-fails").touch()
    status, log = fleet.boot()
    assert status == 80 and len(errors(log)) == 1 and not fleet.apps()
    (fleet.folder / "seed-fails").unlink()
    assert fleet.boot()[0] == 0 and fleet.boot()[0] == 0
    assert len(fleet.stamps("seeds", "begin")) == 2 and len(fleet.seeds_ended()) == 1
