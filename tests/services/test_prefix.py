"""log.prefix: whose line it is, before each line, by a child that nobody depends on."""

import json
import os
import re
import signal

import pytest

import harness

COUNTER = "sh -c 'n=0; while :; do n=$((n+1)); echo line $n; done'"
TALKS = """
[step talk]
command = sh -c 'echo step out; echo step err >&2'
[service talk]
command = sh -c 'echo service out; exec sleep 1000'
[job talk]
schedule = * * * * *
command = true
[app]
command = sh -c 'echo app out; echo app err >&2; exec sleep 1000'
"""


def log_child(run):
    return run.expect(lambda: next((child for child in run.init.children() if child.name() == "tminus-log"), None),
                      "the log child")


def stop(run, status=143):
    run.signal(signal.SIGTERM)
    assert run.wait() == status


def test_no_line_has_a_prefix_unless_asked_for(supervised):
    run = supervised(TALKS)
    run.expect(lambda: run.out.bytes.count(b"out") == 3, "every line")
    assert all(child.name() != "tminus-log" for child in run.init.children())
    stop(run)
    assert sorted(run.out.text().splitlines()) == ["app out", "service out", "step out"]


def test_others_are_steps_and_services_and_the_app_s_lines_stay_as_they_are(supervised):
    run = supervised(TALKS, "--set", "log.prefix=others")
    run.expect(lambda: run.out.bytes.count(b"out\n") == 3 and b"step err\n" in run.err.bytes, "every line")
    stop(run)
    assert sorted(run.out.text().splitlines()) == ["app out", "service talk | service out", "step talk | step out"]
    assert "\nstep talk | step err\n" in run.err.text()
    assert "\napp err\n" in run.err.text()


def test_all_are_the_app_too(supervised):
    run = supervised(TALKS, "--set", "log.prefix=all")
    run.expect(lambda: run.out.bytes.count(b"out\n") == 3, "every line")
    stop(run)
    assert "app | app out" in run.out.text().splitlines()
    assert "\napp | app err\n" in run.err.text()


def test_upgrade_and_seed_have_their_names(container):
    run = container("boot", environment={"TMINUS_UPGRADE_COMMAND": "echo upgraded", "TMINUS_SEED_ALL": "echo seeded",
                                         "TMINUS_LOG_PREFIX": "others"})
    assert run.wait() == 0
    assert run.out.text() == "upgrade | upgraded\nseed all | seeded\n"


def test_json_objects_say_program_stream_and_message(supervised):
    run = supervised(TALKS.replace("echo step out", 'printf "\\té\\n"'), "--set", "log.prefix=all", "--set", "log.format=json")
    run.expect(lambda: run.out.text().count("\n") == 3, "every line")
    stop(run)
    lines = [json.loads(line) for line in (run.out.text() + run.err.text()).splitlines()]
    assert {"program": "step talk", "stream": "stdout", "message": "\té"} in lines
    assert {"program": "app", "stream": "stderr", "message": "app err"} in lines


@pytest.mark.parametrize("format", ["text", "json"])
def test_a_long_line_comes_in_pieces_and_no_byte_is_lost(supervised, folder, format):
    line = "é" * 10001 + "x"
    text = folder.script("text", line + "\nshort\n", mode=0o644)
    run = supervised(f"[log]\nprefix = others\nformat = {format}\n[step long]\ncommand = cat {text}\n[app]\ncommand = true")
    assert run.wait() == 0
    if format == "text":
        pieces = [piece.split(" | ", 1)[1] for piece in run.out.text().splitlines()]
    else:
        pieces = [json.loads(piece)["message"] for piece in run.out.text().splitlines()]
    assert pieces[-1] == "short"
    assert "".join(pieces[:-1]) == line
    assert len(pieces) > 6


def test_a_last_line_without_its_end_is_written_when_the_process_ends(supervised):
    run = supervised("[log]\nprefix = others\n[step open]\ncommand = printf 'no end'\n[step next]\ncommand = echo next\n"
                     "[app]\ncommand = sleep 1000")
    run.expect(lambda: b"step open" in run.out.bytes and b"step next" in run.out.bytes, "both lines")
    stop(run)
    assert run.out.text() == "step open | no end\nstep next | next\n"


def test_the_last_words_of_who_is_stopped_and_of_who_is_killed_are_written(supervised):
    run = supervised(f"[log]\nprefix = others\n[app]\ncommand = sleep 1000\ngrace = 300ms\nlinger = 300ms\n"
                     "[service polite]\ncommand = sh -c 'trap \"echo bye; exit 0\" TERM; echo up; while :; do sleep 0.05; done'\n"
                     "[service deaf]\ncommand = sh -c 'trap \"echo no\" TERM; echo up; while :; do sleep 0.05; done'")
    run.expect(lambda: run.out.bytes.count(b"up\n") == 2, "both services")
    stop(run)
    assert "service polite | bye" in run.out.text().splitlines()
    assert run.out.text().splitlines().count("service deaf | no") == 2, "TERM at the stop, and again behind the grace"
    assert "still there" in run.err.text() and "tminus-log" not in run.err.text()


@pytest.mark.parametrize("namespace", [True, False])
def test_the_death_of_the_log_child_hurts_nobody(supervised, namespace):
    run = supervised(f"[log]\nprefix = others\n[service counter]\ncommand = {COUNTER}\n[app]\ncommand = sleep 1000",
                     namespace=namespace)
    for _ in range(3):
        child = log_child(run)
        child.signal(signal.SIGKILL)
        run.expect(lambda child=child: not child.is_alive(), "its end")
        before = len(run.out.bytes)
        run.expect(lambda before=before: len(run.out.bytes) > before + 100000, "more lines, by another one")
    assert "service counter" not in run.err.text().replace("tminus: service counter: ", "")
    stop(run)
    numbers = [int(each) for each in re.findall(r"^service counter \| line (\d+)$", run.out.text(), re.MULTILINE)]
    assert numbers == sorted(numbers)


def test_the_log_child_is_no_zombie_and_takes_nobody_s_signal(supervised):
    run = supervised(TALKS, "--set", "log.prefix=others")
    child = log_child(run)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE, signal.SIGUSR1):
        child.signal(number)
    assert child.is_alive()
    child.signal(signal.SIGKILL)
    run.expect(lambda: child.state() is None, "it to be reaped")
    stop(run)


def test_a_stdout_that_nobody_holds_ends_no_service(supervised):
    reader, writer = os.pipe()
    run = supervised(f"[log]\nprefix = others\n[service counter]\ncommand = {COUNTER}\n[app]\ncommand = sleep 1000",
                     stdout=writer)
    os.close(writer)
    os.read(reader, 1000)
    os.close(reader)
    service = run.child("sh")
    used = service.cpu_ticks()
    run.expect(lambda: service.cpu_ticks() > used + 5, "the service to go on")
    stop(run)
    assert "service counter was killed" not in run.err.text()


def test_a_log_that_nobody_reads_does_not_hold_up_the_stop(supervised, full_pipe):
    writer, _ = full_pipe
    run = supervised(f"[log]\nprefix = others\n[service counter]\ncommand = {COUNTER}\n[app]\ncommand = sleep 1000",
                     stdout=writer)
    run.child("sh")
    stop(run)


def test_a_service_of_another_user_may_open_its_stdout(supervised):
    run = supervised("[log]\nprefix = others\n[service other]\nuser = nobody\n"
                     "command = sh -c 'echo opened >/dev/stdout; exec sleep 1000'\n[app]\ncommand = sleep 1000")
    run.expect_output(b"service other | opened\n")
    stop(run)


def test_who_becomes_the_app_has_no_log_child(container):
    run = container("--", "sh", "-c", "echo app; ls /proc/self/fd | wc -l; exec sleep 1000",
                    environment={"TMINUS_LOG_PREFIX": "all", "TMINUS_APP_MODE": "exec", "TMINUS_UPGRADE_COMMAND": "echo up"})
    run.expect(lambda: run.out.text().splitlines()[-2:] == ["app", "4"], "the app's own lines")
    assert "upgrade | up" in run.out.text().splitlines()
    app, = harness.Process(run.process.pid).children()
    run.expect(lambda: app.name() == "sleep" and not app.children(), "the app to be alone")
