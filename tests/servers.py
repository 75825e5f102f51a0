"""Real servers for tests: PostgreSQL, MariaDB, PgBouncer, Redis, and small ones that misbehave.

Each listens on a port of its own on 127.0.0.1, keeps its data in a private folder, runs as the user
that it needs (PostgreSQL refuses root), and is ended by the pid that was started:

    with Postgres(tls=True) as server:
        server.sql("CREATE ROLE app LOGIN PASSWORD 'secret'")
        run(server.url(user="app", password="secret"))

A data folder is made once and kept under build/cache; each server gets a copy. Readiness is a real
login, polled; nothing sleeps for a fixed time.
"""

import contextlib
import fcntl
import os
import pathlib
import pwd
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
import urllib.parse

import psycopg2
import pymysql

ROOT = pathlib.Path(__file__).resolve().parent.parent
CACHE = ROOT / "build" / "cache"
POSTGRES_BIN = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))[-1]
START_LIMIT = 60
MEMORY = "/dev/shm"
ROOM = 4 << 30  # bytes; a server has less than 150 MB


def data_root():
    """Where servers' folders are made: in memory where that has room. On a disk it takes longer to make a server's
    thousand files, and to delete them, than to start it. None: the usual place."""
    with contextlib.suppress(OSError):
        status = os.statvfs(MEMORY)
        if os.access(MEMORY, os.W_OK) and status.f_bavail * status.f_frsize >= ROOM:
            return MEMORY
    return None


def free_port(address="127.0.0.1"):
    """A port that nobody listens on now."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


def until(condition, what, limit=START_LIMIT):
    """The first true result of condition(), asked every 10 ms."""
    deadline = time.monotonic() + limit
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {limit} s")
        time.sleep(0.01)


def has_ipv6():
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        return True
    return False


def as_user(user):
    """The words that run a command as user, when the tests run as root."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid", user, "--regid", str(pwd.getpwnam(user).pw_gid), "--clear-groups"]


def give_to(user, path):
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", f"{user}:", str(path)], check=True)


@contextlib.contextmanager
def cache_lock(name="lock"):
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / name, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def pkg_config(*words):
    return shlex.split(subprocess.run(["pkg-config", *words], check=True, capture_output=True, text=True).stdout)


# How build_with_library compiles for each of the Makefile's variants.
FLAGS = {"debug": ["-g", "-O1", "-Wl,--wrap=free"],
         "asan": ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]}


def build_with_library(name, *packages, variant="debug"):
    """Compiles the program called name against this tree's library and pkg-config's packages; its path."""
    source = ROOT / name
    target = ROOT / "build" / variant / source.stem
    library = ROOT / "build" / variant / "libtminus.a"
    with cache_lock():
        make = ["make", "-s", "-C", str(ROOT), f"VARIANT={variant}", str(library.relative_to(ROOT))]
        environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS")}
        subprocess.run(make, check=True, env=environment)
        newest = max(source.stat().st_mtime, library.stat().st_mtime)
        if not target.exists() or target.stat().st_mtime < newest:
            command = ["gcc", "-std=c11", "-D_GNU_SOURCE", *FLAGS[variant], "-I", str(ROOT / "include"), str(source),
                       str(library), *(pkg_config("--libs", *packages) if packages else []), "-linih"]
            subprocess.run([*command, "-o", str(target)], check=True)
    return target


def template(name, user, make):
    """The cached folder called name, which make(path) fills the first time."""
    target = CACHE / name
    with cache_lock():
        if target.exists():
            return target
        with tempfile.TemporaryDirectory(prefix="tminus-") as folder:
            os.chmod(folder, 0o755)
            new = pathlib.Path(folder) / "data"
            new.mkdir(mode=0o700)
            give_to(user, new)
            make(new)
            partial = CACHE / (name + ".partial")
            shutil.rmtree(partial, ignore_errors=True)
            subprocess.run(["cp", "-a", str(new), str(partial)], check=True)
            partial.rename(target)
    return target


# What a server's tls= may be: the kind of its keys, as `openssl req -newkey` wants it. Whoever does not care
# has the kind that is made soonest.
KEYS = {"rsa": ["rsa:2048"], "ec": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], "ed25519": ["ed25519"]}
KEYS[True] = KEYS["ec"]


class Authority:
    """A certificate authority of one's own, with a server certificate for one DNS name."""

    def __init__(self, folder, name="localhost", tls=True):
        self.folder = pathlib.Path(folder)
        self.new_key = KEYS[tls]
        self.ca = self.folder / "ca.crt"
        self._openssl("req", "-x509", "-newkey", *self.new_key, "-nodes", "-days", "2", "-subj", "/CN=tminus test CA",
                      "-keyout", "ca.key", "-out", "ca.crt")
        self.ca.chmod(0o644)
        self.certificate, self.key = self.issue(name)

    def issue(self, name):
        """A certificate for a DNS name, or for a client of that name, and its key."""
        self._openssl("req", "-newkey", *self.new_key, "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key",
                      "-out", f"{name}.csr")
        (self.folder / "san").write_text(f"subjectAltName=DNS:{name}\n")
        self._openssl("x509", "-req", "-in", f"{name}.csr", "-days", "2", "-CA", "ca.crt", "-CAkey", "ca.key",
                      "-CAcreateserial", "-extfile", "san", "-out", f"{name}.crt")
        key = self.folder / f"{name}.key"
        key.chmod(0o600)
        return self.folder / f"{name}.crt", key

    def _openssl(self, *words):
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)


class Server:
    """A process with a private folder, which its user owns. prefix: words that become its command (nsenter)."""

    user = "nobody"
    prefix = ()

    def __init__(self):
        self.process = None
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tminus-", dir=data_root()))
        self.folder.chmod(0o755)
        self.log = self.folder / "log"
        self.port = free_port()

    def __enter__(self):
        return self.start()

    def __exit__(self, *reason):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, wait=True):
        give_to(self.user, self.folder)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*self.prefix, *self.command()], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            cwd=self.folder)
        if wait:
            until(self.is_ready, type(self).__name__)
        return self

    def is_ready(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.command()[0]} ended: {self.log.read_text()[-2000:]}")
        return self.answers()

    def stop(self, signal_number=signal.SIGTERM):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal_number)
        try:
            self.process.wait(START_LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def restart(self, wait=True):
        self.stop()
        return self.start(wait)


def url(scheme, host, port, user=None, password=None, name="", **parameters):
    """A database URL; everything is percent-encoded."""
    quote = lambda part: urllib.parse.quote(part, safe="")
    login = "" if user is None else quote(user) + ("" if password is None else ":" + quote(password)) + "@"
    host = f"[{host}]" if ":" in host else host
    query = "?" + urllib.parse.urlencode(parameters, quote_via=urllib.parse.quote) if parameters else ""
    return f"{scheme}://{login}{host}:{port}/{quote(name)}{query}"


class Postgres(Server):
    """tls: with a certificate for "localhost". hba: the lines for TCP. settings: as of postgresql.conf.
    own: not initialised with the others, so that it has another system identifier.
    standby: never promoted, in recovery; hot_standby=off as a setting makes it refuse with 57P03."""

    user = "postgres"
    version = POSTGRES_BIN.parent.name

    def __init__(self, tls=False, hba=None, standby=False, addresses="127.0.0.1", own=False, **settings):
        super().__init__()
        self.data = self.folder / "data"
        self.authority = None
        source = template(f"postgresql-{self.version}{'-own' if own else ''}", self.user, self._initialise)
        subprocess.run(["cp", "-a", "--reflink=auto", str(source), str(self.data)], check=True)
        self.settings = {
            "listen_addresses": addresses, "port": self.port, "unix_socket_directories": str(self.folder),
            "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "16MB",
            "max_connections": 40, "autovacuum": "off", "max_wal_senders": 0,
            "dynamic_shared_memory_type": "mmap", "hba_file": str(self.folder / "hba.conf"),
        }
        self.settings.update(settings)
        if tls:
            self.authority = Authority(self.folder, tls=tls)
            self.settings.update(ssl="on", ssl_cert_file=str(self.authority.certificate),
                                 ssl_key_file=str(self.authority.key), ssl_ca_file=str(self.authority.ca))
        lines = ["local all all trust"] + (hba or ["host all all all scram-sha-256"])
        (self.folder / "hba.conf").write_text("\n".join(lines) + "\n")
        if standby:
            self.become_standby()

    def _initialise(self, folder):
        subprocess.run([*self.program("initdb"), "-D", str(folder), "-U", "postgres", "-A", "trust", "-E", "UTF8",
                        "--locale=C.UTF-8", "--wal-segsize=1", "--no-sync"], check=True, capture_output=True)

    def program(self, name):
        """The words that run a program of this server's release as its user."""
        return [*as_user(self.user), str(POSTGRES_BIN / name)]

    def become_standby(self):
        (self.data / "standby.signal").touch()

    def command(self):
        words = [*self.program("postgres"), "-D", str(self.data)]
        for name, value in self.settings.items():
            words += ["-c", f"{name}={value}"]
        return words

    def answers(self):
        try:
            self.connect().close()
            return True
        except psycopg2.OperationalError:
            return False

    def connect(self, name="postgres"):
        return psycopg2.connect(host=str(self.folder), port=self.port, user="postgres", dbname=name,
                                options="-c default_transaction_read_only=off")

    def sql(self, statement, name="postgres"):
        """Runs statement as the superuser, outside a transaction; returns its rows."""
        with contextlib.closing(self.connect(name)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []

    def stop(self, signal_number=signal.SIGINT):
        super().stop(signal_number)  # a fast shutdown

    def url(self, user="app", password="secret", name="shop", host="127.0.0.1", **parameters):
        return url("postgresql", host, self.port, user, password, name, **parameters)


class MariaDB(Server):
    """tls: with a certificate for "localhost". options: of mariadbd, as key=value."""

    user = "mysql"
    cached = "mariadb"
    log_size = {"innodb-log-file-size": "16M"}  # of the files that are copied for each server
    defaults = {"innodb-buffer-pool-size": "16M", "innodb-fast-shutdown": "2", "ssl": "OFF"}
    with_tls = {"ssl": "ON"}

    def __init__(self, tls=False, address="127.0.0.1", **options):
        super().__init__()
        self.data = self.folder / "data"
        self.socket = str(self.folder / "sock")
        self.authority = None
        source = template(self.cached, self.user, self._initialise)
        subprocess.run(["cp", "-a", "--reflink=auto", str(source), str(self.data)], check=True)
        self.options = {
            "bind-address": address, "port": self.port, "socket": self.socket, "datadir": str(self.data),
            "tmpdir": str(self.data),  # a server that starts deletes the temporary tables of another's in /tmp
            "pid-file": str(self.folder / "pid"), "skip-name-resolve": "ON", "innodb-flush-log-at-trx-commit": "0",
            "performance-schema": "OFF", "max-connections": "40", "thread-cache-size": "0",
            **self.log_size, **self.defaults,
        }
        self.options.update({name.replace("_", "-"): str(value) for name, value in options.items()})
        if tls:
            self.authority = Authority(self.folder, tls=tls)
            self.options.update({"ssl-ca": self.authority.ca, "ssl-cert": self.authority.certificate,
                                 "ssl-key": self.authority.key, **self.with_tls})

    def _initialise(self, folder):
        subprocess.run(["mariadb-install-db", "--no-defaults", *self.as_user(), *self.words(self.log_size),
                        f"--datadir={folder}", "--skip-test-db", "--auth-root-authentication-method=normal"],
                       check=True, capture_output=True)

    def words(self, options):
        return [f"--{name}={value}" for name, value in options.items()]

    def command(self):
        return [*self.program(), *self.as_user(), *self.words(self.options)]

    def program(self):
        """The words that run this server's release."""
        return ["/usr/sbin/mariadbd", "--no-defaults"]

    def as_user(self):
        return [f"--user={self.user}"] if os.geteuid() == 0 else []

    def answers(self):
        try:
            self.connect().close()
            return True
        except pymysql.err.OperationalError:
            return False

    def connect(self, name=None):
        return pymysql.connect(unix_socket=self.socket, user="root", database=name, autocommit=True)

    def sql(self, statement, name=None):
        """Runs statement as root; returns its rows."""
        with contextlib.closing(self.connect(name)) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()

    def url(self, user="app", password="secret", name="shop", host="127.0.0.1", **parameters):
        return url("mysql", host, self.port, user, password, name, **parameters)


class PgBouncer(Server):
    """In front of a Postgres, in transaction mode; users: {name: password} that it knows."""

    def __init__(self, postgres, users, **settings):
        super().__init__()
        self.users = users
        accounts = "".join(f'"{name}" "{password}"\n' for name, password in users.items())
        (self.folder / "users").write_text(accounts)
        lines = {
            "listen_addr": "127.0.0.1", "listen_port": self.port, "unix_socket_dir": "",
            "auth_type": "scram-sha-256", "auth_file": self.folder / "users", "pool_mode": "transaction",
            "ignore_startup_parameters": "extra_float_digits", "default_pool_size": 2,
        }
        lines.update(settings)
        text = f"[databases]\nshop = host=127.0.0.1 port={postgres.port}\n[pgbouncer]\n"
        text += "".join(f"{name} = {value}\n" for name, value in lines.items())
        self.configuration = self.folder / "pgbouncer.ini"
        self.configuration.write_text(text)

    def command(self):
        return [*as_user(self.user), "/usr/sbin/pgbouncer", str(self.configuration)]

    def answers(self):
        name, password = next(iter(self.users.items()))
        try:
            psycopg2.connect(host="127.0.0.1", port=self.port, user=name, password=password, dbname="shop").close()
            return True
        except psycopg2.OperationalError:
            return False

    def stop(self, signal_number=signal.SIGTERM):
        super().stop(signal_number)

    def url(self, user="app", password="secret", name="shop", host="127.0.0.1", **parameters):
        return url("postgresql", host, self.port, user, password, name, **parameters)


class Redis(Server):
    def command(self):
        return [*as_user(self.user), "/usr/bin/redis-server", "--port", str(self.port), "--bind", "127.0.0.1",
                "--save", "", "--appendonly", "no", "--dir", str(self.folder)]

    def answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


# --- servers that misbehave ----------------------------------------------------------------------


class Misbehaving:
    """Accepts connections and does behaviour(connection) with each, in a thread; see below."""

    def __init__(self, behaviour, address="127.0.0.1", path=None):
        self.behaviour = behaviour
        self.connections = 0
        self.ended = threading.Event()
        if path is not None:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(str(path))
        else:
            self.listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
            self.listener.bind((address, 0))
            self.port = self.listener.getsockname()[1]
        self.listener.listen(50)

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *reason):
        self.ended.set()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self):
        while not self.ended.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError), connection:
            self.behaviour(self, connection)


def says_nothing(server, connection):
    server.ended.wait()


def closes(server, connection):
    pass


def resets(server, connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def says(words, close=False):
    """Sends words at once, before anything is asked."""

    def behaviour(server, connection):
        connection.sendall(words)
        if not close:
            server.ended.wait()

    return behaviour


def answers(words):
    """Reads something, sends words, and hangs up."""

    def behaviour(server, connection):
        connection.recv(4096)
        connection.sendall(words)

    return behaviour


def trickles(first=b"", ask=False, interval=0.02):
    """Sends first (after something was asked), then a byte each interval, for ever."""

    def behaviour(server, connection):
        if ask:
            connection.recv(4096)
        connection.sendall(first)
        while not server.ended.wait(interval):
            connection.sendall(b"\x01")

    return behaviour


class Relay:
    """Forwards to a port of 127.0.0.1 until cut(): then nothing passes any more, and nobody is told.

    Where the client says the bytes breaks_at, every connection ends, and none is made before mend().
    """

    def __init__(self, port, breaks_at=None):
        self.target = port
        self.breaks_at = breaks_at
        self.is_cut = threading.Event()
        self.is_broken = threading.Event()
        self.sockets = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *reason):
        self.is_cut.set()
        self._end([self.listener, *self.sockets])

    @staticmethod
    def _end(sockets):
        for each in sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def cut(self):
        self.is_cut.set()

    def mend(self):
        self.breaks_at = None
        self.is_broken.clear()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
                if self.is_broken.is_set():
                    near.close()
                    continue
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                return
            self.sockets += [near, far]
            for pair in ((near, far), (far, near)):
                threading.Thread(target=self._forward, args=pair, daemon=True).start()

    def _forward(self, source, target):
        with contextlib.suppress(OSError):
            while True:
                words = source.recv(65536)
                if self.is_cut.is_set():
                    return
                if not words:
                    break
                if self.breaks_at is not None and self.breaks_at in words:
                    self.is_broken.set()
                    self._end(self.sockets)
                    return
                target.sendall(words)
            target.shutdown(socket.SHUT_WR)


class Blackhole:
    """A port on which connect(2) neither succeeds nor fails: its queue is full and nobody accepts."""

    def __init__(self, address="127.0.0.1"):
        self.listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        self.listener.bind((address, 0))
        self.listener.listen(0)
        self.address = address
        self.port = self.listener.getsockname()[1]
        self.fillers = []

    def __enter__(self):
        until(self._is_full, "a full queue")
        return self

    def _is_full(self):
        filler = socket.socket(self.listener.family)
        filler.settimeout(0.1)
        self.fillers.append(filler)
        try:
            filler.connect((self.address, self.port))
            return False
        except OSError:
            return True

    def __exit__(self, *reason):
        for filler in self.fillers:
            filler.close()
        self.listener.close()


def mysql_packet(payload, sequence=0):
    return struct.pack("<I", len(payload))[:3] + bytes([sequence]) + payload


def mysql_error(number, text):
    """An error packet, as a server sends it in place of its greeting (without a SQLSTATE there)."""
    return mysql_packet(b"\xff" + struct.pack("<H", number) + text.encode())


def mysql_greeting(tls=False):
    """The greeting of a MySQL 8.0 server."""
    low = 0xFFFF if tls else 0xF7FF  # CLIENT_SSL is 0x0800
    body = b"\x0a8.0.36\0" + struct.pack("<I", 7) + b"12345678" + b"\0" + struct.pack("<H", low)
    body += bytes([45]) + struct.pack("<H", 2) + struct.pack("<H", 0xC1FF) + bytes([21]) + bytes(10)
    return mysql_packet(body + b"123456789012\0" + b"mysql_native_password\0")
