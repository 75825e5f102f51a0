"""Where things are missing, full, closed or forbidden: tminus warns and goes on."""

import itertools
import os
import signal
import socket
import subprocess

import pytest

import harness

TERM = signal.SIGTERM
STRANGER = ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"]  # in no passwd
CLOSED = ["".join(each) for count in range(4) for each in itertools.combinations("012", count)]
TRACED = ["strace", "-f", "-qq", "-o", "/dev/null"]
BOOT = {"TMINUS_UPGRADE_COMMAND": "true", "TMINUS_WAIT_TARGETS": "file:/etc/passwd"}


def closing(descriptors):
    """Shell code that closes them."""
    return "exec " + " ".join(f"{each}>&-" for each in descriptors) if descriptors else ":"


@pytest.mark.parametrize("environment", [{}, BOOT], ids=["plain", "with a boot"])
@pytest.mark.parametrize("closed", CLOSED, ids=lambda closed: f"without {closed or 'none'}")
def test_closed_standard_descriptors_do_no_harm(container, folder, closed, environment):
    run = container("--", "sh", "-c", f"touch {folder / 'app'}; exit 7", setup=closing(closed), environment=environment)
    assert run.wait() == 7
    assert (folder / "app").exists()


@pytest.mark.parametrize("closed", CLOSED, ids=lambda closed: f"without {closed or 'none'}")
def test_signals_are_forwarded_and_zombies_reaped_with_closed_descriptors(container, recorder, orphans, closed):
    script = f"{orphans} 50; exec {recorder.line('--end', '15=0')}"
    run = container("--", "sh", "-c", script, setup=closing(closed))
    run.expect(recorder.is_ready, "the app to be ready")
    run.expect(lambda: len(run.init.children()) == 1, "the orphans to be reaped")
    run.signal(signal.SIGHUP)
    run.expect(lambda: recorder.signals() == [signal.SIGHUP], "HUP to arrive")
    run.signal(TERM)
    assert run.wait() == 0


@pytest.mark.parametrize("closed", CLOSED, ids=lambda closed: f"without {closed or 'none'}")
def test_a_closed_descriptor_never_becomes_one_of_tminus_own_in_the_app(container, folder, closed):
    """A signalfd at 0 or a pipe at 2 would be handed to the app as its stdin or stderr."""
    run = container("--", "sh", "-c", f"ls -l /proc/$$/fd > {folder / 'open'}", setup=closing(closed), environment=BOOT)
    assert run.wait() == 0
    lines = [line.split(" ", 8)[-1] for line in (folder / "open").read_text().splitlines() if "->" in line]
    assert not any("anon_inode" in line or "socket:" in line for line in lines), lines


def test_sigchld_ignored_by_the_parent_does_not_hang_it(container, orphans):
    run = container("--", "sh", "-c", f"{orphans} 20; exit 3", setup="trap '' CHLD", environment=BOOT)
    assert run.wait() == 3
    run = container("--", "sleep", "1000", setup="trap '' CHLD")
    run.child("sleep")
    run.signal(TERM)
    assert run.wait() == 128 + TERM


def test_sigpipe_ignored_or_a_reader_that_went_away_does_not_kill_it(container):
    read_end, write_end = os.pipe()
    os.close(read_end)
    run = container("--", "sh", "-c", "exit 3", stdout=write_end, stderr=write_end, environment=BOOT)
    assert run.wait() == 3
    os.close(write_end)


@pytest.mark.parametrize("environment", [{}, BOOT], ids=["plain", "with a boot"])
def test_a_read_only_root_is_enough(container, environment):
    setup = """for folder in /tmp /run /dev/shm; do
                   mount --bind $folder $folder && mount -o remount,bind,ro $folder || exit 99
               done
               mount -o remount,bind,ro / || exit 99"""
    run = container("--", "sh", "-c", "touch /tmp/x || touch /run/x || touch /x && exit 1; echo fine; exit 5",
                    setup=setup, environment=environment)
    assert run.wait() == 5
    assert run.out.bytes == b"fine\n"


NO_PROC = pytest.mark.not_sanitized("AddressSanitizer reads /proc/self/maps")


@NO_PROC
@pytest.mark.parametrize("environment", [{}, BOOT], ids=["plain", "with a boot"])
def test_it_works_without_proc(container, recorder, orphans, environment):
    script = f"[ ! -e /proc/self ] || exit 1; {orphans} 50; exec {recorder.line('--end', '15=6')}"
    run = container("--", "sh", "-c", script, setup="mount -t tmpfs none /proc", environment=environment)
    run.expect(recorder.is_ready, "the app to be ready")
    run.expect(lambda: len(run.init.children()) == 1, "the orphans to be reaped")
    run.signal(signal.SIGHUP)
    run.expect(lambda: recorder.signals() == [signal.SIGHUP], "HUP to arrive")
    run.signal(TERM)
    assert run.wait() == 6


@NO_PROC
def test_leftovers_are_ended_without_proc(container, recorder):
    script = f"setsid {recorder.line('--end', '15=0')} & while [ ! -s {recorder.path} ]; do sleep 0.01; done; exit 2"
    run = container("--", "sh", "-c", script, setup="mount -t tmpfs none /proc",
                    environment={"TMINUS_APP_LINGER": "1h"})
    assert run.wait() == 2
    assert recorder.signals() == [TERM]


@NO_PROC
def test_a_full_pipe_without_proc_does_not_stop_it(container, full_pipe, recorder):
    run = container("--", *recorder.command("--end", "15=6"), stdout=full_pipe[0], stderr=full_pipe[0],
                    setup="mount -t tmpfs none /proc", environment={**BOOT, "TMINUS_LOG_LEVEL": "debug"})
    run.expect(recorder.is_ready, "the app to be ready")
    run.signal(TERM)
    assert run.wait() == 6


class ProcessLimit:
    """RLIMIT_NPROC, for a user of its own: the kernel counts per user, on the whole machine."""

    users = itertools.count(54400 + os.getpid() % 1000, 1000)

    def __init__(self, processes):
        self.user = next(self.users)
        self.become = ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups"]
        self.prefix = [*self.become, "prlimit", f"--nproc={processes}:1000"]

    def lift(self, pid):
        subprocess.run([*self.become, "prlimit", f"--pid={pid}", "--nproc=1000:1000"], check=True)


def test_fork_refused_for_long_gives_70_and_says_why(container, folder):
    run = container("--", "touch", str(folder / "app"), prefix=ProcessLimit(1).prefix)
    assert run.wait(120) == 70
    assert "Resource temporarily unavailable" in run.err.text()
    assert not (folder / "app").exists()


def test_fork_refused_in_a_step_gives_its_status_and_says_why(container, folder):
    run = container("--", "touch", str(folder / "app"), prefix=ProcessLimit(1).prefix,
                    environment={"TMINUS_UPGRADE_COMMAND": "true"})
    assert run.wait(120) in (70, 76)
    assert "Resource temporarily unavailable" in run.err.text()
    assert not (folder / "app").exists()


@pytest.mark.parametrize("environment", [{}, {"TMINUS_UPGRADE_COMMAND": "true"}], ids=["app", "step"])
def test_fork_refused_for_a_moment_is_tried_again(container, environment):
    limit = ProcessLimit(1)
    run = container("--", "sh", "-c", "exit 4", prefix=limit.prefix, environment=environment)
    run.expect_error("again")
    limit.lift(run.init.pid)
    assert run.wait(120) == 4


@pytest.mark.parametrize("environment", [{}, {"TMINUS_UPGRADE_COMMAND": "true"}], ids=["app", "step"])
def test_term_while_fork_is_refused_ends_boot(container, folder, environment):
    run = container("--", "touch", str(folder / "app"), prefix=ProcessLimit(1).prefix, environment=environment)
    run.expect_error("again")
    run.signal(TERM)
    assert run.wait() == 128 + TERM
    assert not (folder / "app").exists()


def test_an_app_at_its_process_limit_is_reaped_and_stopped(container, bomb):
    run = container("--", bomb, "9", "sleep", "1000", prefix=ProcessLimit(20).prefix)
    run.child("sleep")
    run.expect(lambda: len(run.init.children()) == 1, "no zombie to be left")
    run.signal(TERM)
    assert run.wait() == 128 + TERM


def test_a_full_disk_below_the_log_does_no_harm(container, recorder):
    with open("/dev/full", "wb") as full:
        run = container("--", *recorder.command("--end", "15=6"), stdout=full, stderr=full,
                        environment={**BOOT, "TMINUS_LOG_LEVEL": "debug", "TMINUS_STEP_BAD_COMMAND": "false",
                                     "TMINUS_STEP_BAD_ON_FAILURE": "continue"})
        run.expect(recorder.is_ready, "the app to be ready")
        run.signal(TERM)
        assert run.wait() == 6


@pytest.mark.parametrize("environment", [{}, {**BOOT, "TMINUS_LOG_LEVEL": "debug"}], ids=["plain", "with a boot"])
def test_a_pipe_that_nobody_reads_stops_neither_signals_nor_reaping(container, full_pipe, recorder, environment):
    script = f"(sh -c 'true & true & true &') & wait; exec {recorder.line('--end', '15=6')}"
    run = container("--", "sh", "-c", script, stdout=full_pipe[0], stderr=full_pipe[0], environment=environment)
    run.expect(recorder.is_ready, "the app to be ready")
    run.expect(lambda: len(run.init.children()) == 1, "the orphans to be reaped")
    run.signal(signal.SIGHUP)
    run.expect(lambda: recorder.signals() == [signal.SIGHUP], "HUP to arrive")
    run.signal(TERM)
    assert run.wait() == 6
    assert os.get_blocking(full_pipe[0]), "O_NONBLOCK was set on what the app shares"


@pytest.mark.parametrize("user", [[], STRANGER], ids=["root", "a user that may not open the pipe anew"])
def test_lines_that_nobody_read_are_counted_and_told(container, full_pipe, recorder, user):
    write_end, read_end = full_pipe
    run = container("--", "true", stdout=write_end, stderr=write_end, prefix=user,
                    environment={"TMINUS_UPGRADE_COMMAND": recorder.line("--end", "28=0")})
    run.expect(recorder.is_ready, "the step to run")
    for _ in range(3):
        run.signal(signal.SIGUSR1)
        run.expect(lambda: not run.init.has("ShdPnd", signal.SIGUSR1), "USR1 to be taken")
    assert len(os.read(read_end, 65536)) == harness.PIPE_SIZE
    said = harness.Stream(os.dup(read_end))
    run.signal(signal.SIGUSR2)
    run.expect(lambda: "dropped" in said.text() and "USR2" in said.text(), lambda: f"the count; it said: {said.text()}")
    run.signal(signal.SIGWINCH)
    assert run.wait() == 0


def test_a_log_into_a_socket_that_nobody_reads_does_not_stop_it(container, recorder):
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    try:
        while True:
            theirs.send(b"x" * 4096)
    except BlockingIOError:
        theirs.setblocking(True)
    run = container("--", *recorder.command("--end", "15=6"), stderr=theirs.fileno(), stdout=theirs.fileno(),
                    environment={**BOOT, "TMINUS_LOG_LEVEL": "debug"})
    run.expect(recorder.is_ready, "the app to be ready")
    run.signal(TERM)
    assert run.wait() == 6
    ours.close()
    theirs.close()


@pytest.mark.parametrize("environment", [{}, BOOT], ids=["plain", "with a boot"])
def test_a_user_without_passwd_entry_is_enough(container, environment):
    run = container("--", "sh", "-c", "id -u; exit 8", prefix=STRANGER, environment=environment)
    assert run.wait() == 8
    assert run.out.bytes == b"54321\n"


def test_uid_65534_without_passwd_is_enough(container, recorder):
    run = container("--", *recorder.command("--end", "15=8"), setup="mount --bind /dev/null /etc/passwd",
                    prefix=["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"], environment=BOOT)
    run.expect(recorder.is_ready, "the app to be ready")
    run.signal(TERM)
    assert run.wait() == 8


def test_no_new_privileges_and_no_capabilities_are_enough(container, recorder):
    run = container("--", *recorder.command("--end", "15=8"), environment=BOOT,
                    prefix=[*STRANGER, "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"])
    run.expect(recorder.is_ready, "the app to be ready")
    run.signal(TERM)
    assert run.wait() == 8


def test_a_user_namespace_is_enough(container, recorder, orphans):
    probe = subprocess.run(["unshare", "--user", "--map-root-user", "true"], capture_output=True, text=True, check=False)
    if probe.returncode != 0:
        pytest.skip(f"this machine allows no user namespaces: {probe.stderr.strip()}")
    run = container("--", "sh", "-c", f"{orphans} 20; exec {recorder.line('--end', '15=8')}", environment=BOOT,
                    before=["unshare", "--user", "--map-root-user"])
    run.expect(recorder.is_ready, "the app to be ready")
    run.expect(lambda: len(run.init.children()) == 1, "the orphans to be reaped")
    run.signal(TERM)
    assert run.wait() == 8


@pytest.mark.parametrize("call", ["prctl", "close_range", "clone3", "setpgid", "ioctl", "fcntl", "pidfd_open"])
def test_a_system_call_that_a_seccomp_filter_refuses_does_no_harm(container, recorder, call):
    """strace(1) plays the filter; tminus is a plain child here, or unshare would be refused as well."""
    run = container("--", *recorder.command("--end", "15=8"), environment=BOOT, namespace=False,
                    before=[*TRACED, "-e", f"inject={call}:error=EPERM"])
    run.expect(recorder.is_ready, "the app to be ready")
    run.signal(TERM)
    assert run.wait() == 8


@pytest.mark.parametrize("error", ["EAGAIN", "ENOMEM"])
@pytest.mark.parametrize("environment", [{}, BOOT], ids=["app", "step"])
def test_a_fork_that_fails_twice_is_tried_again(container, error, environment):
    run = container("--", "sh", "-c", "exit 8", environment=environment, namespace=False,
                    before=[*TRACED, "-e", f"inject=clone,clone3,fork,vfork:error={error}:when=1..2"])
    assert run.wait() == 8


def test_an_empty_environment_is_enough(container):
    run = container("--", "/bin/sh", "-c", "exit 8", prefix=["env", "-i"])
    assert run.wait() == 8


def test_a_low_limit_of_descriptors_is_enough(container, recorder):
    run = container("--", *recorder.command("--end", "15=8"), prefix=["prlimit", "--nofile=16"], environment=BOOT)
    run.expect(recorder.is_ready, "the app to be ready")
    run.signal(TERM)
    assert run.wait() == 8


def test_a_working_folder_that_is_gone_does_no_harm(container, folder):
    gone = folder / "gone"
    gone.mkdir()
    run = container("--", "sh", "-c", "exit 8", setup=f"cd {gone} && rmdir {gone}")
    assert run.wait() == 8


def test_without_a_command_it_says_what_to_give_and_ends_with_64(container):
    run = container()
    assert run.wait() == 64
    assert "--" in run.err.text()
