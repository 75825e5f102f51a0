"""The whole boot of examples/flask, from start to /health answering 200: tminus beside init.sh."""

import http.client
import pathlib
import random
import shutil
import time

from contenders import OURS, ROOT, BenchError, ours
from namespace import Namespace
from waiting import free_port

INIT_SH = "init.sh"
GUNICORN = "gunicorn alone"
PRODUCTION = f"{OURS} production"
BOOT_LIMIT = 60
POLL_INTERVAL = 0.002


def copy_example(scratch):
    """The example with a database of its own, so that the project's folder stays clean."""
    source = ROOT / "examples/flask"
    if not (source / "init.sh").exists():
        raise BenchError("examples/flask is not there")
    folder = scratch / "flask"
    shutil.copytree(source, folder, dirs_exist_ok=True, copy_function=shutil.copyfile,
                    ignore=shutil.ignore_patterns("instance", "__pycache__"))
    return folder


def boots(tminus, port):
    """Command and environment of each way to start the example."""
    gunicorn = ["/usr/bin/gunicorn", "--bind", f"0.0.0.0:{port}", "wsgi:app"]
    ways = {INIT_SH: (["/bin/sh", "init.sh"], {}), GUNICORN: (gunicorn, {})}
    if tminus:
        command = [*tminus.words, *gunicorn]
        ways[OURS] = (command, {})
        ways[PRODUCTION] = (command, {"FLASK_ENV": "production"})
    return ways


def is_healthy(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def time_boot(name, tminus, folder, log):
    """Milliseconds until the app is healthy; then it is stopped."""
    port = free_port()
    command, environment = boots(tminus, port)[name]
    environment = {**environment, "PORT": str(port), "HOME": str(folder),
                   "DATABASE_URL": f"sqlite:///{folder}/app.db"}
    begin = time.monotonic()
    with open(log, "ab") as output, Namespace(command, folder, environment, output) as boot:
        while not is_healthy(port):
            if boot.launcher.poll() is not None or time.monotonic() - begin > BOOT_LIMIT:
                last = pathlib.Path(log).read_text(errors="replace")[-600:]
                raise BenchError(f"{name} did not bring examples/flask up:\n{last}")
            time.sleep(POLL_INTERVAL)
        took = (time.monotonic() - begin) * 1000
        boot.terminate()
        return took


def boot(options, contenders):
    """The first boot of each way settles the database and is not counted."""
    tminus = ours(contenders)
    folder = copy_example(options.scratch)
    ways = list(boots(tminus, 0))
    samples = {name: {"ms": []} for name in ways}
    log = options.scratch / "boot.log"
    for number in range(options.boots + 1):
        order = ways if number == 0 else random.sample(ways, len(ways))
        for name in order:
            took = time_boot(name, tminus, folder, log)
            if number > 0:
                samples[name]["ms"].append(took)
    return samples
