"""Running make: the version it releases, and what it builds."""

import fcntl
import os
import pathlib
import re
import shutil
import subprocess

import harness

VERSION = re.search(r"^## \[(\d[^]]*)\]", (harness.ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[1]


def make(*words, folder=harness.ROOT, **environment):
    """Runs make; its whole output is in the message of its failure."""
    done = subprocess.run(["make", "-s", *words], cwd=folder, env={**os.environ, **environment}, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, f"make {' '.join(words)}:\n{done.stdout}"


def build(target, name, copy, **environment):
    """Makes a target of the Makefile, and a copy of build/NAME, which it has written. Workers take turns."""
    (harness.ROOT / "build").mkdir(exist_ok=True)
    with open(harness.ROOT / "build" / ".release", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        make(target, **environment)
        shutil.copy(harness.ROOT / "build" / name, copy)
    return pathlib.Path(copy)
