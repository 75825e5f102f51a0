"""What the app finds when it starts: signals, descriptors, process group, environment, arguments."""

import os
import signal

import pytest

from harness import SIGNALS


@pytest.fixture(params=["supervise", "exec"])
def mode(request):
    return {"TMINUS_APP_MODE": request.param}


def fields_of(run):
    return dict(line.split(":\t", 1) for line in run.out.text().splitlines() if ":\t" in line)


def test_the_app_starts_with_an_empty_mask_and_default_dispositions(container, unclean, mode):
    run = container("--", "cat", "/proc/self/status", prefix=[unclean], environment=mode)
    assert run.wait() == 0
    fields = fields_of(run)
    for name in ("SigBlk", "SigIgn", "SigCgt", "SigPnd", "ShdPnd"):
        assert int(fields[name], 16) == 0, name


def test_a_step_starts_with_an_empty_mask_and_default_dispositions(container, unclean):
    run = container("--", "true", prefix=[unclean], environment={"TMINUS_UPGRADE_COMMAND": "cat /proc/self/status"})
    assert run.wait() == 0
    fields = fields_of(run)
    assert [int(fields[name], 16) for name in ("SigBlk", "SigIgn")] == [0, 0]


def test_signals_arrive_although_the_parent_ignored_and_blocked_them(container, recorder, unclean):
    run = container("--", *recorder.command("--end", "18=3"), prefix=[unclean])
    run.expect(recorder.is_ready, "the app to be ready")
    numbers = [number for number in SIGNALS if number not in (signal.SIGTERM, signal.SIGCONT)]
    for number in numbers:
        run.signal(number)
        run.expect(lambda n=number: n in recorder.signals(), f"signal {number} to arrive")
    run.signal(signal.SIGTERM)
    assert run.wait() == 3
    assert recorder.signals() == numbers + [signal.SIGTERM, signal.SIGCONT]


def test_the_app_has_the_standard_descriptors_only(container, mode):
    run = container("--", "sh", "-c", "ls /proc/$$/fd; exit 0", environment={
        **mode, "TMINUS_UPGRADE_COMMAND": "true", "TMINUS_WAIT_TARGETS": "file:/etc/passwd"})
    assert run.wait() == 0
    assert run.out.text().split() == ["0", "1", "2"]


def test_a_step_has_the_standard_descriptors_only(container):
    run = container("--", "true", environment={
        "TMINUS_WAIT_TARGETS": "file:/etc/passwd file:/etc/group",
        "TMINUS_UPGRADE_COMMAND": "sh -c 'ls /proc/$$/fd; exit 0'"})
    assert run.wait() == 0
    assert run.out.text().split() == ["0", "1", "2"]


def test_descriptors_that_the_runtime_hands_over_pass_through(container, folder, mode):
    """As LISTEN_FDS does it; and nothing of tminus's own is beside them."""
    (folder / "given").write_text("given\n")
    run = container("--", "sh", "-c", "cat <&7; ls /proc/$$/fd; exit 0", environment=mode,
                    setup=f"exec 7<{folder / 'given'}")
    assert run.wait() == 0
    assert run.out.text().split() == ["given", "0", "1", "2", "7"]


def test_the_standard_descriptors_keep_their_flags(container, folder):
    """O_NONBLOCK set on a shared description would break whoever else writes to it."""
    read_end, write_end = os.pipe()
    run = container("--", "sh", "-c", "grep flags /proc/self/fdinfo/2 /proc/self/fdinfo/1 >&2; exit 4",
                    stderr=write_end, stdout=write_end, environment={"TMINUS_UPGRADE_COMMAND": "true"})
    assert run.wait() == 4
    assert os.get_blocking(write_end)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        flags = [int(line.split()[-1], 8) for line in pipe.read().decode().splitlines() if "flags" in line]
    assert len(flags) == 2
    assert not any(flag & os.O_NONBLOCK for flag in flags)


def test_the_app_leads_a_process_group_of_its_own(container):
    run = container("--", "sh", "-c", "cat /proc/$$/stat; exit 0")
    assert run.wait() == 0
    fields = run.out.text().rpartition(")")[2].split()
    own_pid = run.out.text().split()[0]
    assert fields[1] == "1" and fields[2] == own_pid and own_pid != "1"


def test_in_exec_mode_the_app_is_pid_1(container):
    run = container("--", "sh", "-c", "echo $$", environment={
        "TMINUS_APP_MODE": "exec", "TMINUS_UPGRADE_COMMAND": "true", "TMINUS_WAIT_TARGETS": "file:/etc/passwd"})
    assert run.wait() == 0
    assert run.out.bytes == b"1\n"


def test_tminus_variables_are_not_in_the_apps_environment(container, mode):
    run = container("--", "env", environment={
        **mode, "TMINUS_APP_GRACE": "2s", "TMINUS_UPGRADE_COMMAND": "true",
        "DATABASE_TOKEN": "kept", "TMINUSX": "kept"})
    assert run.wait() == 0
    names = [line.partition("=")[0] for line in run.out.text().splitlines()]
    assert [name for name in names if name.startswith("TMINUS_")] == ["TMINUS_BOOT_ID"]
    assert "DATABASE_TOKEN" in names and "TMINUSX" in names


def test_what_kubernetes_injects_for_a_service_of_this_name_does_no_harm(container, mode):
    run = container("--", "sh", "-c", "exit 3", environment={
        **mode, "TMINUS_SERVICE_HOST": "10.0.0.1", "TMINUS_SERVICE_PORT": "80", "TMINUS_SERVICE_PORT_HTTP": "80",
        "TMINUS_PORT": "tcp://10.0.0.1:80", "TMINUS_PORT_80_TCP_ADDR": "10.0.0.1"})
    assert run.wait() == 3


def test_a_large_environment_arrives_whole(container, mode):
    big = {f"BIG{number}": str(number) * 100_000 for number in range(2)}
    run = container("--", "sh", "-c", 'printf %s "$BIG0$BIG1"', environment={**big, **mode})
    assert run.wait() == 0
    assert run.out.bytes == b"0" * 100_000 + b"1" * 100_000


def test_variables_that_no_shell_could_name_pass_through(container):
    environment = {b"with-dash": b"1", b"BYTES": b"\xff\xfe\n\t'\""}
    run = container("--", "env", "-0", prefix=["env", "-i", b"with-dash=1", b"BYTES=\xff\xfe\n\t'\""])
    assert run.wait() == 0
    found = dict(entry.split(b"=", 1) for entry in run.out.bytes.split(b"\0") if entry)
    del found[b"TMINUS_BOOT_ID"]
    assert found == environment


def test_arguments_arrive_byte_for_byte(container, mode):
    arguments = [b"", b" ", b"two words", b"line\nbreak\n", b"\xff\xfe\x80", b"-v", b"--", b"*", b"'\"\\", b"a$", b"\t",
                 b"--config", b"x" * 100_000]
    run = container("--", "sh", "-c", "for each; do printf '%s\\0' \"$each\"; done", "sh", *arguments, environment=mode)
    assert run.wait() == 0
    assert run.out.bytes.split(b"\0")[:-1] == arguments


def test_options_end_at_the_double_dash(container):
    run = container("--", "echo", "--help", "--set", "x")
    assert run.wait() == 0
    assert run.out.bytes == b"--help --set x\n"


def test_the_app_reads_stdin_and_writes_stdout_directly(container, folder):
    (folder / "in").write_bytes(b"\0binary\xff")
    with open(folder / "in", "rb") as stdin:
        run = container("--", "cat", stdin=stdin)
        assert run.wait() == 0
    assert run.out.bytes == b"\0binary\xff"


def test_a_plain_start_says_nothing(container):
    run = container("--", "true")
    assert run.wait() == 0
    assert run.out.bytes == b"" and run.err.bytes == b""


def test_an_app_of_the_same_user_cannot_read_environment_or_memory_of_pid_1(container):
    """The app of the same user as tminus: /proc/1/environ may hold credentials."""
    run = container("--", "sh", "-c", "cat /proc/1/environ; cat /proc/1/maps; true",
                    prefix=["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"],
                    environment={"SECRET_TOKEN": "swordfish"})
    assert run.wait() == 0
    assert b"swordfish" not in run.out.bytes and run.out.bytes == b""
