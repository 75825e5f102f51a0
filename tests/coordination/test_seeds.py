"""Seeds and steps that the ledger remembers: when they run again, and when not."""

import pytest

STEP = 'echo step >>"$FLEET/steps"'


@pytest.mark.parametrize("when, runs", [("once", 1), ("changed", 1), ("always", 3), ("never", 0)])
def test_a_seed_runs_as_often_as_it_is_said(fleet, when, runs):
    for _ in range(3):
        assert fleet.boot(settings={"seed_when": when})[0] == 0
    assert len(fleet.seeds_ended()) == runs and len(fleet.apps()) == 3


@pytest.mark.parametrize("environment, runs", [("production", 1), ("development", 2)])
def test_a_seed_runs_once_in_production_and_at_each_start_elsewhere(fleet, environment, runs):
    for _ in range(2):
        assert fleet.boot(environment={"TMINUS_ENVIRONMENT": environment})[0] == 0
    assert len(fleet.seeds_ended()) == runs


def test_a_seed_that_watches_a_file_runs_again_when_the_file_changes(fleet):
    watched = fleet.folder / "rows.json"
    settings = {"seed_when": "changed", "seed_watch": str(watched)}
    for contents, runs in (("one", 1), ("one", 1), ("two", 2), ("two", 2)):
        watched.write_text(contents)
        assert fleet.boot(settings=settings)[0] == 0
        assert len(fleet.seeds_ended()) == runs


def test_another_seed_command_is_a_change(fleet):
    assert fleet.boot(settings={"seed_when": "changed"})[0] == 0
    assert fleet.boot(settings={"seed_when": "changed", "seed_all": f"{fleet.seed} again"})[0] == 0
    assert len(fleet.seeds_ended()) == 2


def test_a_watched_file_that_is_missing_is_said(fleet):
    status, log = fleet.boot(settings={"seed_when": "changed", "seed_watch": "/nothing/here"})
    assert status == 0 and "warning: seed.watch: /nothing/here" in log


@pytest.mark.parametrize("when, runs", [("once", 1), ("changed", 2), ("always", 3)])
def test_a_step_runs_as_often_as_it_is_said(fleet, when, runs):
    for number in (1, 1, 2):
        step = fleet.folder.script(f"step{number}", f"#!/bin/sh\n{STEP}\n")
        assert fleet.boot(settings={"step_index_command": step, "step_index_when": when})[0] == 0
    assert len(fleet.lines("steps")) == runs


def test_a_step_that_fails_once_is_tried_again(fleet):
    step = fleet.folder.script("step", f'#!/bin/sh\n{STEP}\n[ -e "$FLEET/well" ]\n')
    settings = {"step_index_command": step, "step_index_when": "once"}
    assert fleet.boot(settings=settings)[0] == 80
    (fleet.folder / "well").touch()
    assert fleet.boot(settings=settings)[0] == 0 and fleet.boot(settings=settings)[0] == 0
    assert len(fleet.lines("steps")) == 2


def test_of_many_replicas_one_runs_the_step_that_runs_once(fleet):
    step = fleet.folder.script("step", f"#!/bin/sh\n{STEP}\n")
    fleet.start_many(5, settings={"step_index_command": step, "step_index_when": "once"})
    fleet.expect_all_to_start()
    assert len(fleet.lines("steps")) == 1
