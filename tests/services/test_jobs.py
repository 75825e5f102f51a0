"""[job NAME]: at the next full minute, which is awaited; the rest of the rules is tests/unit/run's."""

import json
import re
import signal
import sqlite3
import subprocess

import pytest

import harness

A_MINUTE = 90  # and what a busy machine needs besides

EVERY_MINUTE = "schedule = * * * * *"


@pytest.fixture
def database(folder):
    path = folder / "app.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE flight (id INTEGER PRIMARY KEY)")
    path.chmod(0o666)
    return path


def entries(database):
    with sqlite3.connect(database) as connection:
        return connection.execute("SELECT kind, name, state, digest FROM tminus_ledger").fetchall()


def run_of(folder, name, *arguments, **environment):
    """A run of a job, as the job itself starts it."""
    return subprocess.run([harness.TMINUS, "--config", folder / "tminus.ini", *arguments, f"--job={name}"], text=True,
                          capture_output=True, timeout=60, cwd=folder.path,
                          env={"PATH": harness.PATH, **harness.sanitizer_options(), **environment})


def test_jobs_run_at_their_minute_and_replicas_share_one_run(supervised, folder, database):
    text = f"""
        [database]
        url = sqlite:///{database}
        [backup]
        directory = @/backups
        ephemeral = yes
        [app]
        command = sleep 1000
        [job own]
        {EVERY_MINUTE}
        command = sh -c 'echo run by $0'
        [job shared]
        {EVERY_MINUTE}
        single = yes
        command = sh -c 'echo run >> @/shared'
        [job nightly]
        {EVERY_MINUTE}
        command = tminus backup
        [job failing]
        {EVERY_MINUTE}
        command = sh -c 'exit 3'
        """.replace("\n        ", "\n")
    (folder / "backups").mkdir()
    replicas = [supervised(text, namespace=False) for _ in range(2)]
    for run in replicas:
        run.expect_error(r"job shared: first run at \d{4}-\d\d-\d\d \d\d:\d\d ")
    for run in replicas:
        for job in ("own", "shared", "nightly"):
            run.expect(lambda job=job, run=run: f"job {job} finished after" in run.err.text(), f"job {job}", A_MINUTE)
        run.expect_error("job failing failed: it ended with status 3, after")
        run.signal(signal.SIGTERM)
        assert run.wait() == 143
        assert b"run by sh" in run.out.bytes
    minutes = {digest for kind, name, state, digest in entries(database) if (kind, name) == ("job", "shared")}
    shared = harness.read_text(folder / "shared").count("run")
    assert shared in (1, 2) and all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\dZ", minute) for minute in minutes)
    assert sum(run.err.text().count("due: job shared") for run in replicas) == shared
    assert sum(run.err.text().count("due: job nightly") for run in replicas) == len(list((folder / "backups").glob("*.manifest")))


def test_a_run_that_another_replica_has_made_is_not_made_again(folder, database):
    folder.script("tminus.ini", f"[database]\nurl = sqlite:///{database}\n[job tidy]\nschedule = @daily\nsingle = yes\n"
                                f"command = sh -c 'echo run >> {folder / 'runs'}'\n", mode=0o644)
    for when, count in (("2026-11-21T00:00Z", 1), ("2026-11-21T00:00Z", 1), ("2026-11-20T00:00Z", 1), ("2026-11-22T00:00Z", 2)):
        result = run_of(folder, f"tidy@{when}", "guard")
        assert result.returncode == 0, result.stderr
        assert harness.read_text(folder / "runs").count("run") == count, when
    assert entries(database)[-1] == ("job", "tidy", "finished", "2026-11-22T00:00Z")


def test_a_run_that_failed_is_tried_by_the_next_replica(folder, database):
    folder.script("tminus.ini", f"[database]\nurl = sqlite:///{database}\n[job tidy]\nschedule = @daily\nsingle = yes\n"
                                f"command = sh -c 'test -e {folder / 'go'} || exit 5'\n", mode=0o644)
    assert run_of(folder, "tidy@2026-11-21T00:00Z", "guard").returncode == 5
    assert entries(database)[-1][2] == "failed"
    (folder / "go").touch()
    assert run_of(folder, "tidy@2026-11-21T00:00Z", "guard").returncode == 0
    assert entries(database)[-1][2] == "finished"


def test_a_job_s_environment_does_not_hold_settings(folder, database):
    folder.script("tminus.ini", "[job tidy]\nschedule = @daily\nsingle = yes\ncommand = env\n", mode=0o644)
    result = run_of(folder, "tidy@2026-11-21T00:00Z", "guard", TMINUS_DATABASE_URL=f"sqlite:///{database}",
                    TMINUS_APP_LINGER="3s")
    assert result.returncode == 0, result.stderr
    assert "TMINUS_APP_LINGER" not in result.stdout and "TMINUS_BOOT_ID" in result.stdout


def test_a_run_of_a_job_that_there_is_not_is_a_wrong_command_line(folder, database):
    folder.script("tminus.ini", f"[database]\nurl = sqlite:///{database}\n", mode=0o644)
    for name in ("nobody@2026-11-21T00:00Z", "nobody"):
        assert run_of(folder, name, "guard").returncode == 64


def test_settings_of_jobs_are_shown_as_they_were_written(folder):
    folder.script("tminus.ini", "[job tidy]\nschedule = 30 2 * * mon-fri\ncommand = true\n", mode=0o644)
    result = subprocess.run([harness.TMINUS, "--config", folder / "tminus.ini", "config", "--json"], text=True,
                            capture_output=True, timeout=20, env={"PATH": harness.PATH, **harness.sanitizer_options()})
    assert json.loads(result.stdout)["settings"]["job.tidy.schedule"]["value"] == "30 2 * * mon-fri"
