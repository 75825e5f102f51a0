"""What is left of root's power behind a change of user: nothing, but what was asked for."""

import os
import shutil
import struct
import sys

import pytest

STATUS = ["cat", "/proc/self/status"]
NET_BIND_SERVICE = 1 << 10
KILL = 1 << 5
SYS_PTRACE = 1 << 19
NOTHING = dict.fromkeys(("Inh", "Prm", "Eff", "Bnd", "Amb"), 0)


def sets_of(mask):
    return dict.fromkeys(NOTHING, mask)


def test_no_capability_is_left(container, status_of, mode):
    status = status_of(container("--set", "app.user=2001", "--", *STATUS, **mode))
    assert status.capabilities() == NOTHING
    assert not status.no_new_privs()


def test_not_even_inheritable_ones(container, status_of, mode):
    given = ["setpriv", "--inh-caps=+net_bind_service,+kill", "--ambient-caps=+net_bind_service,+kill"]
    status = status_of(container("--set", "app.user=2001", "--", *STATUS, **{**mode, "prefix": given}))
    assert status.capabilities() == NOTHING


def test_who_is_that_user_already_loses_what_the_platform_gave(container, status_of, mode):
    given = ["setpriv", "--reuid=2001", "--regid=2001", "--clear-groups", "--inh-caps=+kill", "--ambient-caps=+kill"]
    status = status_of(container("--set", "app.user=2001", "--", *STATUS, **{**mode, "prefix": given}))
    sets = status.capabilities()
    assert [sets[name] for name in ("Inh", "Prm", "Eff", "Amb")] == [0, 0, 0, 0]


@pytest.mark.parametrize("name", ["cap_net_bind_service", "CAP_NET_BIND_SERVICE", "net_bind_service"])
def test_what_is_kept_is_ambient_and_all_else_is_gone(container, status_of, mode, name):
    status = status_of(container("--set", "app.user=2001", "--set", f"security.keep_caps={name}", "--", *STATUS, **mode))
    assert status.ids("Uid") == 2001
    assert status.capabilities() == sets_of(NET_BIND_SERVICE)


def test_root_keeps_what_keep_caps_says_and_no_more(container, status_of, mode):
    status = status_of(container("--set", "security.keep_caps=kill, net_bind_service", "--", *STATUS, **mode))
    assert status.ids("Uid") == 0
    assert status.capabilities() == sets_of(KILL | NET_BIND_SERVICE)


def test_without_any_setting_nothing_changes(container, status_of, own_status, mode):
    status = status_of(container("--", *STATUS, **mode))
    assert status.capabilities() == own_status.capabilities()
    assert status.groups() == own_status.groups()


def test_no_new_privs_is_set_where_it_is_asked_for(container, status_of, mode):
    assert status_of(container("--set", "security.no_new_privs=yes", "--", *STATUS, **mode)).no_new_privs()


def test_a_step_that_is_root_keeps_all_of_it(container, status_of, own_status):
    run = container("--set", "app.user=2001", "--set", "security.no_new_privs=yes", "--set",
                    "security.keep_caps=net_bind_service", "--set", "step.x.command=cat /proc/self/status",
                    "--set", "step.x.user=root", "--", "true")
    status = status_of(run)
    assert status.capabilities() == own_status.capabilities()
    assert not status.no_new_privs()


def test_a_step_with_a_user_of_its_own_keeps_nothing(container, status_of):
    run = container("--set", "security.keep_caps=net_bind_service", "--set", "step.x.command=cat /proc/self/status",
                    "--set", "step.x.user=2002", "--", "true")
    status = status_of(run)
    assert status.ids("Uid") == 2002 and status.capabilities() == NOTHING


@pytest.mark.parametrize("security", [{}, {"TMINUS_SECURITY_NO_NEW_PRIVS": "yes"},
                                      {"TMINUS_SECURITY_KEEP_CAPS": "net_bind_service"}])
def test_there_is_no_way_back(container, tries, mode, security):
    mode["environment"].update(security)
    exec_mode = mode["environment"].get("TMINUS_APP_MODE") == "exec"
    parent = "echo $PPID" if not exec_mode else "echo $$"
    run = container("--set", "app.user=2001", "--", "sh", "-c", f'exec "$0" -B "$1" $({parent})', sys.executable,
                    str(tries), **mode)
    assert run.wait() == 0, run.err.text()
    found = run.out.text().split()
    assert found[-1] == "tried"
    # In exec mode PID 1 is the app itself: that is no way to root.
    assert [way for way in found[:-1] if not (exec_mode and way in ("kill", "environment", "memory", "root"))] == []


def test_root_itself_finds_the_ways(container, tries, own_status):
    """The list of ways is worth nothing unless they are ways."""
    run = container("--", "sh", "-c", 'exec "$0" -B "$1" $PPID', sys.executable, str(tries))
    assert run.wait() == 0, run.err.text()
    ways = {"setuid", "seteuid", "setresuid", "setgid", "setresgid", "setgroups", "capset", "kill"}
    if own_status.capabilities()["Eff"] & SYS_PTRACE:
        ways |= {"ptrace", "environment", "memory", "root"}
    assert ways <= set(run.out.text().split())


@pytest.mark.parametrize("no_new_privs", ["no", "yes"])
def test_a_setuid_program_brings_no_capability(container, folder, status_of, no_new_privs):
    program = folder / "status"
    shutil.copy(shutil.which("cat"), program)
    os.chmod(program, 0o4755)
    run = container("--set", "app.user=2001", "--set", f"security.no_new_privs={no_new_privs}", "--",
                    str(program), "/proc/self/status")
    status = status_of(run)
    assert status.capabilities() == NOTHING
    assert int(status.fields["Uid"].split()[1]) == (0 if no_new_privs == "no" else 2001)


def test_a_setuid_program_does_not_even_bring_what_is_kept(container, folder, status_of):
    program = folder / "status"
    shutil.copy(shutil.which("cat"), program)
    os.chmod(program, 0o4755)
    run = container("--set", "app.user=2001", "--set", "security.keep_caps=net_bind_service", "--",
                    str(program), "/proc/self/status")
    assert status_of(run).capabilities()["Eff"] == 0


def test_a_capability_that_the_container_lacks_cannot_be_kept(container, folder):
    run = container("--set", "app.user=2001", "--set", "security.keep_caps=net_bind_service", "--set",
                    f"step.x.command=touch {folder / 'started'}", "--", "true",
                    prefix=["setpriv", "--bounding-set=-net_bind_service"])
    assert run.wait() == 78
    assert "security.keep_caps: the container has not all of them itself" in run.err.text()
    assert not (folder / "started").exists()


PERMITTED_AND_EFFECTIVE = struct.pack("<5I", 0x02000001, NET_BIND_SERVICE, 0, 0, 0)  # vfs_cap_data


def test_a_program_with_capabilities_of_its_own_needs_them_kept(container, folder, status_of):
    """What setcap cap_net_bind_service=+ep makes of a program: the kernel will not run it with less."""
    program = folder / "status"
    shutil.copy(shutil.which("cat"), program)
    try:
        os.setxattr(program, "security.capability", PERMITTED_AND_EFFECTIVE)
    except OSError as reason:
        pytest.skip(f"no capabilities of files here: {reason}")
    run = container("--set", "app.user=2001", "--", str(program), "/proc/self/status")
    assert run.wait() == 126
    assert "it has capabilities of its own (setcap)" in run.err.text() and "security.keep_caps" in run.err.text()
    kept = status_of(container("--set", "app.user=2001", "--set", "security.keep_caps=net_bind_service", "--",
                               str(program), "/proc/self/status"))
    assert kept.capabilities()["Eff"] == NET_BIND_SERVICE


def test_what_cannot_be_taken_away_is_said(container, status_of):
    run = container("--set", "app.user=2001", "--", *STATUS, prefix=["setpriv", "--bounding-set=-setpcap"])
    sets = status_of(run).capabilities()
    assert sets.pop("Bnd") != 0 and set(sets.values()) == {0}
    assert "without CAP_SETPCAP the bounding set stays" in run.err.text()


def test_the_two_capabilities_of_a_change_of_user_are_enough(container, status_of):
    """cap_drop: ALL, cap_add: SETUID and SETGID."""
    run = container("--set", "app.user=2001", "--", *STATUS, prefix=["setpriv", "--bounding-set=-all,+setuid,+setgid"])
    sets = status_of(run).capabilities()
    assert sets.pop("Bnd") == 1 << 6 | 1 << 7 and set(sets.values()) == {0}
    assert "without CAP_KILL" in run.err.text() and "without CAP_SETPCAP" in run.err.text()


def test_who_cannot_stop_the_app_says_so(container):
    run = container("--set", "app.user=2001", "--", "true", prefix=["setpriv", "--bounding-set=-kill"])
    assert run.wait() == 0
    assert "without CAP_KILL no signal reaches the app's user" in run.err.text()
