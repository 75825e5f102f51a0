"""Running tminus as a real PID 1, and looking at it from outside.

Container starts `unshare --pid --fork ... tminus ARGUMENTS` and knows tminus's pid on the host, so that
a test sends signals to it as a container's runtime does. Everything is awaited, nothing slept: await_true
polls a condition until an overall limit, which is far beyond what any machine needs.
"""

import contextlib
import functools
import os
import pathlib
import pty
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TMINUS = os.path.abspath(os.environ.get("TMINUS", ROOT / "build" / "tminus"))
PROGRAM = os.path.basename(TMINUS)[:15]
HELPERS = ROOT / "build" / "tests"
LIMIT = 30.0
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PIPE_SIZE = 8192  # two pages: poll(2) calls a pipe of one page full as soon as there is a byte in it
LONG = os.environ.get("TMINUS_LONG") == "1"

SIGNALS = [number for number in range(1, 65) if number not in (signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD)]


@functools.lru_cache(maxsize=None)
def is_sanitized():
    """True when the program under test was built with AddressSanitizer."""
    with open(TMINUS, "rb") as program:
        return b"__asan_init" in program.read()


def await_true(condition, what, limit=LIMIT, pause=0.002):
    """Polls condition, ever more rarely, until it returns something true, which is returned."""
    deadline = time.monotonic() + limit
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {limit:.0f} s in vain for: {what() if callable(what) else what}")
        time.sleep(pause)
        pause = max(pause, min(pause * 1.2, 0.02))


@contextlib.contextmanager
def watch_arguments(words):
    """Looks at the argv of all our descendants as long as it lasts; yields those that held one of the words."""
    shown, over = [], threading.Event()
    os.stat(f"/proc/self/task/{os.getpid()}/children")  # not every kernel has it
    def look():
        for process in descendants(Process(os.getpid())):
            line = read_text(f"/proc/{process.pid}/cmdline").replace("\0", " ")
            if any(word in line for word in words):
                shown.append(line)

    def look_on():
        try:
            while not over.wait(0.05):
                look()
        except Exception as error:  # who does not look must not be taken for one who has seen nothing
            shown.append(repr(error))

    watcher = threading.Thread(target=look_on, daemon=True)
    watcher.start()
    try:
        yield shown
    finally:
        over.set()
        watcher.join()


def read_text(path):
    """The text of a file, "" while it does not exist."""
    try:
        return pathlib.Path(path).read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError, NotADirectoryError):
        return ""


LIBRARY_SIGNALS = 1 << 32 - 1 | 1 << 33 - 1


def signal_mask(text, field):
    """SigIgn or SigBlk in the text of a /proc/PID/status, without 32 and 33: no program can set the C
    library's own signals through it, so that one which our parent ignored stays ignored."""
    return int(re.search(rf"^{field}:\s*([0-9a-f]+)$", text, re.MULTILINE)[1], 16) & ~LIBRARY_SIGNALS


class Process:
    """A process by its pid on the host, as /proc shows it."""

    def __init__(self, pid):
        self.pid = pid

    def status(self):
        """/proc/PID/status as a dictionary, empty when the process is gone."""
        text = read_text(f"/proc/{self.pid}/status")
        return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)

    def stat(self):
        """/proc/PID/stat from the third field (state) on, counted as in proc(5): stat()[3] is the state."""
        text = read_text(f"/proc/{self.pid}/stat")
        fields = text.rpartition(")")[2].split()
        return [None, None, None] + fields if fields else None

    def name(self):
        return self.status().get("Name", "")

    def state(self):
        fields = self.stat()
        return fields[3] if fields else None

    def mask(self, field):
        """SigBlk, SigIgn, SigCgt, SigPnd or ShdPnd as a number; None when the process is gone."""
        value = self.status().get(field)
        return int(value, 16) if value else None

    def has(self, field, number):
        mask = self.mask(field)
        return mask is not None and bool(mask >> (number - 1) & 1)

    def cpu_ticks(self):
        fields = self.stat()
        return int(fields[14]) + int(fields[15])

    def wakeups(self):
        status = self.status()
        return int(status["voluntary_ctxt_switches"])

    def children(self):
        """Of all its threads. proc_pid_children(5)"""
        found = []
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for thread in os.listdir(f"/proc/{self.pid}/task"):
                found += read_text(f"/proc/{self.pid}/task/{thread}/children").split()
        return [Process(int(pid)) for pid in found]

    def signal(self, number):
        os.kill(self.pid, number)

    def is_alive(self):
        return self.state() not in (None, "Z", "X")


def descendants(process):
    """Every process below this one."""
    return [each for child in process.children() for each in (child, *descendants(child))]


class Stream:
    """Collects what comes out of a pipe."""

    def __init__(self, descriptor):
        self.descriptor = descriptor
        self.bytes = b""
        self.thread = threading.Thread(target=self._collect, daemon=True)
        self.thread.start()

    def _collect(self):
        while True:
            try:
                chunk = os.read(self.descriptor, 65536)
            except OSError:
                return
            if not chunk:
                return
            self.bytes += chunk

    def text(self):
        return self.bytes.decode(errors="replace")


class Terminal:
    """The two ends of a pseudo-terminal. One whose output is collected does not hang up by close: the
    thread that reads from it holds it open."""

    def __init__(self, collect=True):
        self.master, self.slave = pty.openpty()
        self.output = Stream(self.master) if collect else None

    def type(self, keys):
        os.write(self.master, keys)

    def close(self):
        os.close(self.slave)
        os.close(self.master)


def shown(run, terminal, text):
    run.expect(lambda: text in terminal.output.text(), lambda: f"{text!r} on the terminal: {terminal.output.text()!r}")


class Container:
    """One run of the program under test.

    arguments    what stands behind the program's name
    environment  the whole environment beside PATH
    setup        shell code that runs as PID 1 before it becomes the program
    prefix       a command that becomes the program (setpriv, prlimit)
    namespace    False: a plain child, not a PID 1
    before       a command that starts unshare itself (strace)
    """

    def __init__(self, *arguments, environment=None, setup=None, prefix=(), namespace=True, before=(),
                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, program=TMINUS,
                 **popen):
        command = [*prefix, program, *arguments]
        if setup is not None:
            command = ["sh", "-c", f'{setup}\nexec "$@"', "sh", *command]
        if namespace:
            command = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--uts", "--ipc", *command]
        self.namespace = namespace
        self.program = os.path.basename(program)[:15]
        self.process = subprocess.Popen(
            [*before, *command], stdin=stdin, stdout=stdout, stderr=stderr, bufsize=0,
            env={"PATH": PATH, **sanitizer_options(), **(environment or {})}, **popen)
        self.out = Stream(self.process.stdout.fileno()) if self.process.stdout else None
        self.err = Stream(self.process.stderr.fileno()) if self.process.stderr else None
        self._init = None

    # -- the processes

    def find_init(self):
        """tminus as a Process, or None before it has been executed."""
        if self._init is None:
            self._init = self._search(self.process.pid, 4)
        return self._init

    def _search(self, pid, depth):
        process = Process(pid)
        if process.name() == self.program:
            return process
        for child in process.children() if depth > 0 else []:
            found = self._search(child.pid, depth - 1)
            if found:
                # It may have become tminus, and have forked, since its name was read.
                return process if process.name() == self.program else found
        return None

    @property
    def init(self):
        """tminus as a Process; waits until it has been executed."""
        return await_true(self.find_init, lambda: f"{self.program} to be executed{self.describe()}")

    def child(self, name):
        """The child of tminus whose name is this, as soon as there is one."""
        init = self.init
        return self.expect(
            lambda: next((child for child in init.children() if child.name() == name[:15]), None),
            f"a child named {name}")

    # -- signals

    def await_blocked(self):
        """Spins until TERM is blocked in tminus: the earliest moment from which none may be lost."""
        deadline = time.monotonic() + LIMIT
        while time.monotonic() < deadline:
            init = self.find_init()
            if init and init.has("SigBlk", signal.SIGTERM):
                return init
        raise AssertionError(f"TERM was never blocked{self.describe()}")

    def signal(self, number):
        """Sends a signal to tminus, once it is there to take it: a PID 1 loses what comes before."""
        init = self.init
        self.expect(lambda: init.has("SigBlk", signal.SIGTERM) or init.children(), "TERM to be blocked")
        init.signal(number)

    # -- output and end

    def expect(self, condition, what, limit=LIMIT):
        """await_true, with the state of the container in the message of its failure."""
        return await_true(condition, lambda: f"{what() if callable(what) else what}{self.describe()}", limit)

    def expect_error(self, pattern):
        """Waits for a match of pattern on stderr."""
        return self.expect(lambda: re.search(pattern, self.err.text()), f"{pattern!r} on stderr")

    def expect_output(self, wanted):
        """Waits for these bytes on stdout."""
        return self.expect(lambda: wanted in self.out.bytes, f"{wanted!r} on stdout")

    def wait(self, limit=LIMIT):
        """The exit status, 128+n for a death by signal n."""
        try:
            code = self.process.wait(limit)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"did not end within {limit:.0f} s{self.describe()}") from None
        for stream in (self.out, self.err):
            if stream:
                stream.thread.join(1 if not self.namespace else LIMIT)
        return code if code >= 0 else 128 - code

    def is_running(self):
        return self.process.poll() is None

    def describe(self):
        lines = [""]
        init = self._init
        if init:
            lines.append(f"  {self.program}: pid {init.pid}, state {init.state()}")
            lines += [f"    child {child.pid} {child.name()} {child.state()}" for child in init.children()[:20]]
        lines.append(f"  running: {self.is_running()}, status {self.process.poll()}")
        for label, stream in (("stdout", self.out), ("stderr", self.err)):
            if stream:
                lines.append(f"  {label}: {stream.text()[-2000:]}")
        return "\n".join(lines)

    def kill(self):
        """Ends everything, whatever state it is in; of a plain child the whole tree, which no namespace holds."""
        if self.is_running():
            top = Process(self.process.pid)
            # --kill-child takes the namespace along; pids gathered before it would be others' by then.
            for process in [top] if self.namespace else [top, *descendants(top)]:
                with contextlib.suppress(ProcessLookupError):
                    process.signal(signal.SIGKILL)
        self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()


def sanitizer_options():
    """What the sanitizers read. The leak check needs ptrace, which an undumpable process refuses."""
    options = {name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS") if name in os.environ}
    options.setdefault("ASAN_OPTIONS", "detect_leaks=0")
    return options if is_sanitized() else {}


class Folder:
    """A private folder that every user may write to, outside of pytest's own (which only root may enter)."""

    def __init__(self, above=None):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="tminus-", dir=above))
        self.path.chmod(0o777)

    def __truediv__(self, name):
        return self.path / name

    def script(self, name, text, mode=0o755):
        """Writes a file and returns its name."""
        path = self.path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(mode)
        return str(path)

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)


def build_helper(name):
    """Compiles tests/pid1/NAME.c, unless that was done already; the program's name."""
    source = ROOT / "tests" / "pid1" / f"{name}.c"
    program = HELPERS / name
    if program.exists() and program.stat().st_mtime >= source.stat().st_mtime:
        return str(program)
    HELPERS.mkdir(parents=True, exist_ok=True)
    temporary = HELPERS / f".{name}.{os.getpid()}"
    subprocess.run(["cc", "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-O1", "-o", temporary, source], check=True)
    os.replace(temporary, program)
    return str(program)
