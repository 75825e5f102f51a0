"""app.restart: who comes back, after how long, and when it is enough."""

import signal
import subprocess

import pytest

import harness

COUNT = "command = sh -c 'echo started; exit {status}'"


def app(line, **settings):
    return "\n".join(["[app]", line, *(f"{key} = {value}" for key, value in settings.items())])


def health(run):
    """What `tminus health` in the container ends with."""
    return subprocess.run(["nsenter", "--target", str(run.init.pid), "--mount", "--pid", harness.TMINUS, "health"],
                          capture_output=True, timeout=20, env={"PATH": harness.PATH}).returncode


def starts(run):
    return run.out.bytes.count(b"started")


def test_an_app_that_fails_is_started_again_until_the_limit_and_its_status_is_kept(supervised):
    run = supervised(app(COUNT.format(status=7), restart="on-failure", restart_limit=2))
    assert run.wait() == 7
    assert starts(run) == 3
    assert "sh ended with status 7; it is started again in 1 s (restart 1 in a row)" in run.err.text()
    assert "it is started again in 2 s (restart 2 in a row)" in run.err.text()
    assert "is not started again: 2 restarts in a row did not help (app.restart_limit)" in run.err.text()


def test_an_app_that_ends_well_is_started_again_only_with_always(supervised):
    run = supervised(app(COUNT.format(status=0), restart="on-failure"))
    assert (run.wait(), starts(run)) == (0, 1)
    run = supervised(app(COUNT.format(status=0), restart="always", restart_limit=1))
    assert (run.wait(), starts(run)) == (0, 2)


def test_without_the_setting_the_end_is_the_end(supervised):
    run = supervised(app(COUNT.format(status=7)))
    assert (run.wait(), starts(run)) == (7, 1)


def test_an_app_that_was_killed_is_started_again_and_stops_on_term(supervised, recorder):
    run = supervised(app(f"command = {recorder.line('--end', f'{int(signal.SIGTERM)}=3')}", restart="on-failure"))
    run.expect(lambda: harness.read_text(recorder.path), "the app to be ready")
    first = run.child("recorder")
    recorder.path.unlink()
    first.signal(signal.SIGKILL)
    run.expect_error("was killed by SIGKILL; it is started again in 1 s")
    run.expect(lambda: harness.read_text(recorder.path), "the second app to be ready")
    assert run.child("recorder").pid != first.pid
    run.signal(signal.SIGTERM)
    assert run.wait() == 3
    assert recorder.signals() == [signal.SIGTERM]


def test_a_stop_during_the_pause_ends_it_at_once_with_the_app_s_status(supervised):
    run = supervised(app(COUNT.format(status=7), restart="always"))
    run.expect_error("it is started again in 2 s")
    run.signal(signal.SIGTERM)
    assert run.wait() == 7
    assert starts(run) == 2


def test_an_app_that_waits_to_be_started_again_is_not_healthy(supervised):
    run = supervised(app(COUNT.format(status=7), restart="always"))
    run.expect_error("it is started again in 4 s")
    assert health(run) != 0
    run.signal(signal.SIGTERM)
    run.wait()


def test_what_a_dead_app_has_left_in_its_group_is_told_to_end_before_it_comes_back(supervised):
    command = "command = sh -c 'echo started; sleep 1000 & exit 7'"
    run = supervised(app(command, restart="on-failure", restart_limit=1))
    run.expect_error("it is started again in 1 s")
    run.expect(lambda: not any(child.name() == "sleep" for child in run.init.children()), "the old sleep to be gone")
    assert run.wait() == 7


def test_an_app_that_cannot_be_run_is_not_tried_again(supervised):
    run = supervised(app("command = /nonexistent/app", restart="always"))
    assert run.wait() == 127


@pytest.mark.parametrize("text, fault", [
    ("[app]\ncommand = true\nmode = exec\nrestart = always", "app.mode = exec leaves no tminus for app.restart"),
    ("[app]\ncommand = true\nmode = exec\n[service a]\ncommand = true", "app.mode = exec leaves no tminus"),
    ("[app]\ncommand = true\nmode = exec\n[job a]\ncommand = true\nschedule = @daily", "app.mode = exec leaves no tminus"),
    ("[app]\nrestart = sometimes", "is not one of never, on-failure, always"),
    ("[service a]\nrestart = always", "[service a] has no command"),
    ("[service a]\ncommand = true\nready = tcp://127.0.0.1:1", "ready goes with after = boot"),
    ("[service a]\ncommand = true\nafter = boot\nready = udp:1", "[service a]: "),
    ("[service]\ncommand = true", "a service has a name: [service NAME]"),
    ("[service a-b]\ncommand = true\n[service a_b]\ncommand = true", "[service a_b] and [service a-b] have the same variables"),
    ("[service a]\ncomand = true", 'unknown key "comand" in [service a]; did you mean "command"?'),
    ("[services a]\ncommand = true", "unknown section [services a]"),
    ("[job a]\ncommand = true", "[job a] has no schedule"),
    ("[job a]\nschedule = 0 0 * * *", "[job a] has no command"),
    ("[job a]\ncommand = true\nschedule = 0 0 31 2 *", "never comes"),
    ("[job a]\ncommand = true\nschedule = 0 25 * * *", "its hour is not understood"),
    ("[job a]\ncommand = true\nschedule = @daily\nsingle = yes", "single = yes needs a database with a login"),
])
def test_what_cannot_be_meant_is_refused_before_anything_starts(folder, text, fault):
    name = folder.script("tminus.ini", text, mode=0o644)
    result = subprocess.run([harness.TMINUS, "--config", name, "config"], capture_output=True, text=True, timeout=20,
                            env={"PATH": harness.PATH, **harness.sanitizer_options()})
    assert result.returncode == 78
    assert fault in result.stderr
