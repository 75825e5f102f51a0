"""[template PATH]: configuration files with variables."""

import fcntl
import os

import pytest

from file_project import AS_NOBODY, needs_root

NGINX = b"listen ${PORT};\nserver_name $host ${other};\nkey '${SECRET}';\n"
VALUES = {"PORT": "8080", "SECRET": "it's \"q\" $x ${PORT} %s\\", "EMPTY": "", "LINES": "one\ntwo"}
INI = "[template out.conf]\nfrom = in.conf\nvars = PORT SECRET\n"


def write(project, template, ini=INI, **keywords):
    project.write("in.conf", template)
    return project.boot(ini, environment=VALUES, **keywords)


def test_the_named_variables_are_replaced_and_all_else_stays(project):
    assert "out.conf written from in.conf" in write(project, NGINX)
    assert (project / "out.conf").read_bytes() == (
        b"listen 8080;\nserver_name $host ${other};\nkey 'it's \"q\" $x ${PORT} %s\\';\n")
    assert project.mode("out.conf") == 0o644


@pytest.mark.parametrize(("template", "unused"), [
    (b"${PORT} ${SECRET}", []),
    (b"${PORT:-1}${A:-${SECRET}}", []),
    (b"${PORTS} $PORT ${SECRET}", ["PORT"]),
    (b"", ["PORT", "SECRET"]),
])
def test_a_name_that_the_template_does_not_have_is_told(project, template, unused):
    said = write(project, template)
    told = [line for line in said.splitlines() if "warning: " in line]
    assert told == [f"tminus: warning: tminus.ini:1: [template out.conf]: vars: there is no ${{{name}}} in in.conf"
                    for name in unused]


def test_without_names_every_reference_is_replaced(project):
    write(project, b"${PORT} $PORT $$ ${NONE:-${EMPTY:-x}} <${EMPTY}> ${LINES}\0\xff", INI.partition("vars")[0])
    assert (project / "out.conf").read_bytes() == b"8080 $PORT $ x <> one\ntwo\0\xff"


def test_what_is_the_same_already_is_not_written(project):
    write(project, NGINX)
    before = os.stat(project / "out.conf")
    assert "out.conf" not in write(project, NGINX)
    after = os.stat(project / "out.conf")
    assert (after.st_ino, after.st_ctime_ns) == (before.st_ino, before.st_ctime_ns)


@pytest.mark.parametrize("other", [b"", b"listen 8080;\n", b"x" * 10000])
def test_another_file_is_replaced(project, other):
    project.write("out.conf", other, 0o600)
    write(project, NGINX)
    assert (project / "out.conf").read_bytes().startswith(b"listen 8080;\nserver")
    assert project.mode("out.conf") == 0o600


def test_an_empty_template_makes_an_empty_file(project):
    write(project, b"")
    assert (project / "out.conf").read_bytes() == b""


def test_nothing_but_the_file_is_left_in_its_folder(project):
    write(project, NGINX)
    assert sorted(os.listdir(project.path)) == ["in.conf", "out.conf", "tminus.ini"]


@needs_root
def test_mode_and_owner_of_the_file_that_is_there_stay(project):
    project.write("out.conf", "old", 0o640)
    os.chown(project / "out.conf", 1500, 1600)
    write(project, NGINX)
    assert (project.mode("out.conf"), project.owner("out.conf")) == (0o640, (1500, 1600))


SECRETS = {
    "a key": (b"${APP_KEY}", "[key APP_KEY]\nfile = app.key\n"),
    "a secret": (b"${PORT} ${SECRET}", "[env]\nsecrets = SECRET\n"),
    "a secret as a default": (b"${NONE:-${SECRET}}", "[env]\nsecrets = SECRET\n"),
    "the database's login": (b"${DATABASE_URL:-none}", ""),
}
ALL_NAMES = "[template out.conf]\nfrom = in.conf\n"


@pytest.mark.parametrize("name", SECRETS)
def test_a_new_one_that_holds_a_secret_is_not_for_others(project, name):
    template, ini = SECRETS[name]
    write(project, template, ALL_NAMES + ini)
    assert project.mode("out.conf") == 0o600
    write(project, template, ALL_NAMES + ini)
    assert project.mode("out.conf") == 0o600


def test_a_secret_that_is_not_among_the_names_to_replace_is_none(project):
    write(project, NGINX, "[env]\nsecrets = SECRET\n" + INI.replace(" SECRET", ""))
    assert project.mode("out.conf") == 0o644


@needs_root
@pytest.mark.parametrize("rows, mode, owner", [
    ("", 0o640, (0, 1600)),
    ("owner = 1700:1800\n", 0o600, (1700, 1800)),
    ("mode = 0644\n", 0o644, (0, 1600)),
    ("mode = 0640\nowner = 1700:1800\n", 0o640, (1700, 1800)),
])
def test_the_app_and_whom_the_settings_name_may_read_a_secret(project, rows, mode, owner):
    write(project, NGINX, f"[app]\nuser = 1500:1600\n[env]\nsecrets = SECRET\n{INI}{rows}")
    assert (project.mode("out.conf"), project.owner("out.conf")) == (mode, owner)


def test_a_file_that_is_there_keeps_its_mode_with_a_secret_too(project):
    project.write("out.conf", "old", 0o644)
    write(project, NGINX, "[env]\nsecrets = SECRET\n" + INI)
    assert project.mode("out.conf") == 0o644 and b"it's" in (project / "out.conf").read_bytes()


@needs_root
def test_mode_and_owner_may_be_given(project):
    for _ in range(2):
        write(project, NGINX, INI + "mode = 0440\nowner = 1500:1600\n")
        assert (project.mode("out.conf"), project.owner("out.conf")) == (0o440, (1500, 1600))
        os.chmod(project / "out.conf", 0o666)
        os.chown(project / "out.conf", 0, 0)


def test_it_lies_in_a_folder_that_is_made_before_it(project):
    write(project, NGINX, INI.replace("out.conf", "conf/d/out.conf") + "[dir conf/d]\n")
    assert (project / "conf/d/out.conf").exists()


def test_it_sees_the_keys_and_the_variables_of_the_app(project):
    write(project, b"${APP_KEY} ${TMINUS_BOOT_ID}", "[template out.conf]\nfrom = in.conf\n[key APP_KEY]\nfile = key\n")
    key, boot = (project / "out.conf").read_text().split()
    assert key == (project / "key").read_text().strip() and len(boot) == 16


def test_it_does_not_see_the_settings_of_tminus(project):
    project.write("in.conf", "${TMINUS_DATABASE_PASSWORD}")
    faults = project.faults("[template out.conf]\nfrom = in.conf\n",
                            environment={"TMINUS_DATABASE_PASSWORD": "swordfish"})
    assert "the variable TMINUS_DATABASE_PASSWORD is not set" in faults[0]


def test_a_condition_that_does_not_hold_leaves_it_out(project):
    assert "template out.conf is left out: if = WITH" in write(project, NGINX, INI + "if = WITH\n")
    assert not (project / "out.conf").exists()


def test_each_variable_that_is_not_set_is_told_with_the_line_of_the_template(project):
    project.write("in.conf", "a\n${ONE}\n${PORT} ${TWO}\n${THREE:?make one}\n${THREE:-}\n")
    faults = project.faults("[template out.conf]\nfrom = in.conf\n", environment=VALUES)
    assert [fault.partition(" (")[0] for fault in faults] == [
        "tminus.ini:1: [template out.conf]: in.conf:2: the variable ONE is not set",
        "tminus.ini:1: [template out.conf]: in.conf:3: the variable TWO is not set",
        "tminus.ini:1: [template out.conf]: in.conf:4: the variable THREE is not set or empty: make one"]


@pytest.mark.parametrize("bad, fault", [
    ("[template bad]\nfrom = in.conf\n", "in.conf:2: the variable other is not set"),
    ("[template bad]\nfrom = in.conf\nvars = $PORT\n", "vars (names without $): \"$PORT\" is no name of a variable"),
    ("[template bad]\nfrom = nowhere\n", "nowhere: cannot be read: No such file or directory"),
    ("[template bad]\nfrom = .\n", ".: is a directory; a regular file is needed here"),
    ("[template no/bad]\nfrom = tminus.ini\n", "there is no folder no; [dir no] makes it"),
    ("[template link/bad]\nfrom = tminus.ini\n", "link is a symlink to /etc"),
    ("[template file]\nfrom = tminus.ini\n", "there is a symlink of this name, and no file"),
    ("[template .]\nfrom = tminus.ini\n", "there is a folder of this name, and no file"),
    ("[key KEY]\nfile = no/key\n", "there is no folder no; [dir no] makes it"),
])
def test_of_several_a_bad_one_means_that_nothing_is_done(project, bad, fault):
    project.write("in.conf", NGINX)
    os.symlink("/etc", project / "link")
    os.symlink("in.conf", project / "file")
    faults = project.faults(f"[dir made]\n[key MADE]\nfile = made.key\n{INI}{bad}", environment=VALUES)
    assert len(faults) == 1 and fault in faults[0] and faults[0].startswith("tminus.ini:7: ["), faults
    assert sorted(os.listdir(project.path)) == ["file", "in.conf", "link", "tminus.ini"]


def test_a_template_without_a_source_is_a_fault(project):
    assert project.faults("[template out.conf]\nmode = 600\n") == ["tminus.ini:1: [template out.conf] has no from"]


def test_the_old_file_stays_where_the_write_is_killed(project):
    """The child dies at its first fsync(2), with the temporary file half a life old."""
    project.write("out.conf", "old")
    project.write("in.conf", NGINX)
    said = project.boot(INI, environment=VALUES, status=80,
                        before=["strace", "-f", "-qq", "-o", project.strace, "-e", "inject=fsync:signal=KILL"])
    assert "files failed: it was killed by SIGKILL" in said
    assert (project / "out.conf").read_text() == "old"
    assert len(project.temporary()) == 1
    assert "out.conf written" in project.boot(INI, environment=VALUES)
    assert (project / "out.conf").read_bytes().startswith(b"listen 8080;") and not project.temporary()


def test_a_temporary_file_that_somebody_still_writes_is_left_alone(project):
    project.write("in.conf", NGINX)
    names = [f".tminus-{number * 16}.partial" for number in "12"]
    for name in names:
        project.write(name, "half a file")
    os.symlink("in.conf", project / ".tminus-link.partial")
    with open(project / names[0]) as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        project.boot(INI, environment=VALUES)
    assert project.temporary() == [names[0], ".tminus-link.partial"] and (project / "out.conf").exists()


@pytest.mark.parametrize("call, error, advice", [
    ("fsync", "ENOSPC", "; make room on that volume"),
    ("fsync", "EDQUOT", "; make room on that volume"),
    ("renameat", "EBUSY", "a file that is mounted by itself cannot be replaced: mount its folder"),
])
def test_what_fails_while_it_is_written_leaves_the_old_file(project, call, error, advice):
    project.write("out.conf", "old")
    project.write("in.conf", NGINX)
    said = project.boot(INI, environment=VALUES, status=80, before=[
        "strace", "-f", "-qq", "-o", project.strace, "-e", f"inject={call}:error={error}"])
    assert "tminus.ini:1: [template out.conf]: it cannot be written: " in said and advice in said
    assert (project / "out.conf").read_text() == "old"
    assert not project.temporary()


@needs_root
def test_a_user_who_may_not_is_told_what_to_do(project):
    project.write("in.conf", NGINX)
    os.chmod(project.path, 0o755)
    said = project.boot(INI, environment=VALUES, status=80, prefix=AS_NOBODY)
    assert "it cannot be written: Permission denied; this user may not: start the container as root" in said
