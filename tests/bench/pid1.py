"""The parts that measure a PID 1: start, memory, wake-ups, orphans, relay, stop, lost TERMs.

Each takes the options and the contenders, and returns {contender: {figure: samples}}. Contenders
take turns within each round, so that a busy moment of the machine hits all of them alike.
"""

import contextlib
import random
import sqlite3
import subprocess
import time

from contenders import ALONE, ENVIRONMENT, OURS, BenchError, Contender, app, launcher, ours
from namespace import Namespace, launch

ORPHANS = 10_000
IDLE_SECONDS = 10
RELAY_BLOCKS = 20
LOST_WITHIN_NS = 3_000_000
MEMORY_ROUNDS = 5


def empty_samples(contenders, *figures):
    return {contender.name: {figure: [] for figure in figures} for contender in contenders}


def shuffled(contenders):
    """In another order each round: nobody always runs behind the same neighbour."""
    return random.sample(contenders, len(contenders))


def start(options, contenders):
    """Milliseconds from clone to the end of `true` as PID 1's app, and of `true` alone."""
    contenders = [*contenders, Contender(ALONE, ())]
    samples = empty_samples(contenders, "ms")
    for number in range(options.rounds + 1):
        for contender in shuffled(contenders):
            text = launch(["start"], contender.command("/bin/true"), options.scratch)
            if number > 0:  # the first round only warms the page cache
                samples[contender.name]["ms"].append(int(text) / 1e6)
    return samples


def stop(options, contenders):
    """Milliseconds from TERM to the namespace's end, with an app that dies of TERM."""
    samples = empty_samples(contenders, "ms")
    for _ in range(options.rounds):
        for contender in shuffled(contenders):
            text = launch(["stop"], contender.command(app(), "pause"), options.scratch)
            samples[contender.name]["ms"].append(int(text) / 1e6)
    return samples


def add_memory(samples, command, options, environment=None):
    with Namespace(command, options.scratch, environment) as namespace:
        namespace.settle()
        samples["rss"].append(namespace.number("smaps_rollup", "Rss"))
        samples["dirty"].append(namespace.number("smaps_rollup", "Private_Dirty"))


TWENTY_SETTINGS = """\
environment = production

[boot]
timeout = 10m
grace = 8s

[database]
url = sqlite:///{path}
normalize = yes

[wait]
timeout = 60s
grace = 10s
level = query
targets = file:{path}

[upgrade]
command = true
timeout = 5m
stop = auto

[seed]
all = true
timeout = 1m

[step assets]
command = true
after = upgrade
if = HOME

[app]
signal_to = group
grace = 30s
linger = 2s

[log]
level = info
"""


def settled_database(options):
    """The environment of a boot with a database, an upgrade, a seed and a step, as a real one has."""
    path = options.scratch / "memory.db"
    settings = options.scratch / "memory.ini"
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE IF NOT EXISTS launches (id INTEGER)")
    settings.write_text(TWENTY_SETTINGS.format(path=path))
    settings.chmod(0o644)
    return {"TMINUS_CONFIG": str(settings)}


def memory(options, contenders):
    """kB of PID 1 with an app running."""
    samples = empty_samples(contenders, "rss", "dirty")
    for _ in range(MEMORY_ROUNDS):
        for contender in contenders:
            command = contender.command(app(), "pause")
            add_memory(samples[contender.name], command, options)
    return samples


def booted(options, contenders):
    """The same of tminus after a boot with a database."""
    tminus = ours(contenders)
    if tminus is None:
        raise BenchError("tminus is not there")
    environment = settled_database(options)
    samples = {OURS: {"rss": [], "dirty": []}}
    for _ in range(MEMORY_ROUNDS):
        add_memory(samples[OURS], tminus.command(app(), "pause"), options, environment)
    return samples


def wakeups(options, contenders):
    """Context switches of PID 1 in ten idle seconds, all of them in the same ten."""
    with contextlib.ExitStack() as stack:
        running = {contender.name: stack.enter_context(
            Namespace(contender.command(app(), "pause"), options.scratch))
            for contender in contenders}
        for namespace in running.values():
            namespace.settle()
        time.sleep(1)
        before = {name: namespace.wakeups() for name, namespace in running.items()}
        time.sleep(IDLE_SECONDS)
        return {name: {"count": [namespace.wakeups() - before[name]]}
                for name, namespace in running.items()}


def reap_cpu_ms(contender, options):
    with Namespace(contender.command(app(), "orphans", ORPHANS), options.scratch) as namespace:
        namespace.settle()
        before = namespace.cpu_ns()
        namespace.tell()
        namespace.await_byte()
        return (namespace.settled_cpu_ns() - before) / 1e6


def orphans(options, contenders):
    """Milliseconds of CPU that PID 1 spends on reaping 10,000 orphans."""
    samples = empty_samples(contenders, "ms")
    for _ in range(options.orphan_rounds):
        for contender in shuffled(contenders):
            samples[contender.name]["ms"].append(reap_cpu_ms(contender, options))
    return samples


class Relay:
    """A PID 1 with an app that answers signals, as a context."""

    def __init__(self, contender, options):
        self.process = subprocess.Popen(
            [launcher(), "relay", *contender.command(app(), "echo")], cwd=options.scratch,
            env=ENVIRONMENT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def measure(self, count):
        """Microseconds from a signal to its answer, COUNT times."""
        self.process.stdin.write(f"{count}\n")
        self.process.stdin.flush()
        return [int(self.process.stdout.readline()) / 1e3 for _ in range(count)]


def relay(options, contenders):
    """Microseconds from a signal to PID 1 until the app's handler has answered."""
    samples = empty_samples(contenders, "us")
    with contextlib.ExitStack() as stack:
        running = {contender.name: stack.enter_context(Relay(contender, options))
                   for contender in contenders}
        for _ in range(RELAY_BLOCKS):
            for name in random.sample(list(running), len(running)):
                samples[name]["us"] += running[name].measure(options.signals // RELAY_BLOCKS)
    return samples


def lost(options, contenders):
    """TERMs at random moments within 3 ms of exec: 1 for each that never ended the app.

    "able" holds those alone that were sent when TERM was seen to be blocked or caught.
    """
    samples = empty_samples(contenders, "lost", "able")
    for _ in range(options.terms):
        delay = random.randrange(LOST_WITHIN_NS)
        for contender in shuffled(contenders):
            command = contender.command(app(), "pause")
            state, able = launch(["lost", str(delay)], command, options.scratch).split()
            samples[contender.name]["lost"].append(int(state == "lost"))
            samples[contender.name]["able"].append(int(state == "lost" and able == "1"))
    return samples
