"""Twenty seconds, or ten minutes with the full numbers, of forks, signals, deaths, restarts and stops at random:
no zombie stays, no signal is lost, memory and descriptors stay what they were, and a stop leaves nobody.
"""

import collections
import contextlib
import os
import pathlib
import random
import signal
import time

import pytest

import harness

DURATION = 480 if harness.LONG else 14
STOPS_DURATION = 120 if harness.LONG else 6
SETTLED_BY = DURATION / 4  # by then everything has been done once
SLACK = 64 * 1024  # bytes: pages that are touched for the first time, the first job's among them

# Queued by the kernel, each of them, so that what is sent can be counted.
QUEUED = range(signal.SIGRTMIN, signal.SIGRTMIN + 6)

CHAOS = """
import os, random, signal, time
end = time.monotonic() + random.uniform(0.2, 20)
while time.monotonic() < end:
    pid = os.fork()
    if pid == 0:
        if random.random() < 0.5:
            os.setsid()
        if os.fork() == 0:
            time.sleep(random.random() / 20)
        os._exit(random.randrange(256))
    if random.random() < 0.5:
        os.waitpid(pid, 0)
    time.sleep(0.002)
if random.random() < 0.3:
    os.kill(os.getpid(), random.choice([signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM]))
os._exit(random.randrange(4))
"""

SETTINGS = """
[app]
command = {app}
restart = on-failure
restart_limit = 0
linger = 200ms
[service chaos]
command = python3 {chaos}
restart = always
[service other]
command = python3 {chaos}
restart = always
[service still]
command = sleep 1000
restart = always
[job often]
schedule = * * * * *
command = true
"""


def memory(process, field):
    """A field of /proc/PID/status in bytes: VmData, what is mapped; RssAnon, what was ever touched of it."""
    return int(process.status()[field].split()[0]) * 1024


def descriptors(process):
    return len(list(pathlib.Path(f"/proc/{process.pid}/fd").iterdir()))


def zombies(process):
    return [child for child in process.children() if child.state() == "Z"]


def received(recorder):
    """How many signals the app has recorded: a line of three bytes each, behind "ready"."""
    return (recorder.path.stat().st_size - len("ready\n")) // 3


def send(chance, run, sent):
    """A signal to PID 1, which its app must get."""
    number = chance.choice(QUEUED)
    run.init.signal(number)
    sent[int(number)] += 1


def is_service(process):
    """It leads a group as tminus made it; what it left behind has no group, or a session, of its own."""
    with contextlib.suppress(ProcessLookupError):
        leads = os.getpgid(process.pid) == process.pid != os.getsid(process.pid)
        return leads and process.name() in ("python3", "sleep")
    return False


def strike(chance, run, number):
    """A signal to one of the services."""
    services = [child for child in run.init.children() if is_service(child)]
    if services:
        victim = chance.choice(services)
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim.pid, number)
            os.kill(victim.pid, signal.SIGCONT)


@pytest.mark.serial
def test_nothing_is_lost_and_nothing_grows(container, folder, recorder, record_property):
    chaos = folder.script("chaos.py", CHAOS)
    app = recorder.line("--end", f"{int(signal.SIGTERM)}=7")
    name = folder.script("tminus.ini", SETTINGS.format(app=app, chaos=chaos), mode=0o644)
    run = container("--config", name)
    run.expect(recorder.is_ready, "the app to be ready")
    run.expect(lambda: any(map(is_service, run.init.children())), "a service to be up")
    chance, sent, begun, base = random.Random(int.from_bytes(os.urandom(4), "big")), collections.Counter(), time.monotonic(), None
    strike(chance, run, signal.SIGKILL)
    while time.monotonic() - begun < DURATION:
        for _ in range(chance.randrange(40)):
            send(chance, run, sent)
        if chance.random() < 0.01:
            strike(chance, run, chance.choice([signal.SIGKILL, signal.SIGSTOP, signal.SIGCONT]))
        # Where too many are pending, the kernel drops some: rlimit RLIMIT_SIGPENDING.
        run.expect(lambda: received(recorder) == sum(sent.values()), "the app to have every signal")
        run.expect(lambda: not zombies(run.init), "every zombie to be reaped")
        if base is None and time.monotonic() - begun > SETTLED_BY:
            base = memory(run.init, "RssAnon"), descriptors(run.init), memory(run.init, "VmData")
    assert collections.Counter(recorder.signals()) == sent
    run.expect(lambda: descriptors(run.init) <= base[1], "descriptors to be as many as before")
    assert memory(run.init, "RssAnon") <= base[0] + SLACK
    assert memory(run.init, "VmData") == base[2]
    restarts = run.err.text().count("it is started again")
    assert restarts > 0
    record_property("figure", f"soak of {DURATION} s: {sum(sent.values())} signals, {restarts} restarts, "
                              f"{memory(run.init, 'RssAnon')} bytes")
    run.signal(signal.SIGTERM)
    assert run.wait() == 7


STOPPED = """
[log]
prefix = {prefix}
[app]
command = sh -c '{app}'
grace = 200ms
linger = 100ms
[step short]
command = sleep 0.05
[service chaos]
command = python3 {chaos}
restart = always
[service early]
command = sh -c 'trap "" TERM; while :; do sleep 0.01; done'
after = boot
"""

APPS = {
    'trap "exit 7" TERM; while :; do sleep 0.01; done': {7},
    'trap "" TERM; while :; do sleep 0.01; done': {128 + signal.SIGKILL},
    "exec sleep 1000": {128 + signal.SIGTERM},
}


def marked(word):
    """Who has this word in its environment."""
    found = []
    for environment in pathlib.Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if word in environment.read_bytes():
                found.append(environment.parent.name)
    return found


@pytest.mark.serial
def test_a_stop_at_any_moment_leaves_nobody(container, folder, record_property):
    chaos = folder.script("chaos.py", CHAOS)
    chance, ends, begun = random.Random(int.from_bytes(os.urandom(4), "big")), collections.Counter(), time.monotonic()
    while time.monotonic() - begun < STOPS_DURATION:
        app, statuses = chance.choice(list(APPS.items()))
        name = folder.script("tminus.ini", STOPPED.format(app=app, chaos=chaos, prefix=chance.choice(["no", "others", "all"])), mode=0o644)
        mark = f"SOAK={os.getpid()}-{sum(ends.values())}"
        run = container("--config", name, namespace=chance.random() < 0.5, environment=dict([mark.split("=")]))
        run.signal(signal.SIGCONT)
        time.sleep(chance.random() / 3)
        for _ in range(chance.randrange(1, 4)):
            with contextlib.suppress(ProcessLookupError):
                run.init.signal(signal.SIGTERM)
        status = run.wait()
        assert status in statuses | {128 + signal.SIGTERM}, run.describe()
        run.expect(lambda mark=mark: not marked(mark.encode()), lambda mark=mark: f"{marked(mark.encode())} to be gone")
        ends[status] += 1
    record_property("figure", f"stops at random moments for {STOPS_DURATION} s: "
                              + ", ".join(f"{count} with status {status}" for status, count in sorted(ends.items())))
