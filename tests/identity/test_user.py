"""Who the app and the steps are: user, groups, home; and what is said when that cannot be."""

import os
import re
import signal

import pytest

import harness

STATUS = ["cat", "/proc/self/status"]

USERS = {
    "app": (1500, 1600, [1600, 1700, 1701]),
    "1500": (1500, 1600, [1600, 1700, 1701]),
    "app:media": (1500, 1701, [1701]),
    "app:1999": (1500, 1999, [1999]),
    "1500:media": (1500, 1701, [1701]),
    "2001:2002": (2001, 2002, [2002]),
    "2001": (2001, 2001, [2001]),
    "1777": (1502, 1502, [1502]),
    "root": (0, 0, [0]),
}


@pytest.mark.parametrize("user", USERS)
def test_the_app_is_the_user_of_app_user(container, accounts, status_of, user):
    status = status_of(container("--set", f"app.user={user}", "--", *STATUS, setup=accounts()))
    assert (status.ids("Uid"), status.ids("Gid"), status.groups()) == USERS[user]


def test_a_group_of_its_own_keeps_the_supplementary_ones(container, accounts, status_of):
    status = status_of(container("--set", "app.user=app", "--set", "app.group=logs", "--", *STATUS, setup=accounts()))
    assert (status.ids("Uid"), status.ids("Gid"), status.groups()) == (1500, 1700, [1700, 1701])


@pytest.mark.parametrize("user", ["2001", "2001:2002"])
def test_numbers_work_where_there_is_no_passwd(container, status_of, mode, user):
    if mode["namespace"]:
        mode["setup"] = "mount -t tmpfs none /etc"
    status = status_of(container("--set", f"app.user={user}", "--", *STATUS, **mode))
    assert status.ids("Uid") == 2001 and status.ids("Gid") == int(user.rpartition(":")[2])
    assert status.groups() == [status.ids("Gid")]


def test_a_name_where_there_is_no_passwd_is_told(container):
    run = container("--set", "app.user=app", "--", "true", setup="mount -t tmpfs none /etc")
    assert run.wait() == 78
    assert 'there is no user "app" in /etc/passwd' in run.err.text()


@pytest.mark.parametrize("user, home, name", [
    ("app", "/srv/app", "app"), ("homeless", "/", "homeless"), ("2001", "/", None)])
def test_home_and_name_are_the_users(container, accounts, user, home, name):
    run = container("--set", f"app.user={user}", "--", "env", setup=accounts(),
                    environment={"HOME": "/root", "USER": "before", "LOGNAME": "before"})
    assert run.wait() == 0
    lines = run.out.text().splitlines()
    assert sorted(line for line in lines if line.startswith(("HOME=", "USER=", "LOGNAME="))) == [
        f"HOME={home}", f"LOGNAME={name or 'before'}", f"USER={name or 'before'}"]


def test_expansion_knows_the_users_home(container, accounts, folder):
    ini = folder.script("tminus.ini", "[app]\nuser = app\ncommand = echo ${HOME} ${USER}\n", 0o644)
    run = container("--config", ini, setup=accounts(), environment={"HOME": "/root"})
    assert run.wait() == 0
    assert run.out.text() == "/srv/app app\n"


def test_steps_are_the_apps_user_unless_they_say_another(container, accounts):
    run = container("--set", "app.user=app", "--set", "upgrade.command=id -u", "--set", "step.a.command=id -u",
                    "--set", "step.b.command=sh -c 'id -u; id -G; echo $HOME'", "--set", "step.b.user=root",
                    "--set", "step.c.command=sh -c 'id -u; id -G'", "--set", "step.c.user=homeless",
                    "--", "id", "-u", setup=accounts())
    assert run.wait() == 0, run.err.text()
    assert run.out.text().split() == ["1500", "1500", "0", "0", "/root", "1501", "1501", "1500"]


def test_a_step_can_be_another_user_while_the_app_stays_root(container, accounts, status_of, own_status):
    run = container("--set", "step.a.command=sh -c 'id -u >&2'", "--set", "step.a.user=app", "--", *STATUS,
                    setup=accounts())
    status = status_of(run)
    assert "1500\n" in run.err.text()
    assert status.capabilities() == own_status.capabilities()


# --- what cannot be -----------------------------------------------------------------------------

FAULTS = {
    "[app]\nuser = nobody-here": ':2: user: there is no user "nobody-here" in /etc/passwd, and it is no number',
    "[app]\nuser = app:nothing": ':2: user: there is no group "nothing" in /etc/group',
    "[app]\nuser = app:": ':2: user: there is no group "" in /etc/group',
    "[app]\nuser = ${PUID}:${PGID}": ':2: user: there is no user "ten" in /etc/passwd, and it is no number',
    "[app]\nuser = ${UNSET}:${PGID}": ":2: user: the variable UNSET is not set",
    "[app]\nuser = ${UNSET:-}:${PGID}": ':2: user: there is no user "" in /etc/passwd',
    "[app]\nuser = 4294967295": ':2: user: there is no user "4294967295"',
    "[app]\nuser = -1": ':2: user: there is no user "-1"',
    "[app]\nuser = app\ngroup = nothing": ':3: group: there is no group "nothing" in /etc/group',
    "[app]\ngroup = logs": ":2: app.group is for an app.user without a group",
    "[app]\nuser = app:media\ngroup = logs": ":3: app.group is for an app.user without a group",
    "[app]\numask = 088": ':2: umask: "088" is not an octal mask',
    "[app]\numask = 1000": ':2: umask: "1000" is not an octal mask',
    "[app]\nlimits = files=7": ':2: limits: "files=7" is not NAME=SOFT:HARD',
    "[app]\nlimits = nofile": ':2: limits: "nofile" is not NAME=SOFT:HARD',
    "[app]\nlimits = nofile=many": ":2: limits: \"nofile=many\": a limit is a number",
    "[app]\nlimits = nofile=9:8": ":2: limits: \"nofile=9:8\": the soft limit is above the hard one",
    "[security]\nkeep_caps = cap_nothing": ':2: keep_caps: "cap_nothing" is no capability',
    "[step x]\ncommand = true\nuser = nobody-here": ':3: user: there is no user "nobody-here"',
}


@pytest.mark.parametrize("ini", FAULTS)
def test_what_does_not_exist_is_told_with_its_line_and_nothing_is_started(container, accounts, folder, ini):
    path = folder.script("tminus.ini", f"{ini}\n[step first]\ncommand = touch {folder / 'started'}\n", 0o644)
    run = container("--config", path, "--", "touch", str(folder / "started"), setup=accounts(),
                    environment={"PUID": "ten", "PGID": "1000"})
    assert run.wait() == 78
    assert f"{path}{FAULTS[ini]}" in run.err.text()
    assert not (folder / "started").exists()


def test_all_that_does_not_exist_is_told_at_once(container, accounts):
    run = container("--set", "app.user=x", "--set", "app.umask=x", "--set", "app.limits=x", "--", "true",
                    setup=accounts())
    assert run.wait() == 78
    assert run.err.text().count("error:") == 3


def test_puid_and_pgid_are_the_users_numbers(container, accounts, folder, status_of):
    path = folder.script("tminus.ini", "[app]\nuser = ${PUID:-911}:${PGID:-911}\n", 0o644)
    for given, expected in (({"PUID": "1234", "PGID": "4321"}, (1234, 4321)), ({}, (911, 911))):
        status = status_of(container("--config", path, "--", *STATUS, setup=accounts(), environment=given))
        assert (status.ids("Uid"), status.ids("Gid")) == expected


SOMEBODY = ["setpriv", "--reuid=2001", "--regid=2001", "--groups=2001"]


@pytest.mark.parametrize("user", ["2002", "2001:2002", "root"])
def test_without_the_right_to_change_the_user_nothing_is_started(container, folder, user, mode):
    run = container("--set", f"app.user={user}", "--set", f"step.x.command=touch {folder / 'started'}", "--",
                    "touch", str(folder / "started"), **{**mode, "prefix": SOMEBODY})
    assert run.wait() == 78
    assert f"--set app.user: user {user}: cannot set its" in run.err.text()
    assert "CAP_SETUID" in run.err.text() and "nothing was started" in run.err.text()
    assert not (folder / "started").exists()


@pytest.mark.parametrize("setting", ["app.user=2002", "service.x.user=2002", "step.x.user=2002"])
def test_check_says_that_the_right_to_change_the_user_is_missing(container, folder, setting):
    command = f"touch {folder / 'started'}"
    run = container("check", "--set", setting, "--set", f"app.command={command}", "--set", f"service.x.command={command}",
                    "--set", f"step.x.command={command}", prefix=SOMEBODY)
    assert run.wait() == 78
    assert re.search(rf"^refused +--set {re.escape(setting.split('=')[0])}: user 2002: cannot set its.*CAP_SETUID",
                     run.out.text(), re.MULTILINE)
    assert not (folder / "started").exists()


def test_check_warns_of_what_root_lacks_to_look_after_another_user(container):
    run = container("check", "--set", "app.user=2001", "--set", "app.command=true",
                    prefix=["setpriv", "--bounding-set=-kill,-setpcap", "--inh-caps=-kill,-setpcap"])
    assert run.wait() == 0
    assert re.search(r"^warning +without CAP_KILL .*\. without CAP_SETPCAP ", run.out.text(), re.MULTILINE)


@pytest.mark.parametrize("user", ["2001", "2001:2001"])
def test_to_be_that_user_already_is_no_fault(container, status_of, user, mode):
    status = status_of(container("--set", f"app.user={user}", "--", *STATUS, **{**mode, "prefix": SOMEBODY}))
    assert status.ids("Uid") == 2001 and status.groups() == [2001]


def test_a_number_that_a_user_namespace_lacks_is_told(container):
    run = container("--set", "app.user=2001", "--", "true", before=["unshare", "--user", "--map-root-user"])
    assert run.wait() == 78
    assert "user 2001: cannot set its" in run.err.text()


def test_a_trial_that_cannot_be_forked_does_no_harm(container, status_of):
    status = status_of(container(
        "--set", "app.user=2001", "--", *STATUS, namespace=False,
        before=["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=clone,clone3,fork,vfork:error=EAGAIN:when=1"]))
    assert status.ids("Uid") == 2001


# --- the same child all the same ----------------------------------------------------------------

def test_the_stop_reaches_an_app_of_another_user(container, recorder):
    run = container("--set", "app.user=2001", "--", *recorder.command("--end", "15=7"))
    run.expect(recorder.is_ready, "the app to be ready")
    run.signal(signal.SIGTERM)
    assert run.wait() == 7


def test_an_app_of_another_user_dies_with_its_parent(container, recorder):
    """A change of user clears the parent-death signal."""
    run = container("--set", "app.user=2001", "--", *recorder.command(), namespace=False)
    run.expect(recorder.is_ready, "the app to be ready")
    app = run.child("recorder")
    run.init.signal(signal.SIGKILL)
    harness.await_true(lambda: not app.is_alive(), "the app to die")


def test_the_app_can_open_its_own_stdout_and_stderr(container, mode):
    run = container("--set", "app.user=2001", "--", "sh", "-c", "echo out >/dev/stdout; echo err >/dev/stderr", **mode)
    assert run.wait() == 0, run.err.text()
    assert (run.out.text(), run.err.text()) == ("out\n", "err\n")


def test_the_app_has_the_standard_descriptors_only(container, mode):
    run = container("--set", "app.user=2001", "--set", "wait.targets=file:/etc/passwd", "--set", "upgrade.command=true",
                    "--", "sh", "-c", "ls /proc/$$/fd; exit 0", **mode)
    assert run.wait() == 0, run.err.text()
    assert run.out.text().split() == ["0", "1", "2"]


def test_a_wait_alone_needs_no_right_to_change_the_user(container):
    run = container("wait", "file:/etc/passwd", environment={"TMINUS_APP_USER": "2002"}, prefix=SOMEBODY)
    assert run.wait() == 0, run.err.text()


def test_a_log_file_of_somebody_else_stays_theirs(container, folder):
    with open(folder / "log", "wb") as log:
        run = container("--set", "app.user=2001", "--", "true", stdout=log)
        assert run.wait() == 0
    assert (folder / "log").stat().st_uid == os.geteuid()


def test_the_folder_is_entered_as_the_user(container, folder):
    (folder / "private").mkdir(mode=0o700)
    run = container("--set", "app.user=2001", "--set", f"app.workdir={folder / 'private'}", "--", "true")
    assert run.wait() == 126
    assert "workdir" in run.err.text() and "Permission denied" in run.err.text()


def test_umask_and_limits_are_those_of_app_and_steps(container, mode):
    show = "sh -c 'umask; ulimit -n; ulimit -Hn; ulimit -c'"
    run = container("--set", "app.umask=027", "--set", "app.limits=nofile=100:200 core=0", "--set",
                    f"step.x.command={show}", "--", "sh", "-c", "umask; ulimit -n; ulimit -Hn; ulimit -c", **mode)
    assert run.wait() == 0, run.err.text()
    assert run.out.text().split() == ["0027", "100", "200", "0"] * 2


def test_a_limit_above_the_platforms_is_told_and_nothing_is_started(container, folder):
    run = container("--set", "app.limits=nofile=200", "--set", f"step.x.command=touch {folder / 'started'}", "--", "true",
                    prefix=["prlimit", "--nofile=100:100", *SOMEBODY])
    assert run.wait() == 78
    assert "app.limits: nofile cannot be set" in run.err.text()
    assert not (folder / "started").exists()
