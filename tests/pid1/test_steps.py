"""Steps: their order and output, and what their failure means."""

import signal

import pytest

DEVELOPMENT = {"TMINUS_ENVIRONMENT": "development"}
# setting, status of its failure
STEPS = [("TMINUS_UPGRADE_COMMAND", 76), ("TMINUS_SEED_UNDO", 80), ("TMINUS_SEED_ALL", 80),
         ("TMINUS_STEP_ASSETS_COMMAND", 80)]
TIMEOUTS = {"TMINUS_UPGRADE_COMMAND": "TMINUS_UPGRADE_TIMEOUT", "TMINUS_SEED_UNDO": "TMINUS_SEED_TIMEOUT",
            "TMINUS_SEED_ALL": "TMINUS_SEED_TIMEOUT", "TMINUS_STEP_ASSETS_COMMAND": "TMINUS_STEP_ASSETS_TIMEOUT"}


@pytest.fixture(params=STEPS, ids=[name for name, _ in STEPS])
def step(request):
    return request.param


def test_steps_run_one_after_the_other_and_then_the_app(container, folder):
    log = folder / "log"
    word = lambda text: f"sh -c 'echo {text} >> {log}; sleep 0.02; echo end >> {log}'"
    run = container("--", "sh", "-c", f"echo app >> {log}", environment={
        **DEVELOPMENT, "TMINUS_UPGRADE_COMMAND": word("upgrade"), "TMINUS_SEED_UNDO": word("undo"),
        "TMINUS_SEED_ALL": word("all"), "TMINUS_STEP_ASSETS_COMMAND": word("assets"),
        "TMINUS_STEP_ASSETS_AFTER": "upgrade", "TMINUS_STEP_LAST_COMMAND": word("last")})
    assert run.wait() == 0
    lines = log.read_text().split()
    assert sorted(lines[:-1:2]) == ["all", "assets", "last", "undo", "upgrade"]
    assert set(lines[1:-1:2]) == {"end"} and lines[-1] == "app"
    order = {name: lines.index(name) for name in ("upgrade", "undo", "all", "assets", "last")}
    assert order["upgrade"] < order["undo"] < order["all"] < order["last"]
    assert order["upgrade"] < order["assets"]


def test_an_app_that_is_missing_is_told_before_any_step_runs(container, folder):
    run = container("--", "no-such-command-anywhere",
                    environment={**DEVELOPMENT, "TMINUS_SEED_UNDO": f"touch {folder / 'undone'}"})
    assert run.wait() == 127
    assert "no step was run" in run.err.text()
    assert not (folder / "undone").exists()


def test_an_app_that_a_step_makes_is_no_missing_one(container, folder):
    app = folder / "app"
    run = container("--", str(app), environment={"TMINUS_STEP_MAKE_COMMAND": f"ln -s /bin/true {app}"})
    assert run.wait() == 0


def test_a_subcommand_behind_run_is_the_app_and_is_said(container):
    run = container("run", "boot")
    assert run.wait() == 127
    assert "boot is run as the app" in run.err.text()


def test_a_failing_step_stops_boot_with_its_status(container, folder, step):
    variable, status = step
    run = container("--", "touch", str(folder / "app"), environment={**DEVELOPMENT, variable: "sh -c 'exit 3'"})
    assert run.wait() == status
    assert not (folder / "app").exists()


def test_a_failing_step_is_said_with_command_status_and_time(container, step):
    variable, _ = step
    run = container("--", "true", environment={**DEVELOPMENT, variable: "sh -c 'exit 3' something"})
    run.wait()
    line = next(line for line in run.err.text().splitlines() if "fail" in line)
    assert "sh -c 'exit 3' something" in line
    assert "status 3" in line
    assert " ms" in line or " s" in line


def test_a_step_killed_by_a_signal_is_a_failure_that_names_it(container, step):
    variable, status = step
    run = container("--", "true", environment={**DEVELOPMENT, variable: "sh -c 'kill -SEGV $$'"})
    assert run.wait() == status
    assert "SEGV" in run.err.text()


def test_nothing_follows_a_failing_step(container, folder):
    run = container("--", "touch", str(folder / "app"), environment={
        "TMINUS_UPGRADE_COMMAND": "false", "TMINUS_SEED_ALL": f"touch {folder / 'seeded'}",
        "TMINUS_STEP_ASSETS_COMMAND": f"touch {folder / 'assets'}"})
    assert run.wait() == 76
    assert not any((folder / name).exists() for name in ("app", "seeded", "assets"))


def test_on_failure_continue_goes_on_and_says_so(container):
    run = container("--", "sh", "-c", "exit 6", environment={
        "TMINUS_STEP_ASSETS_COMMAND": "sh -c 'exit 3'", "TMINUS_STEP_ASSETS_ON_FAILURE": "continue"})
    assert run.wait() == 6
    assert "status 3" in run.err.text()


def test_on_failure_continue_goes_on_when_the_command_is_not_found(container):
    run = container("--", "sh", "-c", "exit 6", environment={
        "TMINUS_STEP_ASSETS_COMMAND": "no-such-command", "TMINUS_STEP_ASSETS_ON_FAILURE": "continue"})
    assert run.wait() == 6
    assert "no-such-command" in run.err.text()


def test_what_a_failing_step_left_behind_is_ended(container, recorder):
    script = f"setsid {recorder.line('--end', '15=0')} & while [ ! -s {recorder.path} ]; do sleep 0.01; done; exit 1"
    run = container("--", "true", environment={
        "TMINUS_UPGRADE_COMMAND": f'sh -c "{script}"', "TMINUS_APP_LINGER": "1h"})
    assert run.wait() == 76
    assert recorder.signals() == [signal.SIGTERM]


def test_a_step_over_its_time_limit_fails(container, folder, step):
    variable, status = step
    run = container("--", "touch", str(folder / "app"),
                    environment={**DEVELOPMENT, variable: "sleep 1000", TIMEOUTS[variable]: "200ms"})
    assert run.wait() == status
    assert "200 ms" in run.err.text() or "200ms" in run.err.text()
    assert not (folder / "app").exists()


def test_a_time_limit_ends_the_whole_group_and_then_the_steps_children_are_gone(container, recorder, folder):
    """The step and one of its children end by TERM; boot goes on, and shows that nobody is left of them."""
    run = container("--", "sh", "-c", f"for pid in $(cat {folder / 'pids'}); do kill -0 $pid && exit 1; done; exit 8",
                    environment={"TMINUS_STEP_ASSETS_COMMAND":
                                 f"sh -c 'sleep 1000 & echo $$ $! > {folder / 'pids'}; wait'",
                                 "TMINUS_STEP_ASSETS_TIMEOUT": "300ms", "TMINUS_STEP_ASSETS_ON_FAILURE": "continue"})
    assert run.wait() == 8


def test_a_step_that_ignores_term_is_killed_behind_its_time_limit(container, recorder):
    run = container("--", "true", environment={
        "TMINUS_UPGRADE_COMMAND": recorder.line("--copies", "1"), "TMINUS_UPGRADE_TIMEOUT": "300ms",
        "TMINUS_BOOT_GRACE": "100ms", "TMINUS_APP_LINGER": "100ms"})
    assert run.wait() == 76
    assert [recorder.signals(copy)[0] for copy in range(2)] == [signal.SIGTERM] * 2


def test_a_time_limit_kills_what_ignores_term_in_the_steps_group_too(container, folder, recorder):
    """The step ends by TERM, its child ignores TERM: behind the grace it is killed all the same."""
    script = f"{recorder.line()} & echo $! > {folder / 'pid'}; wait"
    gone = f"while kill -0 $(cat {folder / 'pid'}) 2>/dev/null; do sleep 0.01; done; exit 8"
    run = container("--", "sh", "-c", gone, environment={
        "TMINUS_STEP_ASSETS_COMMAND": f"sh -c '{script}'", "TMINUS_STEP_ASSETS_TIMEOUT": "300ms",
        "TMINUS_STEP_ASSETS_ON_FAILURE": "continue", "TMINUS_BOOT_GRACE": "100ms"})
    assert run.wait() == 8


def test_boot_timeout_ends_boot(container, folder):
    run = container("--", "touch", str(folder / "app"),
                    environment={"TMINUS_UPGRADE_COMMAND": "sleep 1000", "TMINUS_BOOT_TIMEOUT": "200ms"})
    assert run.wait() == 76
    assert "boot.timeout" in run.err.text()
    assert not (folder / "app").exists()


def test_a_wait_over_its_time_limit_gives_69(container, folder):
    run = container("--", "touch", str(folder / "app"), environment={
        "TMINUS_WAIT_TARGETS": f"file:{folder / 'never'}", "TMINUS_WAIT_TIMEOUT": "200ms"})
    assert run.wait() == 69
    assert str(folder / "never") in run.err.text()
    assert not (folder / "app").exists()


def test_a_wait_child_that_is_killed_gives_70(container, folder):
    run = container("--", "touch", str(folder / "app"), environment={
        "TMINUS_WAIT_TARGETS": f"file:{folder / 'never'}", "TMINUS_WAIT_TIMEOUT": "1h"})
    child = run.expect(lambda: run.init.children(), "the wait's child")[0]
    child.signal(signal.SIGKILL)
    assert run.wait() == 70
    assert "KILL" in run.err.text()
    assert not (folder / "app").exists()


def test_a_steps_output_passes_through_unchanged(container, step):
    variable, _ = step
    run = container("--", "true", environment={**DEVELOPMENT, variable: r"printf 'a\000b\377\033[1m\r\nlast'"})
    assert run.wait() == 0
    assert run.out.bytes == b"a\0b\xff\x1b[1m\r\nlast"


def test_a_steps_output_passes_through_while_it_runs(container, folder, step):
    variable, _ = step
    run = container("--", "sh", "-c", "exit 2", environment={
        **DEVELOPMENT, variable: f"sh -c 'printf question; while [ ! -e {folder / 'go'} ]; do sleep 0.01; done'"})
    run.expect_output(b"question")
    assert run.is_running()
    (folder / "go").touch()
    assert run.wait() == 2


def test_a_step_can_read_stdin_and_write_stderr(container, folder):
    (folder / "in").write_text("typed\n")
    with open(folder / "in", "rb") as stdin:
        run = container("--", "true", stdin=stdin,
                        environment={"TMINUS_UPGRADE_COMMAND": "sh -c 'read line; echo \"<$line>\" >&2'"})
        assert run.wait() == 0
    assert "<typed>" in run.err.text()


def test_the_subcommand_boot_runs_the_steps_and_ends(container, folder):
    run = container("boot", environment={"TMINUS_UPGRADE_COMMAND": f"touch {folder / 'upgraded'}"})
    assert run.wait() == 0
    assert (folder / "upgraded").exists()


def test_the_subcommand_boot_ends_with_the_status_of_a_failing_step(container):
    assert container("boot", environment={"TMINUS_UPGRADE_COMMAND": "false"}).wait() == 76


def test_the_subcommand_boot_is_stopped_by_term(container):
    run = container("boot", environment={"TMINUS_UPGRADE_COMMAND": "sleep 1000"})
    run.child("sleep")
    run.signal(signal.SIGTERM)
    assert run.wait() == 128 + signal.SIGTERM


def test_the_subcommand_wait_runs_no_step(container, folder):
    run = container("wait", environment={"TMINUS_UPGRADE_COMMAND": f"touch {folder / 'upgraded'}",
                                         "TMINUS_WAIT_TARGETS": "file:/etc/passwd"})
    assert run.wait() == 0
    assert not (folder / "upgraded").exists()
