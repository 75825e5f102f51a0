"""A container's root without an engine: a folder with the host's /usr, and files of its own elsewhere.

A World is made for one run of an entrypoint. What the run leaves behind (files with owner and mode) stays in
the folder when its namespaces are gone; its processes are read from /proc while they live.
"""

import hashlib
import os
import pathlib
import re
import shutil
import signal
import stat
import subprocess

import harness

HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = HERE / "programs"
EXAMPLES = harness.ROOT / "examples"
# Not of the app: who started it, and what is between it and the entrypoint. What a shell adds to the environment.
SHELLS = {"sh", "dash", "bash", "sleep", "entrypoint.sh", "tminus", "timeout", "supervisord", "crond"}
SHELL_VARIABLES = {"_", "PWD", "OLDPWD", "SHLVL", "TMINUS_BOOT_ID"}
# Never compared: what the kernel mounts there, what the run records for the test itself, interpreters' caches,
# npm's logs.
UNCOMPARED = re.compile(r"^/(proc|dev|usr|sys|opt|tmp|record|root/\.npm)(/|$)|/__pycache__(/|$)|\.tminus-lock$|"
                        r"^/run/tminus")
# Of the host's /etc, what programs look for.
ETC = ["alternatives", "group", "gshadow", "hosts", "ld.so.cache", "login.defs", "mime.types", "nginx", "nsswitch.conf",
       "passwd", "php", "postgresql-common", "protocols", "python3*", "services", "shadow", "ssl/openssl.cnf"]
MOUNTS = """
mount --make-rprivate /
mount --bind /usr "$ROOT/usr" && mount -o remount,ro,bind "$ROOT/usr" 2>/dev/null
mount --bind "$PROGRAMS" "$ROOT/usr/local/bin"
mount --rbind /dev "$ROOT/dev" && mount -t proc proc "$ROOT/proc" && mount -t tmpfs tmpfs "$ROOT/tmp"
chmod 1777 "$ROOT/tmp"
[ -z "$MODULES" ] || mount --bind "$MODULES" "$ROOT/app/node_modules"
unset ROOT PROGRAMS MODULES
"""


def empty_root(root):
    """The folders of an image; /etc holds copies, because entrypoints change users and write configurations."""
    for name in ("usr", "proc", "dev", "opt", "app", "var/lib", "var/log", "var/run", "srv"):
        (root / name).mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        if os.path.islink(f"/{name}"):
            (root / name).symlink_to(f"usr/{name}")
    for name, mode in (("tmp", 0o1777), ("run", 0o755), ("root", 0o700), ("record", 0o1777)):
        (root / name).mkdir()
        (root / name).chmod(mode)
    (root / "etc").mkdir()
    there = [str(path.relative_to("/etc")) for name in ETC for path in pathlib.Path("/etc").glob(name)]
    subprocess.run(["cp", "-a", "--parents", *there, root / "etc"], cwd="/etc", check=True)
    shutil.copy(harness.TMINUS, root / "opt" / "tminus")


class World:
    """One root and one entrypoint in it: kind is "script" or "tminus"."""

    def __init__(self, case, kind, variables, modules=None):
        self.case, self.kind, self.variables, self.modules = case, kind, variables, modules
        self.home = harness.Folder()
        self.drawn = {}
        self.root = self.home.path
        self.root.chmod(0o755)
        empty_root(self.root)
        self.lay_out()

    def lay_out(self):
        """The project, the conversion's own files, and those that the case names."""
        for source in (self.case.project, self.case.folder):
            if source:
                shutil.copytree(source, self.root / "app", dirs_exist_ok=True, symlinks=True,
                                ignore=shutil.ignore_patterns("__pycache__", "*.sqlite3", "instance"))
        self.lay(self.case.files)
        if self.modules:
            (self.root / "app/node_modules").mkdir(exist_ok=True)
        if self.case.build:
            subprocess.run(["sh", "-ec", self.case.build], cwd=self.root / "app", check=True, stdout=subprocess.DEVNULL)

    def lay(self, files):
        for name, text in files.items():
            path = self.at(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.fill(text))
            if text.startswith("#!"):
                path.chmod(0o755)

    def at(self, path):
        return self.root / path.lstrip("/")

    def fill(self, text):
        """The text with {url} and its like replaced by this run's own."""
        return re.sub(r"\{(\w+)\}", lambda found: str(self.variables.get(found[1], found[0])), text)

    def start(self, command=(), environment=None, files=None):
        """The entrypoint as PID 1, with command as its arguments."""
        self.lay(files or {})
        entry = ["/app/entrypoint.sh"] if self.kind == "script" else ["/opt/tminus", "--"]
        words = [*entry, *(self.fill(word) for word in command)]
        if self.kind == "tminus" and not command:
            words = ["/opt/tminus"]
        values = {"HOME": "/root", **self.case.environment, **(environment or {})}
        values = {key: self.fill(value) for key, value in values.items() if value is not None}
        mounted = {"ROOT": str(self.root), "PROGRAMS": str(PROGRAMS), "MODULES": str(self.modules or "")}
        return Run(*words[1:], program=words[0], setup=MOUNTS, environment={**values, **mounted},
                   prefix=["chroot", str(self.root), "env", "-C", "/app"])

    def known(self, process):
        """A process without what the case says may differ; what was drawn goes by the number of its first sight."""
        environment = {name: self.number(name, value) for name, value in process["environment"].items()
                       if name not in self.case.unexported}
        return {**process, "environment": environment}

    def number(self, name, value):
        pattern = self.case.drawn.get(name)
        if not pattern or not re.fullmatch(pattern, value):
            return value
        return f"drawn {self.drawn.setdefault(value, len(self.drawn))}"

    def files(self):
        """Every path that may differ between two runs: owner, mode, and what it holds."""
        found = {}
        for folder, folders, names in os.walk(self.root):
            inside = "/" + os.path.relpath(folder, self.root).removeprefix(".")
            folders[:] = [each for each in folders if not UNCOMPARED.search(os.path.join(inside, each))]
            for each in folders + names:
                path = os.path.join(inside, each)
                if not UNCOMPARED.search(path) and not self.case.ignores(path):
                    found[path] = describe(self.root / path.lstrip("/"), self.drawn)
        return found

    def recorded(self, pattern):
        """The lines that stand-ins wrote down under /record."""
        return [line for path in sorted((self.root / "record").glob(pattern)) for line in path.read_text().splitlines()]

    def ups(self):
        """The command lines of the apps that are, or were, up."""
        return self.recorded("*.up")

    def remove(self):
        self.home.remove()


def describe(path, drawn):
    """Mode, owner and content; of a value that was drawn its number."""
    about = path.lstat()
    content = os.readlink(path) if path.is_symlink() else path.read_text(errors="replace") if path.is_file() else ""
    for value, number in drawn.items():
        content = content.rstrip("\n").replace(value, f"drawn {number}") if value in content else content
    if len(content) > 200:
        content = hashlib.sha256(content.encode()).hexdigest()
    return f"{stat.filemode(about.st_mode)} {about.st_uid}:{about.st_gid}", content


class Run(harness.Container):
    """A Container whose first process is whoever stands there, a shell say."""

    def find_init(self):
        children = harness.Process(self.process.pid).children()
        self._init = self._init or (children[0] if children else None)
        return self._init

    def processes(self):
        """Those of the app, as /proc shows them: argv to everything that it was given."""
        init = self.find_init()
        everybody = [init, *harness.descendants(init)] if init else []
        return sorted((seen for seen in map(look_at, everybody) if seen), key=lambda seen: seen["argv"])

    def loses_term(self):
        """Whether PID 1 is a shell without a handler: the kernel drops TERM there, for good."""
        init = self.find_init()
        return init and init.name() in SHELLS - {"tminus"} and not init.has("SigCgt", signal.SIGTERM)

    def end(self):
        """TERM, as the platform sends it; KILL where nobody would hear it. The exit status."""
        if not self.is_running():
            return self.wait()
        if self.loses_term():
            self.kill()
            return None
        self.signal(signal.SIGTERM)
        return self.wait()

    def signal(self, number):
        """To the first process, whoever that is by now."""
        self.init.signal(number)


def look_at(process):
    """One process of the app, or None for the entrypoint itself and what has ended."""
    folder = pathlib.Path("/proc") / str(process.pid)
    try:
        argv = (folder / "cmdline").read_bytes().decode().rstrip("\0").split("\0")
        environment = re.findall(r"([A-Za-z_]\w*)=([^\0]*)", (folder / "environ").read_bytes().decode())
        limits = (folder / "limits").read_text()
        where = os.readlink(folder / "cwd")
    except OSError:
        return None
    status = process.status()
    if not argv[0] or process.name() in SHELLS or not status or os.path.basename(argv[0]) in SHELLS:
        return None
    return {
        "argv": argv,
        # A process that writes its title does so over its environment.
        "environment": {} if " process" in argv[0] else
                       {name: value for name, value in environment if name not in SHELL_VARIABLES},
        "user": (status["Uid"].split()[1], status["Gid"].split()[1],
                 sorted({*status["Groups"].split()} - {status["Gid"].split()[1]})),
        "umask": status.get("Umask"),
        "files": re.search(r"^Max open files +(\S+) +(\S+)", limits, re.MULTILINE).groups(),
        "folder": "/" + re.sub(r"^/tmp/tminus-[^/]+/?", "", where).lstrip("/"),
    }
