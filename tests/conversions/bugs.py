"""The bugs of real entrypoint scripts, one function each: it shows that the script has it, and that tminus has not.
The last few are no bugs: they show what a start alone does not.

A bug's table in the case has the kind, and what brings it out: start (as a case's), and what the kind needs.
"""

import signal

import harness
import servers

BOTH = ("script", "tminus")
LIMIT = 120  # seconds for a boot, on a busy machine


def start_of(case, bug):
    """What the bug's own start says, over that of the case's first."""
    own = bug.get("start", {})
    first = {key: value for key, value in case.starts[0].items() if key in ("command", "environment", "files")}
    return {**first, **own, "environment": {**first.get("environment", {}), **own.get("environment", {})},
            "files": {**first.get("files", {}), **own.get("files", {})}}


def settle(case, bug, stage, kind, world=None):
    """One start until the app is up or all has ended; the world and the run."""
    world = world or stage.world(case, kind)
    before = len(world.ups())
    run = stage.start(world, **start_of(case, bug))
    run.expect(lambda: len(world.ups()) > before or not run.is_running(), "the app to be up, or an end", LIMIT)
    return world, run


def expect_up(run):
    assert run.is_running(), f"the app is not up{run.describe()}"


def expect_status(run, status):
    assert run.wait(LIMIT) == status, run.describe()


def failed_migration(case, bug, stage):
    """The app starts although the migration failed."""
    _, run = settle(case, bug, stage, "script")
    expect_up(run)
    run.kill()
    world, run = settle(case, bug, stage, "tminus")
    expect_status(run, 76)
    assert not world.ups()


def lost_term(case, bug, stage):
    """A shell stays PID 1, and TERM is lost."""
    _, run = settle(case, bug, stage, "script")
    expect_up(run)
    assert run.loses_term(), run.describe()
    run.kill()
    world, run = settle(case, bug, stage, "tminus")
    expect_up(run)
    run.signal(signal.SIGTERM)
    expect_status(run, 0)
    assert world.recorded("*.ended") == ["SIGTERM"]


def endless_wait(case, bug, stage):
    """A wait without limit: the script has no word in it that could end it; tminus gives up in its time."""
    text = (case.folder / "entrypoint.sh").read_text()
    assert any(word in text for word in bug["loops"]), bug["loops"]
    world, run = start_elsewhere(case, bug, stage, "script", servers.free_port())
    expect_rounds(run)
    assert not world.ups()
    run.kill()
    expect_surrender(case, bug, stage, servers.free_port())


def start_elsewhere(case, bug, stage, kind, port, **environment):
    """A start that is told another port than the database's; the world and the run."""
    world = stage.world(case, kind)
    url = str(world.variables["url"]).replace(f":{world.variables['port']}/", f":{port}/")
    world.variables.update(url=url, port=port)
    start = start_of(case, bug)
    start["environment"].update(environment)
    return world, stage.start(world, **start)


def expect_surrender(case, bug, stage, port):
    """tminus waits for a second in vain, and starts nothing."""
    world, run = start_elsewhere(case, bug, stage, "tminus", port, TMINUS_WAIT_TIMEOUT="1s")
    expect_status(run, 69)
    assert not world.ups()


def expect_rounds(run):
    """Waits until the script's wait has come round: it prints the same again, or runs one program after the other."""
    seen = set()

    def has_come_round():
        init = run.find_init()
        if init and init.name() == "entrypoint.sh":
            seen.update(process.pid for process in harness.descendants(init))
        return len(seen) >= 4 or len(run.out.bytes.splitlines()) >= 3

    run.expect(has_come_round, "three rounds of the wait", LIMIT)
    assert run.is_running(), run.describe()


def tcp_is_enough(case, bug, stage):
    """TCP is taken for a database: something that accepts and never answers is enough for the script's wait."""
    with servers.Misbehaving(servers.closes) as listener:
        wait_in_vain(case, bug, stage, listener.port)


def goes_on_after_time_out(case, bug, stage):
    """The wait is over in vain, and the script goes on all the same."""
    wait_in_vain(case, bug, stage, servers.free_port())


def wait_in_vain(case, bug, stage, port):
    """No database answers on the port: the script says that it goes on; tminus gives up in its time."""
    run = start_elsewhere(case, bug, stage, "script", port)[1]
    run.expect(lambda: bug["goes_on"] in run.out.text() + run.err.text(), bug["goes_on"], LIMIT)
    run.kill()
    expect_surrender(case, bug, stage, port)


def other_host(case, bug, stage):
    """The script waits for a host that is not the app's; the app's own database is there all the time."""
    world = stage.world(case, "script")
    run = stage.start(world, **start_of(case, bug))
    expect_rounds(run)
    assert not world.ups()
    run.kill()
    _, run = settle(case, bug, stage, "tminus")
    expect_up(run)


def seeds_again(case, bug, stage):
    """Each start seeds; tminus does it once."""
    counts = {}
    for kind in BOTH:
        world, run = settle(case, bug, stage, kind)
        expect_up(run)
        run.kill()
        if "between" in bug:
            stage.database.sql(bug["between"])
        first = stage.database.sql(bug["count"])
        _, run = settle(case, bug, stage, kind, world)
        run.kill()
        counts[kind] = (first, stage.database.sql(bug["count"]))
    assert counts["tminus"][0] == counts["tminus"][1]
    assert counts["script"][0] != counts["script"][1]


def unnoticed(case, bug, stage):
    """A command of the script fails unnoticed: what it was for is not there, and the app starts."""
    _, run = settle(case, bug, stage, "script")
    expect_up(run)
    assert bug["says"] in run.out.text() + run.err.text(), run.describe()
    run.kill()
    world, run = settle(case, bug, stage, "tminus")
    expect_status(run, bug["status"])
    assert not world.ups()


def made_at_boot(case, bug, stage):
    """The schema is generated at boot: the script invents a migration that no one has read; tminus makes none."""
    made = {}
    for kind in BOTH:
        world, run = settle(case, bug, stage, kind)
        run.kill()
        made[kind] = sorted(str(path.relative_to(world.root)) for path in world.root.glob(bug["made"]))
    assert made["script"] and not made["tminus"]


def fixed_password(case, bug, stage):
    """The script's administrator has a password that everybody can read; tminus does not start without one."""
    assert bug["password"] in (case.folder / "entrypoint.sh").read_text()
    assert bug["password"] not in (case.folder / "tminus.ini").read_text()
    _, run = settle(case, bug, stage, "script")
    expect_up(run)
    run.kill()
    assert stage.database.sql(bug["count"])[0][0] == 1
    world, run = settle(case, bug, stage, "tminus")
    expect_status(run, 78)
    assert not world.ups()


def no_lock(case, bug, stage):
    """Every replica migrates: two of the script's tools are at it at the same time, never two of tminus's."""
    for kind in BOTH:
        worlds = [stage.world(case, kind), stage.world(case, kind, new=False)]
        for world in worlds:
            world.lay({"/record/hold": ""})
        runs = [stage.start(world, **start_of(case, bug)) for world in worlds]
        if kind == "script":
            runs[0].expect(lambda: begun(worlds) == 2, "both tools at work", LIMIT)
        else:
            runs[0].expect(lambda: begun(worlds) == 1, "one tool at work", LIMIT)
            other = runs[1] if worlds[0].recorded("tool") else runs[0]
            other.expect(lambda: "another" in other.err.text(), "the other one to say that it waits", LIMIT)
            assert begun(worlds) == 1
        for world in worlds:
            world.at("/record/hold").unlink()
        if kind == "tminus":
            for world, run in zip(worlds, runs):
                run.expect(lambda: world.ups(), "the app", LIMIT)
        for run in runs:
            run.kill()


def begun(worlds):
    return sum(line == "begin" for world in worlds for line in world.recorded("tool"))


def behind_exec(case, bug, stage):
    """Commands behind exec never run; with tminus what they were for is done."""
    for kind, wanted in zip(BOTH, (False, True)):
        world, run = settle(case, bug, stage, kind)
        expect_up(run)
        if wanted:
            run.expect(lambda: world.at(bug["file"]).exists(), bug["file"])
        assert world.at(bug["file"]).exists() == wanted
        run.kill()


def stale_lock(case, bug, stage):
    """The marker file of a start that was killed keeps the next one waiting; tminus's lock ends with its holder."""
    for kind in BOTH:
        world = stage.world(case, kind)
        world.lay({"/record/hold": ""})
        run = stage.start(world, **start_of(case, bug))
        run.expect(lambda: world.recorded("tool") == ["begin"], "the tool at work", LIMIT)
        run.kill()
        world.at("/record/hold").unlink()
        run = stage.start(world, **start_of(case, bug))
        if kind == "script":
            expect_rounds(run)
            assert not world.ups()
        else:
            run.expect(lambda: world.ups(), "the app", LIMIT)
        run.kill()


def required(case, bug, stage):
    """Both refuse to start; tminus names at once all that is missing."""
    _, run = settle(case, bug, stage, "script")
    expect_status(run, 1)
    _, run = settle(case, bug, stage, "tminus")
    expect_status(run, 78)
    assert all(name in run.err.text() for name in bug["names"]), run.describe()


def unusual_password(case, bug, stage):
    """A password with bytes that mean something in a URL."""
    _, run = settle(case, bug, stage, "script")
    assert run.wait(LIMIT) != 0, run.describe()
    _, run = settle(case, bug, stage, "tminus")
    expect_up(run)


def waits(case, bug, stage):
    """A container that does not migrate, started first, is up when the other one has."""
    for kind, says in zip(BOTH, bug["waiting"]):
        first, second = stage.world(case, kind), stage.world(case, kind, new=False)
        waiter = stage.start(first, **bug["first"])
        waiter.expect(lambda: says in waiter.out.text() + waiter.err.text(), says, LIMIT)
        other = stage.start(second, **bug["second"])
        waiter.expect(lambda: bug["ready"] in waiter.out.text() + waiter.err.text(), bug["ready"], LIMIT)
        for run in (waiter, other):
            run.kill()


KINDS = {
    "failed migration": failed_migration, "lost TERM": lost_term, "endless wait": endless_wait,
    "TCP is enough": tcp_is_enough, "goes on after the time-out": goes_on_after_time_out, "other host": other_host,
    "seeds again": seeds_again, "unnoticed": unnoticed, "made at boot": made_at_boot,
    "fixed password": fixed_password, "no lock": no_lock, "behind exec": behind_exec, "stale lock": stale_lock,
    "waits": waits, "required": required, "unusual password": unusual_password,
}
