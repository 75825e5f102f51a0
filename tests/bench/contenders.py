"""The programs that are measured side by side, and the C programs that measure them."""

import dataclasses
import os
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = pathlib.Path(__file__).resolve().parent
BUILD = ROOT / "build/bench"
PEERS = ["tini", "tini-static", "dumb-init", "catatonit"]
OURS = "tminus"
FLOOR = "floor"
ALONE = "no init"

# All that a measured program gets: nothing of the caller's changes a figure, and a python of pyenv
# or conda that is first in the caller's PATH does not hide Debian's Flask.
ENVIRONMENT = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": "/", "LANG": "C.UTF-8"}


class BenchError(Exception):
    """A part cannot be measured; the message says why."""


@dataclasses.dataclass(frozen=True)
class Contender:
    """A PID 1: its name in the tables, and the words that come before the app's command."""
    name: str
    words: tuple

    def command(self, *app):
        return [*self.words, *map(str, app)]


def compile_c(compiler, name, *flags):
    """Compile tests/bench/NAME.c where it is newer than build/bench/NAME; the program's path."""
    source, program = SOURCES / f"{name}.c", BUILD / name
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        BUILD.mkdir(parents=True, exist_ok=True)
        subprocess.run([compiler, "-std=c11", "-O2", "-Wall", "-Wextra", *flags,
                        "-o", program, source], check=True)
    return program


def launcher():
    return compile_c("gcc", "launch")


def app():
    # Static, so that its own start adds little to what is measured.
    return compile_c("gcc", "app", "-static")


def musl_compiler():
    """musl-gcc of `make static` or of the system; None when neither is there."""
    own = ROOT / f"build/static-deps/{os.uname().machine}/prefix/bin/musl-gcc"
    return str(own) if own.exists() else shutil.which("musl-gcc")


def find_tminus():
    """The release when it has been built, else the development build."""
    for path in [ROOT / "build/static/tminus", ROOT / "build/tminus"]:
        if path.exists():
            return path
    return None


def write_back(path):
    """A page of a file that is newly linked counts as dirty until it is on the disk."""
    file = os.open(path, os.O_RDONLY)
    os.fsync(file)
    os.close(file)


def find(tminus):
    """The contenders that are there, and the names of the others."""
    candidates = {OURS: tminus, **{name: shutil.which(name) for name in PEERS}}
    found = [Contender(name, (str(path), "--")) for name, path in candidates.items() if path]
    missing = [name for name, path in candidates.items() if not path]
    compiler = musl_compiler()
    if compiler:
        floor = compile_c(compiler, FLOOR, "-static", "-Os")
        found.append(Contender(FLOOR, (str(floor),)))
    else:
        missing.append(f"{FLOOR} (no musl-gcc: `make static` builds one)")
    for contender in found:
        write_back(contender.words[0])
    return found, missing


def ours(contenders):
    """tminus among the contenders, or None."""
    return next((contender for contender in contenders if contender.name == OURS), None)
