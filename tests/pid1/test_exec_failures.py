"""An app or a step that cannot be executed: 127 not found, 126 not executable, and the reason in words."""

import os
import pathlib
import struct
import subprocess

import pytest

SHELL_SCRIPT = "#!/bin/sh\nexit 0\n"
OTHER_MACHINE = 183 if os.uname().machine == "x86_64" else 62  # EM_AARCH64, EM_X86_64: elf(5)


def elf_for(machine):
    """The header of a 64-bit program for another machine."""
    fields = struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, 0x400000, 64, 0, 0, 64, 56, 1, 64, 0, 0)
    return b"\x7fELF\x02\x01\x01" + bytes(9) + fields + bytes(56)


@pytest.fixture(params=["supervise", "exec"])
def failure(request, container):
    """Runs a command that cannot be executed: the exit status and what was said about it."""
    def run(*command, setup=None, **environment):
        started = container("--", *command, setup=setup,
                            environment={"TMINUS_APP_MODE": request.param, **environment})
        status = started.wait()
        return status, started.err.text()
    return run


def test_a_command_that_is_not_in_path_gives_127(failure):
    status, said = failure("no-such-command-anywhere")
    assert status == 127
    assert "no-such-command-anywhere" in said and "PATH" in said


def test_a_file_that_does_not_exist_gives_127(failure, folder):
    status, said = failure(str(folder / "missing"))
    assert status == 127
    assert str(folder / "missing") in said


def test_a_path_through_a_file_gives_127(failure, folder):
    path = folder.script("file", "") + "/app"
    status, said = failure(path)
    assert status == 127
    assert path in said


def test_an_empty_command_gives_127(failure):
    status, said = failure("")
    assert status == 127
    assert "empty" in said


def test_a_file_without_the_x_bit_gives_126(failure, folder):
    path = folder.script("app", SHELL_SCRIPT, mode=0o644)
    status, said = failure(path)
    assert status == 126
    assert path in said and "executable" in said and "chmod" in said


def test_a_file_in_path_without_the_x_bit_gives_126(failure, folder):
    path = folder.script("frobnicate", SHELL_SCRIPT, mode=0o644)
    status, said = failure("frobnicate", PATH=f"{folder.path}:/usr/bin:/bin")
    assert status == 126
    assert path in said


def test_a_missing_interpreter_gives_126_and_is_named(failure, folder):
    path = folder.script("app", "#!/usr/bin/python9 -u\n")
    status, said = failure(path)
    assert status == 126
    assert path in said and "/usr/bin/python9" in said and "interpreter" in said


def test_windows_line_ends_give_126_and_are_named(failure, folder):
    path = folder.script("app", "#!/bin/sh\r\nexit 0\r\n")
    status, said = failure(path)
    assert status == 126
    assert path in said and "CRLF" in said
    assert "\r" not in said


def test_a_missing_loader_gives_126_and_is_named(failure, folder):
    source = folder / "empty.c"
    source.write_text("int main(void) { return 0; }\n")
    path = str(folder / "app")
    subprocess.run(["cc", "-o", path, source, "-Wl,--dynamic-linker=/lib/ld-musl-nowhere.so.1"], check=True)
    status, said = failure(path)
    assert status == 126
    assert "/lib/ld-musl-nowhere.so.1" in said


def test_a_program_for_another_machine_gives_126_and_names_it(failure, folder):
    path = folder.script("app", elf_for(OTHER_MACHINE))
    status, said = failure(path)
    assert status == 126
    assert path in said and ("aarch64" in said or "arm64" in said) and "x86_64" in said


@pytest.mark.parametrize("content", [b"", b"echo hello\n", b"\x00\x01\x02garbage", b"\x7fELF"],
                         ids=["empty", "no shebang", "garbage", "cut short"])
def test_what_is_no_program_gives_126(failure, folder, content):
    path = folder.script("app", content)
    status, said = failure(path)
    assert status == 126
    assert path in said


def test_a_directory_gives_126(failure, folder):
    status, said = failure(str(folder.path))
    assert status == 126
    assert str(folder.path) in said and "directory" in said


def test_a_noexec_mount_gives_126_and_is_named(failure, folder):
    source = folder.script("script", SHELL_SCRIPT)
    mount = folder / "mount"
    mount.mkdir()
    status, said = failure(str(mount / "app"),
                           setup=f"mount -t tmpfs -o noexec none {mount} && cp {source} {mount}/app")
    assert status == 126
    assert str(mount / "app") in said and "noexec" in said


def test_a_file_that_this_user_may_not_execute_gives_126(container, folder):
    path = folder.script("app", SHELL_SCRIPT, mode=0o700)
    run = container("--", path, prefix=["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"])
    assert run.wait() == 126
    assert path in run.err.text()


@pytest.mark.parametrize("variable, status", [("TMINUS_UPGRADE_COMMAND", 76), ("TMINUS_SEED_ALL", 80),
                                              ("TMINUS_STEP_ASSETS_COMMAND", 80)])
@pytest.mark.parametrize("command", ["no-such-command", "/etc/passwd"])
def test_a_step_that_cannot_be_executed_fails_with_its_own_status(container, folder, variable, status, command):
    run = container("--", "touch", str(folder / "app"), environment={variable: command})
    assert run.wait() == status
    assert command in run.err.text()
    assert not (folder / "app").exists()


def test_a_command_is_found_in_the_path_that_the_app_will_have(container, folder):
    folder.script("frobnicate", "#!/bin/sh\necho found \"$@\"\n")
    run = container("--", "frobnicate", "it", environment={"PATH": f"/nowhere:{folder.path}:/usr/bin:/bin"})
    assert run.wait() == 0
    assert run.out.bytes == b"found it\n"


def test_a_relative_command_with_a_slash_needs_no_path(container, folder):
    folder.script("app", "#!/bin/sh\nexit 21\n")
    assert container("--", "./app", cwd=pathlib.Path(folder.path)).wait() == 21


def test_a_folder_that_is_relative_is_entered_once(failure, folder):
    (folder / "below").mkdir()
    status, said = failure("./missing", setup=f"cd {folder.path}", TMINUS_APP_WORKDIR="below")
    assert status == 127
    assert "./missing: no such file" in said


def test_what_could_not_be_run_is_not_tried_again(container, folder):
    """A file that is busy for a moment only would then run beside the process that is taken for it."""
    trace = folder / "trace"
    run = container("--", str(folder / "missing"), namespace=False,
                    before=["strace", "-f", "-qq", "-o", str(trace), "-e", "trace=execve"])
    assert run.wait() == 127
    assert trace.read_text(encoding="utf-8").count(f'execve("{folder / "missing"}"') == 1
