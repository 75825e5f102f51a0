"""An example application under build/tminus, as a user of it would run it."""

import json
import pathlib
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
TMINUS = ROOT / "build/tminus"
# Seconds: how long a boot and a stop can take before the test gives up. No test asserts a time.
BOOT_LIMIT = 120
STOP_LIMIT = 30
# Of the role app on every test's server.
PASSWORD = "p@ss/w%rd"
# What `flask seed all` and `loaddata seed` add.
SEEDED = ["ada@example.com", "grace@example.com", "margaret@example.com"]


class Example:
    """A copy of examples/NAME in a folder of its own, and its environment."""

    def __init__(self, name, scratch, **variables):
        self.name = name
        self.folder = scratch / name
        shutil.copytree(ROOT / "examples" / name, self.folder, copy_function=shutil.copyfile,
                        ignore=shutil.ignore_patterns("instance", "__pycache__", "*.sqlite3"))
        self.environment = {
            # Debian's Flask and Django belong to /usr/bin/python3; another python that is first
            # in PATH does not know them.
            "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME": str(scratch),
            "LANG": "C.UTF-8",
            **variables,
        }

    def tool(self, *command):
        """Run one of the example's own commands, which must succeed; its standard output."""
        done = subprocess.run(command, cwd=self.folder, env=self.environment, text=True,
                              capture_output=True, timeout=BOOT_LIMIT, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def is_at_head(self):
        """Whether the migration tool itself says so."""
        if self.name == "flask":
            return "(head)" in self.tool("flask", "db", "current")
        self.tool("python3", "manage.py", "migrate", "--check")
        return True

    def boot(self, *command):
        """The app started by command, or by tminus alone."""
        return Boot(self, command or (TMINUS,))


class Boot:
    """One life of the example, as a context: in it the app answers /health."""

    def __init__(self, example, command):
        with socket.socket() as listener:
            listener.bind(("0.0.0.0", 0))
            port = listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.output = []
        self.process = subprocess.Popen(
            command, cwd=example.folder, env={**example.environment, "PORT": str(port)},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.ended = threading.Event()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        self.output.extend(self.process.stdout)
        self.ended.set()

    def log(self):
        return "".join(self.output)

    def get(self, path):
        """Status and JSON of a GET; None while nobody answers."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, None
        except OSError:
            return None

    def emails(self):
        status, document = self.get("/api/users")
        assert status == 200
        return [user["email"] for user in document["users"]]

    def __enter__(self):
        try:
            self.await_health()
        except BaseException:
            self.end()
            raise
        return self

    def await_health(self):
        deadline = time.monotonic() + BOOT_LIMIT
        while (answer := self.get("/health")) is None or answer[0] != 200:
            assert not self.ended.wait(0.02), f"tminus ended during boot:\n{self.log()}"
            assert time.monotonic() < deadline, f"the app never answered:\n{self.log()}"

    def stop(self):
        """TERM; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_LIMIT)

    def __exit__(self, *_):
        self.end()

    def end(self):
        """TERM, and KILL when that does not help: nothing of a failed test stays behind."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join(STOP_LIMIT)
