"""guard: any command under the lock, written down. check: what a start would do, and nothing is changed."""

import json
import re

import harness
import pytest
import servers


@pytest.fixture
def run(fleet, container):
    """tminus SUBCOMMAND on the fleet's project, to its end: status, what it printed, its log."""
    def run(*arguments, settings=None):
        ini = f"{fleet.project}/alembic.ini"
        chosen = {"upgrade_command": f"alembic -c {ini} upgrade head", "upgrade_tool": "alembic",
                  "upgrade_migrations": str(fleet.project), "seed_all": fleet.seed, **fleet.settings, **(settings or {})}
        environment = {"DATABASE_URL": fleet.url, "FLEET": str(fleet.folder.path)}
        environment.update({f"TMINUS_{key.upper()}": str(value) for key, value in chosen.items()})
        started = container(*arguments, environment=environment)
        return started.wait(60), started.out.text(), started.err.text()
    return run


def alembic(fleet, *words):
    return ("alembic", "-c", f"{fleet.project}/alembic.ini", *words)


def history(run):
    status, out, _ = run("check", "--history", "--json")
    return status, json.loads(out)


def test_check_of_an_empty_database_says_what_is_due_and_changes_nothing(run, server):
    status, out, _ = run("check")
    assert status == 0
    assert re.search(r"^migrations +empty", out, re.MULTILINE) and re.search(r"^due +upgrade, seed$", out, re.MULTILINE)
    assert re.search(r"^head +0003$", out, re.MULTILINE)
    tables = server.sql("SELECT count(*) FROM information_schema.tables WHERE table_schema IN ('public', 'shop')", "shop")
    assert tables[0][0] == 0


def test_check_of_a_settled_database_shows_who_did_what(run, fleet):
    assert fleet.boot()[0] == 0
    status, found = history(run)
    assert status == 0 and found["due"] == "nothing" and found["current"] == "0003"
    works = [(each["kind"], each["state"], each["from"], each["to"]) for each in found["history"]]
    assert ("upgrade", "finished", "", "0003") in works and ("seed", "finished", "0003", "0003") in works
    _, out, _ = run("check", "--history")
    assert re.search(r"^AT +WORK +NAME +STATE +FROM +TO +BY$", out, re.MULTILINE)


def test_check_ends_as_a_start_would(run, fleet):
    fleet.own_project()
    assert fleet.boot()[0] == 0
    fleet.add_revision("0004", "0003")
    fleet.add_revision("0005", "0003")
    status, out, _ = run("check")
    assert status == 65 and "refused" in out and "merge heads" in out


def test_check_without_the_server_is_69(run, fleet):
    fleet.url = re.sub(r":\d+/", f":{servers.free_port()}/", fleet.url)
    status, out, _ = run("check")
    assert status == 69 and re.search(r"^refused ", out, re.MULTILINE)


def test_check_says_that_the_database_would_be_created(run, fleet, server):
    server.sql("GRANT ALL ON *.* TO app" if isinstance(server, servers.MariaDB) else "ALTER ROLE app CREATEDB")
    fleet.url = server.url(name="not_there")
    try:
        status, out, _ = run("check", settings={"database_create": "yes"})
        assert status == 0 and "it would be created (database.create)" in out and re.search(r"^due +upgrade, seed$", out, re.MULTILINE)
        assert run("check")[0] == 77
    finally:
        server.sql("REVOKE ALL ON *.* FROM app" if isinstance(server, servers.MariaDB) else "ALTER ROLE app NOCREATEDB")


def test_a_guarded_downgrade_is_written_down_and_the_next_start_upgrades_again(run, fleet):
    assert fleet.boot()[0] == 0
    status, _, log = run("guard", "--", *alembic(fleet, "downgrade", "-1"))
    assert status == 0, log
    _, found = history(run)
    guard = [each for each in found["history"] if each["kind"] == "guard"]
    assert [(each["state"], each["from"], each["to"]) for each in guard] == [("finished", "0003", "0002")]
    assert found["migrations"].startswith("pending")
    assert fleet.boot()[0] == 0 and history(run)[1]["due"] == "nothing"


def test_guard_ends_with_the_status_of_its_command(run):
    assert run("guard", "--", "sh", "-c", "exit 3")[0] == 3
    assert run("guard", "--", "sh", "-c", "kill -9 $$")[0] == 128 + 9
    assert run("guard", "--", "no-such-program")[0] == 80


def test_guard_waits_for_a_replica_at_work(run, fleet):
    fleet.close("gate")
    replica = fleet.start()
    harness.await_true(lambda: fleet.reached("gate"), replica.err.text)
    status, _, log = run("guard", "--", "true", settings={"lock_timeout": "1s"})
    assert status == 75 and "another replica holds the lock" in log
    fleet.open("gate")
    assert replica.wait(60) == 0


def test_guard_repairs_what_a_start_refuses(run, fleet, server):
    assert fleet.boot()[0] == 0
    server.sql("UPDATE alembic_version SET version_num = 'elsewhere'", "shop")
    assert fleet.boot()[0] == 65
    status, _, log = run("guard", "--", *alembic(fleet, "stamp", "--purge", "0003"))
    assert status == 0, log
    assert fleet.boot()[0] == 0


@pytest.mark.parametrize("app", [None, "gunicorn app:app"])
def test_guard_wants_a_command(run, app):
    """The app's own, of [app], would run under the lock for ever."""
    status, _, log = run("guard", settings={"app_command": app} if app else None)
    assert status == 64 and "tminus guard -- flask db downgrade" in log


def test_check_says_that_the_last_upgrade_failed(run, fleet):
    fleet.own_project()
    assert fleet.boot()[0] == 0 and "last " not in run("check")[1]
    fleet.add_revision("0004", "0003", 'raise RuntimeError("no")')
    assert fleet.boot()[0] == 76
    assert re.search(r"^last +upgrade failed at 20", run("check")[1], re.MULTILINE)
