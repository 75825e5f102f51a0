"""The configuration as a user meets it: through files, variables, --set and `tminus config`."""

import os

import pytest


def test_each_source_is_named_beside_its_value(configured):
    configured.write("[boot]\npreset = alembic\n[wait]\ntimeout = 5m\ngrace = 1s\nstable = 1s\n")
    settings = configured.values("--set", "wait.grace=3s", TMINUS_WAIT_GRACE="2s", TMINUS_WAIT_STABLE="2s")["settings"]
    assert settings["wait.timeout"] == {"value": "5m", "from": "tminus.ini:4"}
    assert settings["wait.grace"] == {"value": "3s", "from": "--set"}
    assert settings["wait.stable"] == {"value": "2s", "from": "TMINUS_WAIT_STABLE"}
    assert settings["upgrade.command"] == {"value": "alembic upgrade head", "from": "preset alembic"}
    assert settings["boot.timeout"] == {"value": "0", "from": "default"}


def test_all_faults_are_reported_at_once_and_nothing_is_started(configured):
    configured.write("[wait]\ntimeoout = 1\nlevel = high\n[nope]\n")
    result = configured.run("--", "touch", "started", TMINUS_BOOT_GRACE="soon")
    assert result.returncode == 78
    for message in (
        'tminus.ini:2: unknown key "timeoout" in [wait]; did you mean "timeout"?',
        'tminus.ini:3: level: "high" is not one of auto, tcp, ready, query',
        "tminus.ini:4: unknown section [nope]",
        'TMINUS_BOOT_GRACE: "soon" is not a duration',
    ):
        assert message in result.stderr
    assert not (configured.folder / "started").exists()


def test_the_app_sees_no_variable_of_tminus_and_the_normalized_url(configured):
    result = configured.run(
        "--set",
        "database.normalize=yes",
        "--set",
        "database.url=",
        "--",
        "env",
        DATABASE_URL="postgres://u:p%40@h/d",
        TMINUS_LOG_LEVEL="error",
        TMINUS_SERVICE_HOST="10.0.0.1",
    )
    lines = result.stdout.splitlines()
    assert "DATABASE_URL=postgresql://u:p%40@h/d" in lines
    assert "TMINUS_SERVICE_HOST=10.0.0.1" in lines
    assert not any(line.startswith("TMINUS_LOG") for line in lines)


def test_the_apps_arguments_are_expanded_and_never_split(configured):
    result = configured.run("--", "printf", "<%s>", "${A}", "${B:-x y}", "$A", "$$", A="1  2 '$C'")
    assert result.stdout == "<1  2 '$C'><x y><$A><$>"


def test_a_script_for_a_shell_is_left_to_the_shell(configured):
    result = configured.run("--", "sh", "-c", 'for i in 1 2; do echo "${i}${A%%.*}"; done', A="x.y")
    assert result.stdout == "1x\n2x\n"


def test_a_semicolon_in_a_value_belongs_to_it(configured):
    configured.write("[app]\ncommand = sh -c 'echo a ; echo b # c'\n")
    assert configured.run().stdout == "a\nb\n"


def test_a_secret_from_a_file_is_never_shown(configured):
    configured.folder.script("password", "correct horse\n", mode=0o600)
    configured.write("[database]\nkind = postgres\nhost = db\nuser = app\n")
    for arguments in (("config",), ("config", "--json")):
        result = configured.run(*arguments, TMINUS_DATABASE_PASSWORD_FILE="password")
        assert result.returncode == 0
        assert "********" in result.stdout
        assert "horse" not in result.stdout + result.stderr


@pytest.mark.parametrize("url", ["postgres://u:horse@h:x/d", "postgres://u:ho/rse@h/d", "mysql://u:horse%zz@h/d"])
def test_a_faulty_url_is_refused_without_its_password(configured, url):
    configured.write("[upgrade]\ncommand = true\n")
    (fault,) = configured.faults(DATABASE_URL=url)
    assert fault.startswith("DATABASE_URL: ")
    assert "rse" not in fault


def test_the_example_is_a_file_that_loads(configured):
    configured.write(configured.run("config", "--example").stdout)
    document = configured.values()
    assert document["file"] == "tminus.ini"
    assert {setting["from"] for setting in document["settings"].values()} == {"default"}


def test_a_file_that_is_named_must_exist(configured):
    assert configured.faults("--config", "missing.ini") == [
        "missing.ini: cannot be read: No such file or directory"
    ]
    assert configured.faults(TMINUS_CONFIG="missing.ini")[0].startswith("missing.ini: ")


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone refuses")
def test_root_refuses_a_file_that_others_can_write(configured):
    configured.write("[wait]\ntimeout = 5m\n")
    os.chmod(configured.folder / "tminus.ini", 0o666)
    (fault,) = configured.faults()
    assert fault.startswith("tminus.ini: everybody can write it")


def test_steps_are_put_in_order_and_a_circle_is_named(configured):
    configured.write("[step a]\ncommand = x\nbefore = upgrade\n[step b]\ncommand = x\n[step c]\ncommand = x\nafter = wait\n")
    assert configured.values()["order"] == ["wait", "c", "a", "upgrade", "seed", "b"]
    (fault,) = configured.faults(TMINUS_STEP_A_AFTER="seed")
    assert fault == "tminus.ini:1: after and before go round in a circle: a -> upgrade -> seed -> a"


@pytest.mark.parametrize(("settings", "fault"), [
    ({"TMINUS_SEED_IF_EMPTY": "users"}, "TMINUS_SEED_IF_EMPTY: seed.if_empty needs a database with a login (DATABASE_URL)"),
    ({"TMINUS_SEED_OK_EXIT": "0,256"}, 'TMINUS_SEED_OK_EXIT: "256" is not an exit status from 0 to 255'),
    ({"TMINUS_SEED_OK_EXIT": "-1"}, 'TMINUS_SEED_OK_EXIT: "-1" is not an exit status from 0 to 255'),
    ({"TMINUS_SEED_IF": "A or B"}, 'TMINUS_SEED_IF: expected "and" and another condition at "or B"'),
])
def test_settings_of_the_seed_are_refused_where_they_make_no_sense(configured, settings, fault):
    assert configured.faults(**settings) == [fault]


def test_statuses_that_count_as_done_let_boot_go_on(configured):
    configured.write("[step a]\ncommand = sh -c 'exit 3'\nok_exit = 1,3\n"
                     "[seed]\nall = sh -c 'exit 2'\nok_exit = 2\nunless_file = data/sown\n")
    result = configured.run("--", "true")
    assert result.returncode == 0
    assert "seed all finished after" in result.stderr and "with status 2, which counts as done (ok_exit)" in result.stderr
    assert configured.run("--set", "step.a.ok_exit=1", "--", "true").returncode == 80
    (configured.folder / "data").mkdir()
    (configured.folder / "data/sown").touch()
    assert "seed: data/sown is there, nothing to seed" in configured.run("--", "true").stderr


INI_PARTS = "[database]\nname = ini_name\nuser = ini_user\npassword = horse\nport = 1\n"


@pytest.mark.parametrize("arguments, variables", [
    (["--set", "database.url=postgres://u@h/d"], {}),
    ([], {"TMINUS_DATABASE_URL": "postgres://u@h/d"}),
    ([], {"TMINUS_DATABASE_URL_FILE": "url"}),
])
def test_a_url_has_precedence_over_parts_of_a_lower_source(configured, arguments, variables):
    configured.folder.script("url", "postgres://u@h/d\n", mode=0o600)
    configured.write(INI_PARTS + "host = ini_host\n")
    result = configured.run(*arguments, "--set", "wait.level=tcp", "--set", "wait.timeout=1ms", "--", "true", **variables)
    assert "postgres://u@h:5432/d" in result.stderr and "horse" not in result.stderr
    for key in ("name", "user", "password", "host", "port"):
        assert f": database.{key} is passed over: the URL of " in result.stderr
    result = configured.run("config", *arguments, **variables)
    assert "postgres://u@h:5432/d" in result.stdout


def test_parts_of_the_same_or_a_higher_source_take_the_place_of_the_urls(configured):
    configured.write(INI_PARTS + "url = postgres://u@h/d\n")
    assert "postgres://ini_user@h:5432/ini_name" in configured.run("config").stdout
    assert "postgres://set@h:5432/ini_name" in configured.run("config", "--set", "database.user=set").stdout
    told = configured.run("config", "--set", "database.host=other")
    assert "postgres://ini_user@other:1/ini_name" not in told.stdout, "of no kind"
    told = configured.run("config", "--set", "database.host=other", TMINUS_DATABASE_KIND="postgres")
    assert "postgres://ini_user@other:1/ini_name" in told.stdout


def test_a_port_beside_a_url_is_said_to_be_passed_over(configured):
    told = configured.run("--set", "wait.level=tcp", "--set", "wait.timeout=1ms", "--", "true",
                          DATABASE_URL="postgres://u@h/d", TMINUS_DATABASE_PORT="5")
    assert "TMINUS_DATABASE_PORT: database.port is passed over: the URL of DATABASE_URL counts" in told.stderr
    assert "postgres://u@h:5432/d" in told.stderr


def test_an_empty_url_of_the_platform_is_said(configured):
    assert "DATABASE_URL is set, but empty" in configured.run("--set", "wait.level=tcp", "--", "true", DATABASE_URL="").stderr
    assert configured.run("--", "true", DATABASE_URL="").stderr == "", "a plain init"


@pytest.mark.parametrize("variables, named", [
    ({"DATABASE_URL": "postgres://u@h/a%0Ab"}, "DATABASE_URL: the name"),
    ({"TMINUS_DATABASE_URL": "mysql://u@h/a%0Ab"}, "TMINUS_DATABASE_URL: the name"),
    ({"DATABASE_URL": "sqlite:///a\nb"}, "DATABASE_URL: the name"),
    ({"DATABASE_URL": "postgres://u@h/d", "TMINUS_DATABASE_NAME": "a\nb"}, "TMINUS_DATABASE_NAME: database.name"),
])
def test_a_name_of_a_database_with_a_newline_is_refused(configured, variables, named):
    (fault,) = configured.faults("--set", "wait.level=tcp", **variables)
    assert fault.startswith(named) and "a control character in it, a newline say" in fault


def test_a_database_that_must_be_stable_for_longer_than_it_is_waited_for_is_refused(configured):
    configured.write("[wait]\nstable = 2m\n")
    (fault,) = configured.faults()
    assert fault == ("tminus.ini:2: wait.stable = 2 min 0 s is not shorter than wait.timeout = 60 s, so that nothing could "
                     "ever be ready in time")
    assert configured.run("config", "--set", "wait.timeout=0").returncode == 0


@pytest.mark.parametrize("variable", ["DATABASE_URL", "TMINUS_DATABASE_URL", "DATABASE_URL_FILE"])
def test_blanks_and_newlines_behind_a_url_are_of_the_file_that_it_came_from(configured, variable):
    url = "sqlite:///here.db \r\n\n"
    configured.folder.script("url", url, mode=0o600)
    value = "url" if variable.endswith("_FILE") else url
    show = ["--set", "wait.level=tcp", "--", "sh", "-c", "printf %s \"<$DATABASE_URL>\""]
    configured.folder.script("here.db", "", mode=0o600)
    result = configured.run(*show, **{variable: value})
    assert (result.returncode, result.stdout) == (0, "<sqlite:///here.db>"), result.stderr


@pytest.mark.parametrize(("ini", "status"), [
    ("[database]\nurl = oracle://h/x\n", 78),
    ("[env]\nDATABASE_URL = oracle://h/x\n", 0),
    ("", 0),
])
def test_a_url_that_is_not_understood_is_refused_where_tminus_is_to_use_it(configured, ini, status):
    configured.write(ini)
    result = configured.run("--", "true", **({} if ini else {"DATABASE_URL": "oracle://h/x"}))
    assert result.returncode == status
    assert 'the scheme "oracle" of the database URL is not known' in result.stderr


@pytest.mark.parametrize(("given", "meant"), [
    ({"TMINUS_PRESET": "flask"}, 'TMINUS_PRESET: unknown variable; did you mean "TMINUS_BOOT_PRESET"?'),
    ({"TMINUS_COMMAND": "x"}, 'TMINUS_COMMAND: unknown variable; did you mean "TMINUS_APP_COMMAND"?'),
    ({"TMINUS_ENV_FILE": ".env"}, 'TMINUS_ENV_FILE: unknown variable; did you mean "TMINUS_APP_ENV_FILE"?'),
])
def test_a_variable_without_its_section_is_told_the_whole_name(configured, given, meant):
    assert configured.faults(**given) == [meant]


@pytest.mark.parametrize(("line", "warning"), [
    ("command = serve # the app", '"#" becomes an argument of the command: no shell runs it'),
    ("command = serve > log", '">" becomes an argument of the command: no shell runs it'),
    ("remove = run/app.pid run/*.pid", '"run/*.pid" is the name of one file, and no pattern'),
])
def test_what_a_shell_alone_would_understand_is_said(configured, line, warning):
    configured.write(f"[step a]\n{line}\n")
    result = configured.run("explain")
    assert result.returncode == 0 and f"tminus: warning: tminus.ini:2: {warning}" in result.stderr


@pytest.mark.parametrize("called", ["version", "--version"])
def test_version_takes_no_words(configured, called):
    result = configured.run(called, "x")
    assert (result.returncode, result.stdout) == (64, "") and 'takes no command: "x"' in result.stderr


def unset(line, key, name):
    return f"tminus.ini:{line}: {key}: the variable {name} is not set (${{{name}:-}} where it may be missing)"


@pytest.mark.parametrize(("ini", "fault"), [
    ("[database]\nurl = postgres://u:p@${DB_HOST}/x\n", unset(2, "url", "DB_HOST")),
    ("[lock]\nurl = ${LOCK_URL}\n", unset(2, "url", "LOCK_URL")),
    ("[wait]\ntargets = tcp://a:1 tcp://${REDIS}:6379\n", unset(2, "targets", "REDIS")),
    ("[app]\ncommand = x\nuser = ${WHO}\n", unset(3, "user", "WHO")),
    ("[env]\nDATABASE_URL ?= postgres://${DB_USER}:p@h/x\n", unset(2, "DATABASE_URL", "DB_USER")),
    ("[dir ${DATA}/x]\n", unset(1, "[dir ${DATA}/x]", "DATA")),
    ("[step s]\ncommand = x\nworkdir = ${DATA}\nif = !OFF\n", unset(3, "workdir", "DATA")),
])
def test_a_variable_that_is_not_set_makes_no_setting_empty(configured, ini, fault):
    configured.write(ini)
    assert configured.faults() == [fault]


@pytest.mark.parametrize("ini", [
    "[backup]\ndirectory = ${NONE:-}\n",
    "[env]\nGREETING = hello ${NONE}\n[app]\ncommand = x ${NONE}\n",
    "[dir ${DATA}/x]\nif = DATA\n",
    "[role web]\nmatch = gunicorn\n[step s]\ncommand = x\nroles = web\nworkdir = ${DATA}\n",
])
def test_a_variable_may_be_missing_where_that_is_said_and_where_nothing_needs_it(configured, ini):
    configured.write(ini)
    assert configured.run("config").returncode == 0


@pytest.mark.parametrize(("ini", "fault"), [
    ("[steps a]\ncommand = x\n", 'tminus.ini:1: unknown section [steps a]; did you mean "step a"?'),
    ("[worker a]\ncommand = x\n", 'tminus.ini:1: unknown section [worker a]; did you mean "service a"?'),
    ("[environment]\nA = b\n", 'tminus.ini:1: unknown section [environment]; did you mean "env"?'),
    ("[seed]\ncommand = x\n", 'tminus.ini:2: unknown key "command" in [seed]; did you mean "all"?'),
    ("[backup]\npath = x\n", 'tminus.ini:2: unknown key "path" in [backup]; did you mean "directory"?'),
    ("[step a]\ncommand = x\nafter = migrate\n", 'tminus.ini:1: after of [step a]: there is no step "migrate"; '
                                                   'did you mean "upgrade"?'),
    ("[boot]\nrole = web\n", 'tminus.ini:2: unknown key "role" in [boot]; it stands at the head of the file, '
                              "before the first section"),
    ("[upgrade]\npreset = flask\n", 'tminus.ini:2: unknown key "preset" in [upgrade]; it belongs into [boot]'),
    ("[step a]\ncommand = x\nif = A = ${B}\n", "tminus.ini:3: if: A is compared with a word, and no ${...} is "
                                               "expanded in it"),
    ("[job a]\ncommand = x\nschedule = 0 3 * *\n", 'tminus.ini:3: schedule: "0 3 * *" has 4 of five fields '
                                                   "(minute hour day month weekday, or @daily)"),
    ("[app]\nenv_file = .env\n", "tminus.ini:2: env_file: .env: cannot be read: No such file or directory; where "
                                  "it may be missing: -.env"),
    ('[database]\nurl = "postgres://u:p@h/d"\n', "tminus.ini:2: the database URL begins with a quote, which is part "
                                                "of the value: leave the quotes out"),
    ("[wait]\ntargets = redis://redis:6379\n", 'tminus.ini:2: the wait target "redis://redis:6379" is not waited '
                                               "for as such; write tcp://host:port"),
])
def test_what_stands_in_the_wrong_place_is_told_its_right_one(configured, ini, fault):
    configured.write(ini)
    result = configured.run("config")
    assert result.returncode == 78 and result.stderr == f"tminus: error: {fault}\n"
