"""A Docker engine of the tests' own, and the base images that Dockerfiles name.

The engine keeps its images and its build cache in build/docker, so that a second run builds nothing.
It touches nothing of the machine's: no bridge, no packet filter, a socket in a private folder, and it
is ended by the pid that was started.

    with Engine().open() as engine:
        engine.build("tminus", ROOT)
        engine.docker("run", "--rm", "tminus", "version")
"""

import concurrent.futures
import fcntl
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tarfile
import tempfile

from harness import ROOT, Process, await_true

DATA = ROOT / "build" / "docker"
IMAGES = pathlib.Path(__file__).parent / "images"
# Public images cannot be fetched by every machine that runs the tests: what stands here for each.
STAND_INS = {
    "python:3.13-slim": "python",
    "postgres:17": "postgres",
    "alpine:3.22": "alpine",
    "gcr.io/distroless/static-debian12:nonroot": "distroless",
}
PROGRAMS = ["dockerd", "docker", "docker-compose", "mmdebstrap", "setpriv"]
# Debian's programs: another docker that comes first in PATH may lack its plugins.
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
# Seconds, far beyond what they take: a build from nothing, the engine's start and end, a container's.
BUILD_LIMIT = 1800
ENGINE_LIMIT = 120
BOOT_LIMIT = 120
STOP_LIMIT = 30
# Seconds between two questions: each is a program that starts.
PAUSE = 0.1
# Of layers that no image uses any more.
CACHE_SIZE = "6GB"
SUITE = "trixie"
BASE = f"debian:{SUITE}-slim"
# As in Debian's own image: no layer keeps the packages that it has installed, nor what a container has no use for,
# and none is forced onto the disk file by file.
LIKE_THE_IMAGE = [
    """--customize-hook=echo 'APT::Keep-Downloaded-Packages "false";' >"$1/etc/apt/apt.conf.d/docker-clean" """,
    "--aptopt=Acquire::Languages none", "--dpkgopt=force-unsafe-io", "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-include=/usr/share/doc/*/copyright",
    *(f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("groff", "info", "locale", "man"))]


class Unavailable(Exception):
    """Why no container can run here."""


def missing():
    """What an engine would need and is not here, as one sentence; "" when it is all there."""
    if os.geteuid() != 0:
        return "a container engine needs root"
    absent = [name for name in PROGRAMS if not shutil.which(name, path=PATH)]
    return f"not installed: {', '.join(absent)}" if absent else ""


def last_errors(log):
    lines = [line for line in log.read_text(errors="replace").splitlines() if "level=info" not in line]
    return "\n".join(lines[-5:])


def mirror():
    """The Debian mirror that this machine's own apt uses; it tells none before it has fetched its lists."""
    done = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Identifier: Packages"],
                          check=True, capture_output=True, text=True)
    mirrors = [uri for uri in done.stdout.split() if "debian" in uri and "security" not in uri]
    return mirrors[0] if mirrors else "http://deb.debian.org/debian"


class Engine:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tminus-"))
        self.log = self.folder / "log"
        self.address = f"unix://{self.folder}/socket"
        self.environment = {"PATH": PATH, "HOME": str(self.folder), "DOCKER_HOST": self.address}
        if not self.has_newer_client():
            self.environment["DOCKER_BUILDKIT"] = "1"
        self.lock = None
        self.process = None

    def has_newer_client(self):
        """From 23 on the client chooses the builder by what is installed."""
        version = subprocess.run(["docker", "--version"], env=self.environment, check=True, capture_output=True,
                                 text=True).stdout
        return int(version.split()[2].partition(".")[0]) >= 23

    # -- its life

    def __enter__(self):
        return self

    def open(self):
        """Starts it, or raises Unavailable."""
        try:
            self.start()
            self.try_import()
            self.import_base()
            self.try_container()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *reason):
        self.stop()

    def start(self):
        DATA.mkdir(parents=True, exist_ok=True)
        self.lock = open(DATA.with_suffix(".lock"), "w")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        configuration = self.folder / "daemon.json"
        configuration.write_text(json.dumps({"builder": {"gc": {"enabled": True, "defaultKeepStorage": CACHE_SIZE}}}))
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", "dockerd", "--config-file", str(configuration),
                 "--data-root", str(DATA), "--exec-root", str(self.folder / "exec"),
                 "--pidfile", str(self.folder / "pid"), "--host", self.address,
                 "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false",
                 "--bridge=none", "--default-address-pool", "base=198.18.0.0/16,size=24"],
                env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        await_true(self.answers, lambda: f"dockerd to answer: {last_errors(self.log)}", ENGINE_LIMIT, PAUSE)
        self.remove_containers()
        for kind in ("network", "image"):
            self.docker(kind, "prune", "--force")

    def answers(self):
        if self.process.poll() is not None:
            raise Unavailable(f"dockerd cannot run here: {last_errors(self.log)}")
        return self.run("docker", "version", check=False).returncode == 0

    def try_import(self):
        """An archive of nothing: in a chroot the engine starts, and cannot unpack."""
        empty = self.folder / "empty.tar"
        tarfile.open(empty, "w").close()
        tried = self.run("docker", "import", str(empty), "empty", check=False)
        if tried.returncode != 0:
            raise Unavailable(f"no image can be unpacked here: {tried.stderr.strip()}")

    def import_base(self):
        if self.has_image(BASE):
            return
        made = subprocess.Popen(["mmdebstrap", "--quiet", "--variant=minbase", *LIKE_THE_IMAGE, SUITE, "-", mirror()],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        with made:
            self.run("docker", "import", "--change", 'CMD ["bash"]', "-", f"{BASE}-unproven", stdin=made.stdout)
        if made.returncode != 0:
            raise RuntimeError(f"mmdebstrap ended with {made.returncode}")
        self.docker("tag", f"{BASE}-unproven", BASE)
        self.docker("rmi", f"{BASE}-unproven")

    def try_container(self):
        """Starts a container and goes into it; in a chroot the latter can end up outside, where no /tried is."""
        for words in (["run", "--detach", "--name", "tried", "--workdir", "/tried", BASE, "sleep", "infinity"],
                      ["exec", "tried", "true"]):
            tried = self.run("docker", *words, check=False)
            if tried.returncode != 0:
                reason = (tried.stdout + tried.stderr).strip()
                raise Unavailable(f"no container can run here: docker {words[0]}: {reason}")
        self.docker("rm", "--force", "tried")

    def stop(self):
        if self.process and self.process.poll() is None:
            self.remove_containers()
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(ENGINE_LIMIT)
        self.unmount()
        if self.lock:
            self.lock.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def remove_containers(self):
        """Never raises: the engine must be ended even where it does not answer."""
        containers = self.run("docker", "ps", "--quiet", "--all", check=False).stdout.split()
        if containers:
            self.run("docker", "rm", "--force", "--volumes", *containers, check=False)

    def unmount(self):
        """What an engine that was killed left mounted."""
        own = (str(self.folder) + "/", str(DATA))
        mounts = [line.split()[1] for line in pathlib.Path("/proc/mounts").read_text().splitlines()]
        for path in reversed([path for path in mounts if path.startswith(own)]):
            subprocess.run(["umount", "--lazy", path], check=False)

    # -- its commands

    def run(self, *words, check=True, environment=None, **keywords):
        keywords.setdefault("stdin", subprocess.DEVNULL)
        done = subprocess.run(words, env={**self.environment, **(environment or {})}, timeout=BUILD_LIMIT, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, **keywords)
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(words)}: status {done.returncode}\n{done.stdout[-2000:]}"
                                 f"{done.stderr[-6000:]}")
        return done

    def docker(self, *words, **keywords):
        """The standard output of a docker command, which must succeed."""
        return self.run("docker", *words, **keywords).stdout.strip()

    def has_image(self, name):
        return self.run("docker", "image", "inspect", name, check=False).returncode == 0

    def build(self, name, context, dockerfile=None):
        """Builds the image called name; the layers of an earlier run are taken from its cache."""
        chosen = ["--file", str(dockerfile)] if dockerfile else []
        self.docker("build", "--network", "host", "--tag", name, *chosen, str(context))
        return name

    def build_all(self):
        """The image tminus and every stand-in, side by side: half of the time goes by in downloads."""
        contexts = {"tminus": ROOT, **{name: IMAGES / folder for name, folder in STAND_INS.items()}}
        with concurrent.futures.ThreadPoolExecutor() as pool:
            for _ in pool.map(self.build, contexts.keys(), contexts.values()):
                pass

    def start_container(self, image, *command, options=()):
        return Container(self, self.docker("run", "--detach", *options, image, *command))


class Container:
    """A container by its id, as docker shows it and as the host's /proc shows its first process."""

    def __init__(self, engine, identity):
        self.engine = engine
        self.identity = identity

    def state(self):
        return json.loads(self.engine.docker("inspect", "--format", "{{json .State}}", self.identity))

    def process(self):
        """tminus, as the host sees it."""
        return Process(self.state()["Pid"])

    def health(self):
        return self.state()["Health"]["Status"]

    def log(self):
        """What it wrote, on both streams."""
        done = self.engine.run("docker", "logs", self.identity)
        return done.stdout + done.stderr

    def execute(self, *words, check=True):
        return self.engine.run("docker", "exec", self.identity, *words, check=check)

    def expect(self, condition, what):
        return await_true(condition, lambda: f"{what}\n{self.state()}\n{self.log()[-4000:]}", BOOT_LIMIT, PAUSE)

    def expect_log(self, text, times=1):
        self.expect(lambda: self.log().count(text) >= times, f"{text!r} in the log, {times} times")

    def stop(self):
        """docker stop; the exit status, 137 when it came to KILL."""
        self.engine.docker("stop", "--time", str(STOP_LIMIT), self.identity)
        return self.state()["ExitCode"]

    def wait(self):
        return int(self.engine.docker("wait", self.identity))
