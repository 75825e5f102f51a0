"""Every row of docs/presets.md is what a start with that preset would run, and the stand-ins get what the tools need."""

import json
import pathlib
import re
import subprocess

import pytest

import harness

ROOT = pathlib.Path(__file__).resolve().parents[2]
URL = "postgres://app:secret@127.0.0.1:1/shop"


def documented():
    """The cells of the table by preset."""
    text = (ROOT / "docs" / "presets.md").read_text()
    rows = re.findall(r"^\| `([a-z-]+)` \| (`.*?) \|$", text.split("## Switching")[0], re.MULTILINE)
    return {preset: [cell.strip() for cell in cells.split("|")] for preset, cells in rows}


TABLE = documented()


def offered():
    usage = subprocess.run([harness.TMINUS, "help"], capture_output=True, text=True, check=True).stdout
    choices = re.search(r"\(none\|auto\|([a-z|\s-]+)\)", usage).group(1)
    return re.sub(r"\s", "", choices).split("|")


@pytest.fixture
def plan(folder):
    """The commands that a start would run, by step."""
    folder.script("mix.exs", "", mode=0o644)

    def plan(preset, environment, **variables):
        result = subprocess.run([harness.TMINUS, "explain", "--json"], cwd=folder.path, capture_output=True, text=True,
                                check=False, timeout=20, env={
                                    "PATH": harness.PATH, "TMINUS_BOOT_PRESET": preset, "DATABASE_URL": URL,
                                    "TMINUS_ENVIRONMENT": environment, **harness.sanitizer_options(), **variables})
        assert result.returncode == 0, result.stderr
        rows = json.loads(result.stdout)["plan"]
        return {row["step"]: row["what"] for row in rows if row["runs"] and row["step"] not in ("wait", "app")}
    return plan


def test_every_preset_is_documented():
    assert sorted(TABLE) == sorted(offered())


@pytest.mark.parametrize("preset", sorted(TABLE))
@pytest.mark.parametrize("environment", ["production", "development"])
def test_what_runs_is_what_is_documented(plan, preset, environment):
    upgrade, _, seed, steps, _ = TABLE[preset]
    planned = plan(preset, environment)
    command = planned.pop("upgrade")
    shell = re.fullmatch(r"sh -c '.*exec (.*)'", command)
    assert f"`{shell.group(1) if shell else command}`" in upgrade
    for step, command in planned.items():
        cell = seed if step.startswith("seed") else upgrade if step == "check" else steps
        assert f"`{command}`" in cell, f"{step} of {preset} in {environment}"
        if step.startswith("step "):
            assert f"{step[5:]}" in steps
    commands = len(re.findall("`", seed + steps)) // 2
    both = {**plan(preset, "production"), **plan(preset, "development")}
    both.pop("check", None)
    assert len(both) - 1 == commands, "a command is documented that does not run"


def test_each_step_is_switched_off_by_one_line(plan):
    for preset in TABLE:
        steps = [step[5:] for step in plan(preset, "production") if step.startswith("step ")]
        for step in steps:
            off = plan(preset, "production", **{f"TMINUS_STEP_{step.upper()}_COMMAND": ""})
            assert f"step {step}" not in off


def test_golang_migrate_gets_the_url_of_whoever_upgrades(project, stand_in):
    calls = stand_in("migrate")
    project.write({"migrations/1_books.up.sql": "CREATE TABLE books (id int)"})
    project.boot()
    assert calls.read_text().splitlines()[:6] == ["migrate", "-path", "migrations", "-database", project.url, "up"]
    calls.unlink()
    project.boot(TMINUS_UPGRADE_URL=project.url + "?application_name=chief")
    assert f"{project.url}?application_name=chief" in calls.read_text().splitlines()


def test_goose_gets_its_own_variables_and_no_argument_with_a_password(project, stand_in):
    calls = stand_in("goose", variables="GOOSE_DRIVER GOOSE_DBSTRING GOOSE_MIGRATION_DIR")
    project.write({"migrations/1_books.sql": "-- +goose Up\n"})
    project.boot()
    assert calls.read_text().splitlines() == ["goose", "up", "GOOSE_DRIVER=postgres", f"GOOSE_DBSTRING={project.url}",
                                              "GOOSE_MIGRATION_DIR=migrations"]
    calls.unlink()
    project.boot(GOOSE_MIGRATION_DIR="sql", GOOSE_DBSTRING="host=db")
    assert "GOOSE_MIGRATION_DIR=sql" in calls.read_text() and "GOOSE_DBSTRING=host=db" in calls.read_text()


def test_laravels_own_variables_name_the_database(project, stand_in):
    calls = stand_in("php")
    project.write({"artisan": ""})
    port = project.url.split(":")[3].split("/")[0]
    log = project.boot(DATABASE_URL="", DB_CONNECTION="pgsql", DB_HOST="127.0.0.1", DB_PORT=port, DB_USERNAME="app",
                       DB_PASSWORD="secret", DB_DATABASE="shop")
    assert "preset auto chose laravel" in log and "(DB_HOST) is ready" in log
    lines = calls.read_text().splitlines()
    commands = ["migrate", "config:cache", "route:cache", "view:cache", "storage:link"]
    assert [word for word in lines if word in commands] == commands
    assert f"DATABASE_URL=postgresql://app:secret@127.0.0.1:{port}/shop" in lines


def test_a_step_of_a_preset_that_fails_is_a_warning(project, stand_in):
    stand_in("php")
    project.write({"programs/php": '#!/bin/sh\n[ "$2" != route:cache ]\n', "artisan": ""})
    log = project.boot()
    assert 'warning: step routes failed: "php artisan route:cache" ended with status 1' in log
    assert "step views finished" in log


def test_where_two_fit_nothing_is_started(project):
    project.write({"manage.py": "", "alembic.ini": ""})
    log = project.boot(status=78)
    assert "preset auto could be django (there is manage.py) or alembic (there is alembic.ini)" in log
