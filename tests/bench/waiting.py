"""How soon after PostgreSQL accepts logins the next command runs: tminus beside an nc loop."""

import contextlib
import os
import pathlib
import pwd
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from contenders import ENVIRONMENT, OURS, BenchError, app, ours
from namespace import Namespace

LOOP = "nc loop"
WAIT_LIMIT = 20
STOP_LIMIT = 20
START_WITHIN = (0.3, 1.3)
POLL_INTERVAL = 0.01
# With %n as prefix each line begins with seconds since 1970, to the millisecond.
READY_LINE = re.compile(
    r"^(\d+\.\d+) LOG:  database system is ready to accept connections", re.MULTILINE)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def postgres_programs():
    """The folder of the newest server that Debian has installed."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"),
                   key=lambda path: int(path.parts[-3]))
    if not found:
        raise BenchError("postgresql is not installed")
    return found[-1].parent


class Postgres:
    """A real server in a private folder and on a free port, as a context; started at will."""

    def __init__(self):
        self.programs = postgres_programs()
        self.account = pwd.getpwnam("postgres")
        self.port = free_port()
        self.process = None
        # Not in the project's folder: the server's account could not enter it.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tminus-bench-"))
        os.chown(self.folder, self.account.pw_uid, self.account.pw_gid)
        self.log = self.folder / "log"

    @property
    def url(self):
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def __enter__(self):
        try:
            self.spawn("initdb", "--auth=trust", "--no-sync", "--locale=C", "-D",
                       self.folder / "data").wait(60)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def spawn(self, program, *arguments):
        with open(self.log, "w", encoding="ascii") as log:
            return subprocess.Popen(
                [self.programs / program, *arguments], cwd=self.folder, env=ENVIRONMENT,
                user=self.account.pw_uid, group=self.account.pw_gid, extra_groups=[],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def start(self):
        self.process = self.spawn(
            "postgres", "-D", self.folder / "data", "-p", str(self.port), "-c", "fsync=off",
            "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
            "-c", "log_line_prefix=%n ")

    def stop(self):
        """A fast shutdown, so that the next start has nothing to recover."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(STOP_LIMIT)
        self.process = None

    def ready_at(self):
        """When the server said that it accepts logins. Its log is asked, because a poller that
        is tight enough would slow the server down."""
        deadline = time.monotonic() + WAIT_LIMIT
        while time.monotonic() < deadline:
            found = READY_LINE.search(self.log.read_text(encoding="ascii", errors="replace"))
            if found:
                return float(found.group(1))
            time.sleep(POLL_INTERVAL)
        raise BenchError(f"PostgreSQL did not start: {self.log.read_text()[-500:]}")


def waiters(tminus, server):
    """Command and environment of each waiter; the next command writes the time."""
    loop = f"while ! nc -z 127.0.0.1 {server.port}; do sleep 1; done; exec {app()} stamp"
    commands = {LOOP: (["/bin/sh", "-c", loop], {})}
    if tminus:
        command = tminus.command(app(), "stamp")
        commands[OURS] = (command, {"TMINUS_DATABASE_URL": server.url})
    return commands


def detect(server, tminus, folder):
    """Milliseconds from ready to the next command, for each waiter on one server start."""
    with contextlib.ExitStack() as stack:
        stack.callback(server.stop)
        running = {name: stack.enter_context(Namespace(command, folder, environment))
                   for name, (command, environment) in waiters(tminus, server).items()}
        time.sleep(random.uniform(*START_WITHIN))
        server.start()
        ready = server.ready_at()
        return {name: (stamp_of(name, waiter) - ready) * 1000
                for name, waiter in running.items()}


def stamp_of(name, waiter):
    """Seconds since 1970 at which the command behind the waiter ran."""
    try:
        waiter.launcher.wait(WAIT_LIMIT)
    except subprocess.TimeoutExpired:
        raise BenchError(f"{name} has not seen the server after {WAIT_LIMIT} s") from None
    text = waiter.read()
    if not text:
        raise BenchError(f"{name} ended with status {waiter.launcher.returncode} and never ran "
                         "the command")
    return int(text) / 1e9


def wait(options, contenders):
    """Server starts at random moments; both waiters wait for the same one."""
    tminus = ours(contenders)
    samples = {name: {"ms": []} for name in ([OURS, LOOP] if tminus else [LOOP])}
    with Postgres() as server:
        for _ in range(options.server_starts):
            for name, value in detect(server, tminus, options.scratch).items():
                samples[name]["ms"].append(value)
    return samples
