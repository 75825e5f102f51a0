"""Timed jobs that replicas share, on PostgreSQL and on MariaDB: each time is one replica's."""

import signal

import pytest

import harness

A_MINUTE = 90  # and what a busy machine needs besides

SETTINGS = """
[app]
command = sleep 1000
[job shared]
schedule = * * * * *
single = yes
command = sh -c 'echo begin >> {folder}/runs; sleep 0.3; echo end >> {folder}/runs'
"""


@pytest.fixture
def replica(container, folder, server):
    """Starts one, with these words behind its settings."""
    name = folder.script("tminus.ini", SETTINGS.format(folder=folder.path), mode=0o644)
    return lambda *words: container(*words[:1], "--config", name, *words[1:], namespace=False,
                                    environment={"DATABASE_URL": server.url()})


def test_of_replicas_that_come_to_a_time_together_one_runs_the_job(folder, replica):
    for count in range(1, 4):
        runs = [replica("guard", f"--job=shared@2026-11-2{count}T00:00Z") for _ in range(2)]
        assert [run.wait() for run in runs] == [0, 0], [run.err.text() for run in runs]
        assert harness.read_text(folder / "runs").split() == ["begin", "end"] * count
        assert sum("due: job shared" in run.err.text() for run in runs) == 1


@pytest.mark.parametrize("server", ["postgres", "mariadb"] if harness.LONG else ["postgres"], indirect=True)
def test_of_replicas_with_the_same_schedule_one_runs_each_time(folder, replica):
    replicas = [replica("run") for _ in range(2)]
    for run in replicas:
        run.expect(lambda run=run: "job shared finished after" in run.err.text(), "the job's run", A_MINUTE)
    for run in replicas:
        run.signal(signal.SIGTERM)
        assert run.wait() == 143
    lines = harness.read_text(folder / "runs").split()
    assert lines == ["begin", "end"] * (len(lines) // 2)
    led = sum(run.err.text().count("due: job shared") for run in replicas)
    assert 1 <= led == len(lines) // 2 <= 2, "two where a minute has passed meanwhile"
