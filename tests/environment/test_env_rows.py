"""[env], env_file, path_prepend and prefix, as the app and the other commands find them."""

import json
import os
import signal

import pytest

import harness

AWKWARD = {
    "EMPTY": "",
    "BLANKS": "a  b\tc",
    "LINES": "one\ntwo\n\nfour",
    "QUOTES": "it's \"so\" `x`",
    "DOLLARS": "$A ${A} $$ $(x)",
    "PERCENT": "100% %s %40",
    "SIGNS": "a=b;c#d,e|f&g\\h",
    "UMLAUT": "ä€\U0001f600",
}


def added(environ, mode):
    """What is there besides what every start has."""
    known = {"PATH", "TMINUS_BOOT_ID", *mode, *harness.sanitizer_options()}
    return {name: value for name, value in environ.items() if name not in known}


@pytest.mark.parametrize("name", AWKWARD)
def test_a_value_arrives_as_it_was_whatever_way_it_takes(run, mode, name):
    value = AWKWARD[name]
    quoted = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$").replace("`", "\\`")
    ini = """[app]
env_file = .env
command = seen ${GIVEN} "<${FILE}>" ${SECRET} a${ROW}b ${NONE}
[env]
secrets = SECRET
ROW = ${GIVEN}
SAME ?= ${FILE}
"""
    files = {".env": f'FILE="{quoted}"\nAGAIN="<${{GIVEN}}>"\n', "secret": value + "\n"}
    (app,) = run(ini, files=files, environment={**mode, "GIVEN": value, "SECRET_FILE": "secret"}).seen
    assert app.argv == [value, f"<{value}>", value, f"a{value}b", ""]
    assert added(app.environ, mode) == {"GIVEN": value, "FILE": value, "AGAIN": f"<{value}>", "SECRET": value,
                                        "SECRET_FILE": "secret", "ROW": value, "SAME": value}


def test_every_command_gets_it(run, folder):
    ini = """[env]
A ?= 1
unset = GONE
[step x]
if = A = 1 and !GONE
command = seen step
[step y]
if = A != 1
command = seen never
[service s]
command = sh -c 'seen service; touch up; exec sleep 60'
essential = no
after = boot
ready = file:@/up
[app]
command = seen app
"""
    found = run(ini.replace("@", str(folder.path)), environment={"GONE": "yes"}).seen
    assert [each.argv[0] for each in found] == ["step", "service", "app"]
    for each in found:
        assert each.environ["A"] == "1" and "GONE" not in each.environ
        assert each.environ["TMINUS_BOOT_ID"] == found[0].environ["TMINUS_BOOT_ID"]


def test_a_url_of_parts_reaches_the_server_with_any_password(run):
    ini = "[env]\nDATABASE_URL ?= postgres://${DB_USER}:${DB_PASSWORD}@${DB_HOST}/app\n[wait]\nlevel = tcp\n" \
          "timeout = 1ms\n[app]\ncommand = seen\n"
    log = run(ini, status=69, environment={"DB_USER": "a@b", "DB_PASSWORD": "p@/%:#?$", "DB_HOST": "127.0.0.1:1"}).log
    assert "postgres://a@b@127.0.0.1:1/app (DATABASE_URL)" in log
    assert "p@/" not in log and "p%40" not in log


@pytest.mark.parametrize("workdir", [None, "app", "{folder}/app"])
def test_commands_are_found_in_the_folders_of_path_prepend(run, folder, mode, workdir):
    base = folder / "app" if workdir else folder.path
    (folder / "app").mkdir()
    (base / "venv" / "bin").mkdir(parents=True)
    (base / "venv/bin/served").symlink_to(folder / "bin/seen")
    line = f"workdir = {workdir.format(folder=folder.path)}\n" if workdir else ""
    ini = f"[app]\ncommand = served\npath_prepend = venv/bin\n{line}[step x]\ncommand = served\nworkdir = /\n"
    step, app = run(ini, environment=mode).seen
    assert step.environ["PATH"] == app.environ["PATH"] == f"{base}/venv/bin:{folder / 'bin'}:{harness.PATH}"


def test_a_program_that_is_not_there_is_told_before_anything_is_done(run, folder):
    """It is no fault, because an earlier step may bring it."""
    ini = f"""[app]
path_prepend = venv
command = seen app
[step first]
command = cp {folder.path}/bin/seen {folder.path}/bin/brought
[step then]
command = brought step
[step there]
command = served step
[job nightly]
command = {folder.path}/none --now
schedule = @daily
"""
    (folder / "venv").mkdir()
    (folder / "venv/served").symlink_to(folder / "bin/seen")
    made = run(ini)
    told = [line for line in made.log.partition("step first: ")[0].splitlines() if "will fail" in line]
    path = f"{folder / 'venv'}:{folder / 'bin'}:{harness.PATH}"
    assert told == [
        "tminus: warning: step then will fail, unless what runs before it brings brought: brought: not found in PATH "
        f"({path})",
        f"tminus: warning: job nightly will fail, unless what runs before it brings {folder.path}/none: {folder.path}/none: no such file"]
    assert [each.argv for each in made.seen] == [["step"], ["step"], ["app"]]


def test_a_prefix_stands_before_the_app_alone(run, folder, mode):
    folder.script("bin/wrapped", '#!/bin/sh\necho "[[\\"wrapped\\", \\"$1\\"], []]"\nexec "$@"\n')
    ini = "[app]\nprefix = wrapped env 'A=x y'\n[step x]\ncommand = seen step\n"
    step, wrapper, app = run(ini, "--", "seen", "a b", "${B}", environment={**mode, "B": "1 2"}).seen
    assert (step.argv, wrapper.argv, app.argv) == (["step"], ["wrapped", "env"], ["a b", "1 2"])
    assert app.environ["A"] == "x y" and "A" not in step.environ


def test_nothing_is_started_where_a_variable_is_missing(run, folder):
    ini = "[env]\nrequired = A B C\nC ?=\n[step x]\ncommand = touch done\n[app]\ncommand = touch done\n"
    log = run(ini, status=78, environment={"A": "1", "B": ""}).log
    assert log == "tminus: error: tminus.ini:2: required: not set, or empty: B, C\n"
    assert not (folder / "done").exists()


def test_a_generated_key_is_there_for_what_requires_it(run, folder):
    ini = "[env]\nrequired = APP_KEY\n[key APP_KEY]\nfile = key\n[app]\ncommand = seen\n"
    (app,) = run(ini).seen
    assert app.environ["APP_KEY"] == (folder / "key").read_text().strip()


def test_a_secret_that_tminus_reads_anyway_may_be_listed(run):
    ini = "[env]\nsecrets = DATABASE_URL\n[app]\ncommand = seen\n"
    (app,) = run(ini, files={"url": "sqlite:///x.db\n"}, environment={"DATABASE_URL_FILE": "url"}).seen
    assert app.environ["DATABASE_URL"] == "sqlite:///x.db"


def test_config_names_variables_and_their_origin_and_no_secret(image):
    ini = """[env]
secrets = TOKEN
PORT ?= 8000
GIVEN ?= ${X}
SECRET_KEY = swordfish
URL = redis://u:swordfish@h
[app]
env_file = .env
"""
    files = {".env": "A=swordfish\n", "token": "swordfish\n"}
    for arguments in (["config"], ["config", "--json"]):
        made = image(ini, *arguments, files=files,
                     environment={"GIVEN": "swordfish", "TOKEN_FILE": "token"}, namespace=False)
        assert made.wait() == 0
        assert "swordfish" not in made.out.text() + made.err.text()
    settings = json.loads(made.out.text())["settings"]
    found = {name: tuple(row.values()) for name, row in settings.items() if name.startswith("env.")}
    hidden = "********"
    assert found == {
        "env.required": (None, "default"), "env.secrets": ("TOKEN", "tminus.ini:2"), "env.unset": (None, "default"),
        "env.A": (hidden, ".env:1"), "env.TOKEN": (hidden, "TOKEN_FILE"), "env.PORT": ("8000", "tminus.ini:3"),
        "env.SECRET_KEY": (hidden, "tminus.ini:5"), "env.URL": (f"redis://u:{hidden}@h", "tminus.ini:6"),
        "env.GIVEN": (hidden, "environment")}


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: it changes the user")
@pytest.mark.parametrize("given, ids, home", [
    ({}, "1000:1000", "/"),
    ({"PUID": "1777", "PGID": "1888", "HOME": "/root"}, "1777:1888", "/"),
    ({"PUID": "1777", "CONFIG": "/config"}, "1777:1000", "/config"),
])
def test_an_image_with_puid_and_pgid_needs_no_entry_in_passwd(container, folder, mode, given, ids, home):
    ini = folder.script("tminus.ini", """[app]
user = ${PUID:-1000}:${PGID:-1000}
umask = ${UMASK:-027}
limits = nofile=${FILES:-512}:1024
command = sh -c 'echo $(id -u):$(id -g) $(umask) $(ulimit -n) $HOME; touch file'
workdir = WORK
[step x]
command = sh -c 'echo $(id -u):$(id -g) $(umask) $(ulimit -n) $HOME'
[step y]
command = id -u
user = root
""".replace("WORK", str(folder.path)) + ("[env]\nHOME = ${CONFIG}\n" if "CONFIG" in given else ""), 0o644)
    passwd = folder.script("passwd", "root:x:0:0:root:/root:/bin/sh\n", 0o644)
    made = container("--config", ini, environment={**mode, **given}, setup=f"mount --bind {passwd} /etc/passwd")
    assert made.wait() == 0, made.err.text()
    line = f"{ids} 0027 512 {home}"
    assert made.out.text().splitlines() == [line, "0", line]
    status = (folder / "file").stat()
    assert (f"{status.st_uid}:{status.st_gid}", oct(status.st_mode)) == (ids, "0o100640")


def test_a_puid_that_is_no_number_is_refused_before_anything_is_started(run, folder):
    log = run("[env]\nPUID ?= 1000\n[app]\nuser = ${PUID}\ncommand = touch done\n", status=78,
              environment={"PUID": "10x"}).log
    assert log == ('tminus: error: tminus.ini:4: user: there is no user "10x" in /etc/passwd, and it is no number\n')
    assert not (folder / "done").exists()


@pytest.mark.parametrize("ini", ["[env]\nDBMATE_MIGRATIONS_DIR = other\n", "[app]\nenv_file = file\n"])
def test_the_reader_of_migrations_sees_it(image, folder, ini):
    """Else db/migrations would be taken for all that there is."""
    (folder / "db/migrations").mkdir(parents=True)
    made = image(ini + "[upgrade]\ntool = dbmate\ncommand = dbmate up\n", "check", namespace=False,
                 files={"file": "DBMATE_MIGRATIONS_DIR=other\n"},
                 environment={"DATABASE_URL": f"sqlite:{folder / 'app.db'}"})
    assert made.wait() == 0, made.err.text()
    assert "DBMATE_MIGRATIONS_DIR=other is not where the migrations are looked for" in made.out.text()


def test_the_times_of_jobs_are_those_of_its_zone(image):
    made = image("[env]\nTZ ?= XST-5\n[app]\ncommand = sleep 60\n[job j]\nschedule = @daily\ncommand = true\n")
    made.expect_error(r"job j: first run at \d{4}-\d\d-\d\d 00:00 XST")
    made.signal(signal.SIGTERM)
    assert made.wait() == 143
