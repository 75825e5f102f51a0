"""[key NAME]: a secret that is made once and kept in a file."""

import base64
import os
import re

import pytest

from file_project import AS_NOBODY, needs_root

INI = "[key APP_KEY]\nfile = app.key\n"


def test_it_is_made_once_and_given_to_the_app(project):
    first = project.variables(INI, "APP_KEY")
    assert re.fullmatch("[0-9a-f]{64}", first)
    assert project.variables(INI, "APP_KEY") == first
    assert (project / "app.key").read_text() == first + "\n"
    assert project.mode("app.key") == 0o600
    assert sorted(os.listdir(project.path)) == ["app.key", "tminus.ini"]


@pytest.mark.parametrize("encoding, form, decode", [
    ("hex", "[0-9a-f]+", bytes.fromhex),
    ("base64", "[A-Za-z0-9+/]+={0,2}", lambda text: base64.b64decode(text, validate=True)),
    ("base64url", "[A-Za-z0-9_-]+", lambda text: base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))),
])
@pytest.mark.parametrize("count", [16, 17, 18, 32, 256])
def test_its_encodings_hold_as_many_bytes(project, encoding, form, decode, count):
    key = project.variables(f"{INI}encoding = {encoding}\nbytes = {count}\n", "APP_KEY")
    assert re.fullmatch(form, key) and len(decode(key)) == count


def test_it_may_have_a_prefix(project):
    key = project.variables(f"{INI}encoding = base64\nprefix = base64:\n", "APP_KEY")
    assert key.startswith("base64:") and len(base64.b64decode(key.removeprefix("base64:"))) == 32


def test_every_command_has_it(project):
    ini = INI + """
[upgrade]
command = sh -c 'echo $APP_KEY >upgrade'
[step one]
command = sh -c 'echo $APP_KEY >step'
[service two]
command = sh -c 'echo $APP_KEY >service; exec sleep 60'
essential = no
"""
    key = project.variables(ini, "APP_KEY")
    assert {(project / name).read_text().strip() for name in ("upgrade", "step")} == {key}
    run = project.start(ini, command=["sh", "-c", "while ! [ -s service ]; do sleep 0.01; done"])
    assert run.wait() == 0 and (project / "service").read_text().strip() == key


def test_the_app_has_it_in_exec_mode_and_behind_boot_alone(project):
    project.boot(INI + "[app]\nmode = exec\n", command=["sh", "-c", "echo $APP_KEY >exec"])
    assert (project / "exec").read_text() == (project / "app.key").read_text()


@pytest.mark.parametrize("value, kept", [("given", True), ("", False)])
def test_a_variable_that_is_set_keeps_its_value_and_the_file_is_not_looked_at(project, value, kept):
    if kept:
        project.write("app.key", "unreadable by rule", 0o666)
    found = project.variables(INI, "APP_KEY", environment={"APP_KEY": value})
    assert (found == "given") is kept and found


@pytest.mark.parametrize("contents", ["mine", "mine\n", "mine\r\n", "mine\nand more\n", "it's \"$x\" %s \\"])
def test_a_file_of_ones_own_is_taken_by_its_first_line(project, contents):
    project.write("app.key", contents, 0o600)
    assert project.variables(INI, "APP_KEY") == contents.splitlines()[0]



FAULTS = {
    "others can read it": (lambda p: p.write("app.key", "swordfish\n", 0o644),
                           "app.key can be read or written by others (mode 0644): chmod 600 app.key"),
    "its group can write it": (lambda p: p.write("app.key", "swordfish\n", 0o620), "(mode 0620): chmod 600 app.key"),
    "empty": (lambda p: p.write("app.key", "", 0o600), "app.key is empty: remove it, and a new key is made"),
    "a line that is empty": (lambda p: p.write("app.key", "\nswordfish\n", 0o600), "app.key is empty"),
    "a symlink": (lambda p: (p.write("real", "swordfish\n", 0o600), os.symlink("real", p / "app.key")),
                  "app.key is a symlink: name the file itself"),
    "a symlink to nothing": (lambda p: os.symlink("nothing", p / "app.key"), "app.key is a symlink"),
    "a folder": (lambda p: (p / "app.key").mkdir(mode=0o700), "app.key is not a regular file"),
    "a FIFO": (lambda p: os.mkfifo(p / "app.key", 0o600), "app.key is not a regular file"),
    "too long": (lambda p: p.write("app.key", "x" * 901, 0o600), "holds no key: more than 900 bytes"),
    "a NUL byte": (lambda p: p.write("app.key", "sword\0fish\n", 0o600), "holds no key: more than 900 bytes, or a NUL"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_file_that_keeps_no_secret_is_refused(project, name):
    prepare, message = FAULTS[name]
    prepare(project)
    faults = project.faults("[dir made]\n" + INI)
    assert len(faults) == 1 and faults[0].startswith("tminus.ini:2: [key APP_KEY]: "), faults
    assert message in faults[0] and "swordfish" not in faults[0]
    assert not (project / "made").exists()


@needs_root
def test_a_file_of_another_user_is_refused(project):
    project.write("app.key", "swordfish\n", 0o600)
    os.chown(project / "app.key", 1500, 1500)
    assert project.faults(INI) == [
        "tminus.ini:1: [key APP_KEY]: app.key belongs to uid 1500, and tminus is uid 0: chown 0 app.key"]


@needs_root
@pytest.mark.parametrize("environment", [{}, {"APP_KEY": "ours"}], ids=["in use", "its variable is set"])
def test_a_recursive_folder_leaves_its_file_alone(project, environment):
    ini = "[dir data]\nowner = 1500:1600\nmode = 0750\nrecursive = yes\n[key APP_KEY]\nfile = data/secrets/app.key\n"
    (project / "data/secrets").mkdir(parents=True)
    made = project.variables(ini, "APP_KEY")
    project.write("data/secrets/other", "x", 0o600)
    project.boot(ini, environment=environment)
    assert project.variables(ini, "APP_KEY") == made
    assert project.owner("data/secrets/app.key") == (0, 0) and project.mode("data/secrets/app.key") == 0o600
    assert project.owner("data/secrets/other") == (1500, 1600)


@needs_root
def test_another_user_than_root_has_keys_too(project):
    key = project.variables(INI, "APP_KEY", prefix=AS_NOBODY)
    assert project.variables(INI, "APP_KEY", prefix=AS_NOBODY) == key
    assert project.owner("app.key") == (65534, 65534)


@pytest.mark.parametrize("ini, fault", [
    ("[key APP_KEY]\n", "tminus.ini:1: [key APP_KEY] has no file"),
    (INI + "bytes = 15\n", "tminus.ini:1: [key APP_KEY]: bytes is not between 16 and 256"),
    (INI + "bytes = 257\n", "tminus.ini:1: [key APP_KEY]: bytes is not between 16 and 256"),
    (INI + f"prefix = {'p' * 65}\n", "tminus.ini:1: [key APP_KEY]: prefix has more than 64 characters"),
    (INI + "encoding = base32\n", 'tminus.ini:3: encoding: "base32" is not one of hex, base64, base64url'),
    ("[key APP-KEY]\nfile = k\n", "tminus.ini:1: the name of [key APP-KEY] is none that a variable can have"),
    ("[key 1A]\nfile = k\n", "tminus.ini:1: the name of [key 1A] is none that a variable can have"),
    ("[key TMINUS_X]\nfile = k\n", "tminus.ini:1: the name of [key TMINUS_X] is that of a setting of tminus's"),
])
def test_what_is_wrong_in_the_section_is_told_with_its_line(project, ini, fault):
    assert project.faults(ini) == [fault]


def test_its_settings_may_come_from_the_environment(project):
    key = project.variables("", "SECRET_KEY", environment={
        "TMINUS_KEY_SECRET_KEY_FILE": "other.key", "TMINUS_KEY_SECRET_KEY_BYTES": "16"})
    assert (project / "other.key").read_text() == key + "\n" and len(key) == 32


def test_a_variable_that_is_required_may_be_a_key(project):
    assert project.variables(f"[env]\nrequired = APP_KEY\n{INI}", "APP_KEY")


def test_a_value_that_env_sets_keeps_the_key_from_being_made(project):
    assert project.variables(f"[env]\nAPP_KEY ?= mine\n{INI}", "APP_KEY") == "mine"
    assert not (project / "app.key").exists()


LATER = "APP_KEY is a [key NAME], whose value comes later: here nobody knows it yet"


@pytest.mark.parametrize(("rows", "fault"), [
    ("[env]\nA = x${APP_KEY}y\n", f"tminus.ini:2: A: {LATER}"),
    ("[env]\nA = ${APP_KEY:-default}\n", f"tminus.ini:2: A: {LATER}"),
    ("[step s]\ncommand = touch ${APP_KEY}\n", f"tminus.ini:2: command: {LATER}"),
    ("[app]\nworkdir = ${APP_KEY}\n", f"tminus.ini:2: workdir: {LATER}"),
    ("[app]\nenv_file = vars\n", f"vars:1: A: {LATER}"),
])
def test_a_reference_that_would_come_too_early_is_refused(project, rows, fault):
    project.write("vars", "A=x${APP_KEY}y\n", mode=0o600)
    ini = f"{rows}[key APP_KEY]\nfile = key\n"
    assert project.faults(ini) == [fault]
    assert project.faults(ini, command=("true", "${APP_KEY}")) == [fault, f"command line: {LATER}"]
    assert not (project / "key").exists()


def test_a_reference_to_one_that_is_set_is_none_too_early(project):
    ini = "[env]\nA = x${APP_KEY}y\n[key APP_KEY]\nfile = key\n"
    assert project.variables(ini, "A", environment={"APP_KEY": "k"}) == "xky"


def test_a_guarded_command_has_it(project):
    key = project.variables(INI, "APP_KEY")
    guarded = project.container("guard", "--", "sh", "-c", "echo $APP_KEY", namespace=False, cwd=project.path,
                                environment={"DATABASE_URL": "sqlite:///shop.db"})
    assert guarded.wait() == 0, guarded.err.text()
    assert guarded.out.text() == key + "\n"


def test_its_value_is_never_shown(project):
    key = project.variables(INI, "APP_KEY")
    said = project.boot(INI, "--set", "log.level=debug")
    for subcommand in ("config", "check", "explain", "help"):
        run = project.container(subcommand, namespace=False, cwd=project.path)
        run.wait()
        said += run.out.text() + run.err.text()
    assert "app.key" in said and key not in said


def test_what_shows_the_configuration_makes_no_key(project):
    project.write("tminus.ini", INI)
    for subcommand in ("config", "check", "explain", "wait"):
        project.container(subcommand, namespace=False, cwd=project.path).wait()
    assert not (project / "app.key").exists()


def test_two_that_race_for_one_key_agree(project):
    """Both have seen no file; the slower one finds the other's in its place as it links its own."""
    slow = project.start(INI, command=["sh", "-c", "echo $APP_KEY"],
                         before=["strace", "-f", "-qq", "-o", project.strace, "-e", "inject=linkat:delay_enter=700000"])
    slow.expect(project.temporary, "a temporary file")
    fast = project.start(INI, command=["sh", "-c", "echo $APP_KEY"])
    assert fast.wait() == slow.wait() == 0, slow.err.text()
    assert fast.out.text() == slow.out.text() == (project / "app.key").read_text()
    assert "key APP_KEY made" in fast.err.text() and "key APP_KEY made" not in slow.err.text()
    assert sorted(os.listdir(project.path)) == [".strace", "app.key", "tminus.ini"]


def test_many_that_start_together_agree(project):
    runs = [project.start(INI, command=["sh", "-c", "echo $APP_KEY"]) for _ in range(12)]
    assert {run.wait() for run in runs} == {0}
    assert len({run.out.text() for run in runs}) == 1
    assert sorted(os.listdir(project.path)) == ["app.key", "tminus.ini"]


@pytest.mark.parametrize("error", ["EPERM", "EOPNOTSUPP", "ENOSYS"])
def test_where_there_are_no_links_it_is_renamed(project, error):
    project.boot(INI, before=["strace", "-f", "-qq", "-o", project.strace, "-e", f"inject=linkat:error={error}"])
    assert project.variables(INI, "APP_KEY") == (project / "app.key").read_text().strip()
    assert not project.temporary()


def test_a_key_that_cannot_be_written_is_told_with_what_to_do(project):
    said = project.boot(INI, status=80, before=[
        "strace", "-f", "-qq", "-o", project.strace, "-e", "inject=fsync:error=ENOSPC"])
    assert "[key APP_KEY]: it cannot be written: No space left on device; make room on that volume" in said
    assert not (project / "app.key").exists()


def test_a_key_whose_write_is_killed_is_none(project):
    project.boot(INI, status=80, before=[
        "strace", "-f", "-qq", "-o", project.strace, "-e", "inject=fsync:signal=KILL"])
    assert not (project / "app.key").exists() and len(project.temporary()) == 1
    assert len(project.variables(INI, "APP_KEY")) == 64 and not project.temporary()


def test_a_key_whose_writer_is_killed_behind_its_name_is_one_and_the_other_name_goes(project):
    project.boot(INI, status=80, before=[
        "strace", "-f", "-qq", "-o", project.strace, "-e", "inject=unlinkat:signal=KILL"])
    assert len(project.temporary()) == 1
    assert project.variables(INI, "APP_KEY") == (project / "app.key").read_text().strip()
    assert not project.temporary()
