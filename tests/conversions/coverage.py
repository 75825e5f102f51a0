"""What real entrypoint scripts do, a row each: what the conversions must cover."""

ROWS = [
    "wait: none", "wait: a ready tool", "wait: client code", "wait: nc", "wait: pg_isready",
    "wait: retrying the migrate command", "wait: a loop of SQL", "wait: a fixed sleep",
    "wait for redis, a broker or HTTP", "wait for several targets",
    "migrate: Django", "migrate: Alembic", "migrate: Prisma", "migrate: Laravel", "migrate: Rails",
    "migrate: Flask-Migrate", "migrate: Doctrine", "migrate: golang-migrate or sqlx", "migrate: Ecto",
    "migrate: Knex or Sequelize", "migrate: dbmate", "migrate: own script", "migrate: none",
    "creates the database", "stamps or repairs the version table", "waits for another container's migration",
    "takes a lock", "backs up first",
    "seeds: guarded by data", "seeds: guarded by a variable", "seeds: not guarded", "an admin account",
    "assets", "caches", "a stale pid file", "packages installed", "a build", "folders and permissions",
    "branches on a variable", "branches on $1", "role from the environment", "a hook folder",
    'app: exec "$@"', "app: exec of a fixed command", "app: in the foreground without exec",
    "further processes", "supervisord", "traps", "cron",
    "${X:-y}", "cd", "a venv or env file sourced",
    "secrets from files", "drop of privileges", "PUID and PGID", "configuration templated",
    "URL built from parts", "URL taken apart",
    "generates a missing key", "a variable from a command's output", "required variable missing: exit",
    "ulimit or umask",
]

# The kinds of bugs (bugs.py), each of which a script has on purpose.
BUGS = {
    "failed migration": "the app starts although the migration failed",
    "lost TERM": "a shell stays PID 1, and TERM is lost",
    "endless wait": "a wait without limit",
    "TCP is enough": "TCP taken for a database",
    "goes on after the time-out": "a wait that goes on after its time-out",
    "other host": "a wait for a host that is not the app's",
    "seeds again": "seeds at every start",
    "unnoticed": "createsuperuser failing unnoticed",
    "made at boot": "schema generated at boot",
    "fixed password": "a fixed admin password",
    "no lock": "every replica migrates, with no lock",
    "behind exec": "commands behind exec, which never run",
    "stale lock": "a marker file as a lock, which stays after a crash",
}
