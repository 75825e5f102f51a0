"""How tminus comes to another program's name, and what that changes of it."""

import pathlib
import signal

import pytest

import harness
from programs import Double, under_name

HANDED = ["tini", "tini-static", "docker-init", "dumb-init", "catatonit"]
OURS = [Double(name, False) for name in ("tini", "dumb-init", "catatonit")]
ours = pytest.mark.parametrize("double", OURS, ids=str)


@pytest.mark.parametrize("name", HANDED)
def test_the_name_of_its_file_decides(container, name):
    run = container("--version", program=under_name(name))
    assert run.wait() == 0
    assert run.out.text().startswith("dumb-init v" if name == "dumb-init" else "tini version ") or name == "dumb-init"
    assert (run.err if name == "dumb-init" else run.out).text().count("(tminus ") == 1


@pytest.mark.parametrize("name", HANDED)
def test_as_is_the_same(container, name):
    run = container(f"--as={name}", "--version")
    assert run.wait() == 0
    assert "(tminus " in run.out.text() + run.err.text()


def test_as_takes_flags_and_a_command(container):
    assert container("--as=tini", "-e", "3", "--", "sh", "-c", "exit 3").wait() == 0


def test_an_unknown_name_ends_it_with_64(container):
    run = container("--as=runit", "--", "true")
    assert run.wait() == 64
    assert "runit" in run.err.text()


def test_as_counts_as_the_first_argument_alone(container):
    run = container("--", "echo", "--as=tini")
    assert run.wait() == 0
    assert run.out.text() == "--as=tini\n"


@pytest.mark.parametrize("name, flag", [("tini", "-l"), ("catatonit", "-L")])
def test_what_is_shown_is_our_own_licence(container, name, flag):
    run = container(flag, program=under_name(name))
    assert run.wait() == 0
    assert "tminus maintainers" in run.out.text()


@ours
@pytest.mark.parametrize("closed", ["0", "1", "2", "012"])
def test_closed_standard_descriptors_do_no_harm(start, closed):
    """tini dies of a closed stdin."""
    assert start("--", "sh", "-c", "exit 7", setup="exec " + " ".join(f"{each}>&-" for each in closed)).wait() == 7


@ours
def test_sigchld_ignored_by_the_parent_does_not_hang_it(start, double, orphans):
    """tini and catatonit hang."""
    run = start("--", orphans, "20", "grep", "SigIgn", "/proc/self/status", prefix=["env", "--ignore-signal=CHLD"])
    assert run.wait() == 0
    assert harness.signal_mask(run.out.text(), "SigIgn") == 0, "nor is it handed to the app"


@ours
def test_the_app_never_starts_with_a_signal_blocked_that_the_parent_did_not_block(start):
    """catatonit blocks TSTP, TTIN and TTOU."""
    run = start("--", "grep", "SigBlk", "/proc/self/status")
    assert run.wait() == 0
    assert harness.signal_mask(run.out.text(), "SigBlk") == 0


@ours
def test_a_signal_that_came_before_the_app_was_started_reaches_it(start, recorder):
    """dumb-init sends it to a group that is not there yet."""
    run = start("--", *recorder.command("--end", "15=143"), before=["env", "--block-signal=TERM"],
                setup="kill -TERM $$")
    assert run.wait() == 143, "as it came, or behind the app's exec"


@ours
@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGILL])
def test_a_fault_that_was_sent_to_a_plain_child_does_not_end_it(plain, recorder, number):
    """tini and catatonit die of it."""
    run = plain("--", *recorder.command("--end", "15=3"))
    run.expect(recorder.is_ready, "the app to be ready")
    run.signal(number)
    run.signal(signal.SIGTERM)
    assert run.wait() == 3


@pytest.mark.parametrize("name, stream", [("tini", "stdout"), ("dumb-init", "stderr")])
def test_a_pipe_that_nobody_reads_does_not_stop_it(container, full_pipe, recorder, name, stream):
    run = container("-v", "--", *recorder.command("--end", "15=3"), program=under_name(name), **{stream: full_pipe[0]})
    run.expect(recorder.is_ready, "the app to be ready")
    run.signal(signal.SIGTERM)
    assert run.wait() == 3


@ours
def test_it_is_never_woken_while_nothing_happens(start):
    """tini wakes each second."""
    run = start("--", "sleep", "1000")
    run.child("sleep")
    call = pathlib.Path(f"/proc/{run.init.pid}/syscall")
    run.expect(lambda: call.read_text().split()[0] == "0", "read(2) of the signalfd, which has no time limit")
