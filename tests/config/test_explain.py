"""`tminus explain`: what a start runs and what it leaves out, in order, and why."""

import json

import pytest

INI = """\
[boot]
preset = flask
[backup]
directory = /backups
[step search]
command = flask search index
if = RUN_SEARCH and APP_ENV != production
[step assets]
command = npm run build
after = upgrade
if = APP_ENV = staging
[service worker]
command = celery -A app worker
[job nightly]
command = tminus backup
schedule = @daily
[app]
command = gunicorn "my app:app"
"""


@pytest.fixture
def explained(configured):
    """The rows of the explanation by step, and their order."""
    def explained(*arguments, ini=INI, **environment):
        configured.write(ini)
        result = configured.run("explain", "--json", *arguments, **environment)
        assert result.returncode == 0, result.stderr
        rows = json.loads(result.stdout)["plan"]
        return {row["step"]: row for row in rows}, [row["step"] for row in rows]
    return explained


def test_the_rows_stand_in_the_order_of_the_start(explained):
    _, order = explained(APP_ENV="staging", DATABASE_URL="postgres://u:p@db/shop")
    assert order == ["wait", "backup", "upgrade", "step assets", "seed undo", "seed all", "step search",
                     "service worker", "app", "job nightly"]


@pytest.mark.parametrize(("environment", "step", "runs", "why"), [
    ({}, "wait", False, "there is no database (DATABASE_URL) and no wait.targets"),
    ({}, "seed undo", False, "the environment is production"),
    ({"APP_ENV": "staging"}, "seed undo", True, "preset flask; at every start"),
    ({"TMINUS_SEED_WHEN": "never"}, "seed", False, "seed.when = never"),
    ({"TMINUS_SEED_IF": "SOW"}, "seed", False, "TMINUS_SEED_IF; if = SOW does not hold: SOW is not set"),
    ({"TMINUS_SEED_UNLESS_FILE": "tminus.ini"}, "seed", False, "seed.unless_file: tminus.ini is there"),
    ({"TMINUS_SEED_IF_EMPTY": "users", "DATABASE_URL": "postgres://u:p@db/shop"}, "seed all", True,
     "where seed.if_empty finds no rows"),
    ({"TMINUS_UPGRADE_MODE": "off"}, "upgrade", False, "upgrade.mode = off"),
    ({"TMINUS_UPGRADE_COMMAND": ""}, "upgrade", False, "there is no upgrade.command"),
    ({"TMINUS_UPGRADE_COMMAND": "make up"}, "upgrade", True, "TMINUS_UPGRADE_COMMAND; at every start"),
    ({"TMINUS_BACKUP_WHEN": "never"}, "backup", False, "backup.when = never"),
    ({}, "step search", False, "tminus.ini:5; if = RUN_SEARCH and APP_ENV != production does not hold: RUN_SEARCH is not set"),
    ({"RUN_SEARCH": "yes", "APP_ENV": "production"}, "step search", False, "RUN_SEARCH is yes, APP_ENV is production"),
    ({"RUN_SEARCH": "on"}, "step search", True, "tminus.ini:5; at every start; RUN_SEARCH is on, APP_ENV is not set"),
    ({"APP_ENV": "staging", "TMINUS_STEP_ASSETS_COMMAND": ""}, "step assets", False,
     "TMINUS_STEP_ASSETS_COMMAND; its command is made empty"),
    ({"TMINUS_APP_RESTART": "never"}, "app", True, "tminus.ini:18; tminus looks after it"),
])
def test_each_yes_and_no_has_its_reason(explained, environment, step, runs, why):
    row = explained(**environment)[0][step]
    assert row["runs"] is runs and why in row["why"]


def test_files_come_first_and_in_their_order(configured, explained):
    configured.folder.script("s", "", mode=0o644)
    rows, order = explained(ini="[template t]\nfrom = s\n[key A]\nfile = k\n[key B]\nfile = k\n[dir d]\nmode = 0700\n"
                                "[step pid]\nremove = tmp/pid\n", B="set")
    assert order[:4] == ["dir d", "key A", "key B", "template t"]
    assert [rows[name]["what"] for name in ("template t", "key A", "step pid")] == ["s", "k", "tmp/pid"]
    assert rows["key B"]["runs"] is False and rows["key B"]["why"] == "tminus.ini:5; it is set already"


def test_paths_and_owners_are_shown_as_they_come_out(explained):
    rows, order = explained(ini="[dir ${DATA}/x]\nowner = ${PUID}:${PGID:-7}\n", DATA="data", PUID="5")
    assert order[0] == "dir data/x" and rows["dir data/x"]["what"] == "5:7"


def test_what_a_start_would_say_of_its_files_is_said(configured):
    """The words of both are the same, and explain makes nothing."""
    configured.folder.script("a.in", "${PORT} ${NOT_SET}\n${NOR_THIS}\n", mode=0o644)
    configured.folder.script("b.in", "${PORT}", mode=0o644)
    configured.write("[template a]\nfrom = a.in\n[template b]\nfrom = b.in\nvars = PORT PROT\n[dir new]\n"
                     "[template gone]\nfrom = gone.in\nif = NOT_SET\n")
    said = {command: configured.run(*arguments, PORT="1")
            for command, arguments in {"explain": ["explain"], "start": ["--", "true"]}.items()}
    for result in said.values():
        assert result.returncode == 78
        lines = [line for line in result.stderr.splitlines() if "warning: " in line or "error: " in line]
        assert lines == [
            "tminus: warning: tminus.ini:3: [template b]: vars: there is no ${PROT} in b.in",
            "tminus: error: tminus.ini:1: [template a]: a.in:1: the variable NOT_SET is not set "
            "(${NOT_SET:-} where it may be missing)",
            "tminus: error: tminus.ini:1: [template a]: a.in:2: the variable NOR_THIS is not set "
            "(${NOR_THIS:-} where it may be missing)"]
    assert "template b" in said["explain"].stdout and not (configured.folder / "new").exists()


def test_work_of_one_replica_is_called_that(explained):
    rows, _ = explained(DATABASE_URL="postgres://u:p@db/shop")
    assert rows["upgrade"]["why"] == "preset flask; where migrations are pending, by one replica"
    assert rows["seed all"]["why"] == "preset flask; once for each database"
    assert rows["job nightly"]["why"] == "tminus.ini:14; at its times, by one replica"


def test_the_command_lines_app_takes_the_place_of_the_files(explained):
    rows, _ = explained("--", "serve", "a b")
    assert rows["app"]["what"] == "serve 'a b'" and rows["app"]["why"].startswith("command line")


def test_no_password_is_shown(configured):
    configured.write('[step a]\ncommand = true\nif = DATABASE_URL = postgres://u:hidden@db/shop\n'
                     "[step b]\ncommand = true\nif = TOKEN != \"\"\n[step c]\ncommand = env psql ${DATABASE_URL}\n")
    result = configured.run("explain", "--", "app", "postgres://u:hidden@db/shop", DATABASE_URL="postgres://u:hidden@db/shop",
                            TOKEN="hidden")
    assert result.returncode == 0 and "TOKEN is set" in result.stdout
    assert "hidden" not in result.stdout.replace("if = DATABASE_URL = postgres://u:hidden", "") + result.stderr


def test_a_faulty_configuration_is_refused_as_a_start_would(configured):
    configured.write("[step a]\ncommand = true\nafter = nowhere\n")
    result = configured.run("explain")
    assert result.returncode == 78 and 'there is no step "nowhere"' in result.stderr


def test_the_table_says_which_file_preset_and_environment(configured):
    configured.write(INI)
    first, header, *_ = configured.run("explain", APP_ENV="staging").stdout.splitlines()
    assert first == "tminus.ini; preset flask; environment staging"
    assert header.split() == ["RUNS", "STEP", "WHAT", "WHY"]


ROLES = """\
role = worker
[role web]
[role worker]
[upgrade]
command = make up
roles = web
[seed]
all = make seed
"""


@pytest.mark.parametrize(("more", "seed"), [
    ("", "upgrade.roles names others: who upgrades seeds"),
    ("roles = web\n", "seed.roles names others"),
])
def test_what_is_for_other_roles_is_said_by_the_setting_that_the_file_has(explained, more, seed):
    rows, _ = explained(ini=ROLES + more, DATABASE_URL="postgres://u:p@db/shop")
    assert rows["upgrade"]["why"] == "upgrade.roles names others: boot waits until another container has done it"
    assert rows["seed"]["why"] == seed


def test_without_an_app_it_says_where_one_is_named(explained):
    rows, order = explained(ini="")
    assert order[-1] == "app" and rows["app"]["runs"] is False and "[app] command" in rows["app"]["why"]


def test_a_roles_command_says_what_it_takes_the_place_of(explained):
    ini = "role = web\n[role web]\ncommand = gunicorn app:app\n"
    assert explained("--", "bash", "-l", ini=ini)[0]["app"]["why"].endswith("in the place of the command line's bash")
    assert "in the place" not in explained(ini=ini)[0]["app"]["why"]
