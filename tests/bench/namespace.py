"""A program as PID 1 of a namespace of its own, seen from outside through /proc."""

import os
import select
import signal
import subprocess
import time

from contenders import ENVIRONMENT, BenchError, launcher

READY_LIMIT = 30
END_LIMIT = 30
# How long a PID 1 gets to fall asleep in its loop after its app is ready.
SETTLE = 0.2


def launch(mode, command, folder, limit=60):
    """Output of one measurement of launch.c."""
    done = subprocess.run([launcher(), *mode, *command], cwd=folder, env=ENVIRONMENT, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, timeout=limit, check=False)
    if not done.stdout:
        raise BenchError(f"`{' '.join(command)}` could not be measured ({' '.join(mode)}): "
                         f"status {done.returncode}")
    return done.stdout


class Namespace:
    """A running PID 1, as a context; leaving it kills the namespace."""

    def __init__(self, command, folder, environment=None, log=subprocess.DEVNULL):
        self.output_open = True
        report, pass_on = os.pipe()
        self.launcher = subprocess.Popen(
            [launcher(), "run", str(pass_on), *command], cwd=folder, pass_fds=[pass_on],
            env={**ENVIRONMENT, **(environment or {})}, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=log, start_new_session=True)
        os.close(pass_on)
        with os.fdopen(report) as text:
            self.pid = int(text.readline() or 0)
        if not self.pid:
            raise BenchError("no PID namespace can be made here; the bench needs root")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """The launcher's death kills PID 1, and PID 1's death the whole namespace."""
        if self.launcher.poll() is None:
            self.launcher.kill()
        self.launcher.wait()
        self.launcher.stdin.close()
        self.launcher.stdout.close()

    def await_byte(self, limit=READY_LIMIT):
        """Until the app writes a byte; the byte. BenchError when it does not."""
        ready, _, _ = select.select([self.launcher.stdout], [], [], limit)
        byte = os.read(self.launcher.stdout.fileno(), 1) if ready else b""
        if not byte:
            raise BenchError("the app did not answer")
        return byte

    def settle(self):
        self.await_byte()
        time.sleep(SETTLE)

    def tell(self):
        """A byte to the app's stdin."""
        self.launcher.stdin.write(b"x")
        self.launcher.stdin.flush()

    def read(self):
        """All that the app still writes, until its end."""
        return self.launcher.stdout.read()

    def terminate(self):
        """TERM to PID 1, and its end."""
        os.kill(self.pid, signal.SIGTERM)
        return self.launcher.wait(END_LIMIT)

    def proc(self, name):
        with open(f"/proc/{self.pid}/{name}", encoding="ascii", errors="replace") as file:
            return file.read()

    def number(self, name, field):
        """The first number behind FIELD: in a file of /proc."""
        for line in self.proc(name).splitlines():
            if line.startswith(f"{field}:"):
                return int(line.split()[1])
        raise BenchError(f"/proc/PID/{name} has no {field}")

    def wakeups(self):
        return (self.number("status", "voluntary_ctxt_switches")
                + self.number("status", "nonvoluntary_ctxt_switches"))

    def cpu_ns(self):
        """Time on a CPU, from the scheduler itself: utime and stime only count ticks."""
        return int(self.proc("schedstat").split()[0])

    def settled_cpu_ns(self, pause=0.1):
        """The same once it stands still, to within one wake-up, after some work."""
        before, now = 0, self.cpu_ns()
        while now - before > 100_000:
            time.sleep(pause)
            before, now = now, self.cpu_ns()
        return now
