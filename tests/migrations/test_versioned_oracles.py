"""The readers of dbmate, Rails and Knex conclude what the real tools do, in histories made at random.

Each case is a project of its own and a state of the database; the real tool then really migrates. A case is
ordinary when a project could be like that without anybody having done anything unusual: there the readers may
hardly ever be uncertain. At head where the tool would do anything else is wrong everywhere.
"""

import collections
import contextlib
import dataclasses
import json
import os
import pathlib
import random
import sqlite3
import subprocess

import harness
import servers

CASES = 300 if harness.LONG else 30
MOST_UNKNOWN = 0.02
WORDS = ["users", "orders", "items", "add_index", "create_tags", "drop_x2", "rename", "fix_2_nulls", "a", "backfill"]


@dataclasses.dataclass
class Case:
    """files: contents by path below the project; table: none, table or locked."""

    ordinary: bool = True
    files: dict = dataclasses.field(default_factory=dict)
    folders: list = dataclasses.field(default_factory=list)
    links: dict = dataclasses.field(default_factory=dict)
    rows: list = dataclasses.field(default_factory=list)
    table: str = "table"
    environment: dict = dataclasses.field(default_factory=dict)

    def write(self, folder):
        for name in self.folders:
            (folder / name).mkdir(parents=True, exist_ok=True)
        for name, text in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        for name, target in self.links.items():
            (folder / name).symlink_to(target)


class Tool:
    """How one tool's projects look, and how the tool itself is asked: answer() is the number of migrations that
    it applied, or the text of its error."""

    name = directory = None

    def __init__(self, chance):
        self.chance = chance

    def versions(self):
        """Distinct, in the style of this project: timestamps, mostly."""
        count = self.chance.choice([1, 2, 3, 5, 8, 13, 40])
        if self.chance.random() < 0.2:
            return [f"{number:0{self.chance.choice([1, 3, 4])}d}" for number in range(1, count + 1)]
        stamps = self.chance.sample(range(20150101000000, 20260101000000), count)
        return [str(stamp) for stamp in sorted(stamps)]

    def state(self, case, keys):
        """The rows: all, all but the last, some, none."""
        kind = self.chance.choice(["all", "all", "all", "behind", "behind", "some", "none", "no table"])
        if kind == "no table":
            case.table = "none"
        elif kind == "all":
            case.rows = list(keys)
        elif kind == "behind":
            case.rows = list(keys[: self.chance.randrange(len(keys))])
        elif kind == "some":
            case.rows = [key for key in keys if self.chance.random() < 0.7]
        self.chance.shuffle(case.rows)

    def some(self, case, most, ways):
        """Applies a few of the ways to make a case unusual."""
        for way in self.chance.sample(ways, self.chance.randint(1, most)):
            way(case)

    def case(self):
        case = Case(folders=[self.directory])
        self.ordinary(case)
        if self.chance.random() < 0.4:
            case.ordinary = False
            self.some(case, 2, self.oddities())
        return case


class Dbmate(Tool):
    name, directory = "dbmate", "db/migrations"
    URL = "sqlite:x.db?_synchronous=OFF&_journal_mode=MEMORY"
    SQL = "-- migrate:up\nSELECT 1;\n\n-- migrate:down\nSELECT 1;\n"

    def add(self, case, name):
        case.files[f"{self.directory}/{name}"] = self.SQL

    def ordinary(self, case):
        versions = self.versions()
        for version in versions:
            self.add(case, f"{version}_{self.chance.choice(WORDS)}.sql")
        for name in self.chance.sample(["README.md", ".keep", "seed.sql", "_1.sql", "v2_x.sql"], 2):
            self.add(case, name)
        self.state(case, versions)
        if case.rows and self.chance.random() < 0.2:
            case.rows.append("19990101000000")

    def oddities(self):
        return [
            lambda case: self.add(case, f"{self.chance.choice(case.rows or ['7'])}_twice.sql"),
            lambda case: [self.add(case, f"20990108_{name}.sql") for name in ("one", "two")],
            lambda case: [self.add(case, name) for name in ("2099_a.sql", "20990_b.sql", "2099.sql")],
            lambda case: self.add(case, f"0{self.chance.choice(case.rows or ['7'])}.sql"),
            lambda case: case.environment.update(DBMATE_STRICT="true"),
            lambda case: case.environment.update(DBMATE_STRICT="1"),
            lambda case: case.environment.update(DBMATE_STRICT="false"),
            lambda case: self.add(case, "20990101_new\nline.sql"),
            lambda case: self.add(case, "20990101.SQL"),
            lambda case: self.add(case, "20990101sql"),
            lambda case: self.add(case, "٣_arabic.sql"),
            lambda case: self.add(case, "20990102-x y.up.sql"),
            lambda case: self.add(case, f"{self.directory}/20990103_deep.sql"),
            lambda case: case.folders.append(f"{self.directory}/20990104_folder.sql"),
            lambda case: case.links.update({f"{self.directory}/20990105_link.sql": "../../else.sql"})
            or case.files.update({"else.sql": self.SQL}),
            lambda case: case.links.update({f"{self.directory}/20990106_loop.sql": "20990106_loop.sql"}),
            lambda case: case.rows.append("20991231000000") if case.table == "table" else None,
            lambda case: case.rows.append("not a version") if case.table == "table" else None,
            lambda case: case.environment.update(DBMATE_MIGRATIONS_DIR="./db/migrations"),
            lambda case: self.move_by_variable(case, "./other"),
            lambda case: self.move_by_variable(case, "./other,./db/migrations"),
            lambda case: case.environment.update(DBMATE_MIGRATIONS_TABLE="other_migrations"),
            lambda case: case.files.update({".env": "export DBMATE_MIGRATIONS_TABLE=other_migrations\n"}),
            lambda case: case.files.update({".env": "A=1\n# DBMATE_MIGRATIONS_TABLE=other_migrations\n"}),
            lambda case: case.files.clear(),
        ]

    def move_by_variable(self, case, value):
        case.files["other/20990107_moved.sql"] = self.SQL
        case.environment["DBMATE_MIGRATIONS_DIR"] = value

    def __init__(self, chance, program):
        super().__init__(chance)
        self.program = program

    def answer(self, case, folder):
        database = sqlite3.connect(folder / "x.db")
        if case.table != "none":
            database.execute("CREATE TABLE schema_migrations (version varchar(128) PRIMARY KEY)")
            database.executemany("INSERT OR IGNORE INTO schema_migrations VALUES (?)", [(row,) for row in case.rows])
        database.commit()
        database.close()
        result = subprocess.run([self.program, "--url", self.URL, "--no-dump-schema", "up"], cwd=folder, timeout=60,
                                capture_output=True, text=True, env={**os.environ, **case.environment})
        return result.stdout.count("Applying: ") if result.returncode == 0 else result.stderr.strip()


class Lines(Tool):
    """A tool that a program of its own language asks, a case a line."""

    @contextlib.contextmanager
    def asked(self, *command):
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                              cwd=servers.ROOT / "tests" / "migrations") as self.process:
            yield self

    def answer(self, case, folder):
        state = {"folder": str(folder), "directory": str(folder / self.directory), "table": case.table != "none",
                 "locked": case.table == "locked", "rows": list(dict.fromkeys(case.rows))}
        self.process.stdin.write(json.dumps(state) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        return answer.get("error", answer.get("pending"))


class Rails(Lines):
    name, directory = "rails", "db/migrate"

    def add(self, case, name):
        words = pathlib.Path(name).name.partition("_")[2].split(".")[0].split("_")
        title = "".join(word[:1].upper() + word[1:] for word in words)
        case.files[f"{self.directory}/{name}"] = f"class {title} < ActiveRecord::Migration[5.2]\n  def up; end\nend\n"

    def ordinary(self, case):
        versions = self.versions()
        for number, version in enumerate(versions):
            scope = self.chance.choice([""] * 9 + [".active_storage", ".blog_2"])
            below = self.chance.choice([""] * 9 + ["2023/"])
            self.add(case, f"{below}{version}_{self.chance.choice(WORDS)}_t{number}{scope}.rb")
        for name in self.chance.sample([".keep", "README.md", "helper.rb", "1_x.rb~", "5.rb"], 2):
            case.files[f"{self.directory}/{name}"] = ""
        case.files["config/database.yml"] = "production:\n  adapter: sqlite3\n  # schema_search_path: a,b\n"
        self.state(case, [str(int(version)) for version in versions])
        if case.rows and self.chance.random() < 0.2:
            case.rows.append("19990101000000")

    def oddities(self):
        return [
            lambda case: self.add(case, f"{self.chance.choice(case.rows or ['7'])}_twice.rb"),
            lambda case: self.add(case, f"00{self.chance.choice(case.rows or ['7'])}_zeros.rb"),
            lambda case: case.rows.__setitem__(0, f"00{case.rows[0]}") if case.rows else None,
            lambda case: [self.add(case, f"2099010{number}_same_name.rb") for number in (1, 2)],
            lambda case: [self.add(case, f"2099010{number}_{name}.rb") for number, name in ((1, "a_1b"), (2, "a1b"))],
            lambda case: [self.add(case, f"2099010{number}_{name}.rb") for number, name in ((1, "a__b"), (2, "a_b_"))],
            lambda case: case.files.update({f"{self.directory}/20990103_Big.rb": ""}),
            lambda case: case.files.update({f"{self.directory}/20990103_a.b.c.rb": ""}),
            lambda case: case.files.update({f"{self.directory}/20990103x_a.rb": ""}),
            lambda case: case.files.update({f"{self.directory}/20990103_new\nline.rb": ""}),
            lambda case: case.files.update({f"{self.directory}/.hidden/20990104_a.rb": ""}),
            lambda case: self.add(case, "a/b/c/d/20990105_deep.rb"),
            lambda case: self.add(case, "20990106_dots..rb"),
            lambda case: self.add(case, "20990106_end.rb.rb"),
            lambda case: case.files.update({"elsewhere/20990107_linked.rb": ""})
            or case.links.update({f"{self.directory}/link": "../../elsewhere"}),
            lambda case: case.links.update({f"{self.directory}/loop": "."}),
            lambda case: case.links.update({f"{self.directory}/20990108_loop.rb": "20990108_loop.rb"}),
            lambda case: case.folders.append(f"{self.directory}/20990109_folder.rb"),
            lambda case: case.rows.append("20991231000000") if case.table == "table" else None,
            lambda case: case.rows.append("not a version") if case.table == "table" else None,
            lambda case: case.rows.append("2099_0105") if case.table == "table" else None,
            lambda case: case.files.clear(),
        ]


class Knex(Lines):
    name, directory = "knex", "migrations"
    JS = "exports.up = async () => {};\nexports.down = async () => {};\n"
    PLAIN = [
        "module.exports = { client: 'pg' };\n",
        "require('fs');\nmodule.exports = { client: 'pg', migrations: { tableName: 'knex_migrations' } };\n",
        "// tableName: 'no'\nmodule.exports = {\n  production: {\n    migrations: {\n      directory: './migrations',\n"
        "      tableName: \"knex_migrations\",\n    },\n    seeds: { directory: './seeds/production' }\n  }\n};\n",
        "const path = require('path');\nmodule.exports = { migrations: { directory: path.join(__dirname, 'migrations') },"
        " seeds: { directory: path.join(__dirname, 'seeds') } };\n",
        "/**\n * @type { Object.<string, import(\"knex\").Knex.Config> }\n */\nmodule.exports = { migrations: {"
        " 'directory': `${__dirname}/migrations` } };\n",
        "module.exports = { migrations: { directory: __dirname + '/migrations', extension: 'js' } };\n",
    ]
    MOVED = [
        "module.exports = { migrations: { tableName: 'others' } };\n",
        "const tableName = 'others';\nmodule.exports = { migrations: { tableName } };\n",
        "module.exports = { migrations: { directory: './other' } };\n",
        "module.exports = { migrations: { directory: ['./migrations', './other'] } };\n",
        "const path = require('path');\nmodule.exports = { migrations: { directory: path.join(__dirname, 'migrations',"
        " '..', 'other') } };\n",
        "module.exports = { migrations: { directory: `${'./other'}` } };\n",
        "module.exports = { seeds: { directory: './seeds' }, migrations: { directory: 'other' } };\n",
        "module.exports = { migrations: { loadExtensions: ['.mjs', '.js', '.txt'] } };\n",
        "module.exports = { migrations: { disableMigrationsListValidation: true } };\n",
        "module.exports = require('./settings');\n",
        "const all = require('./settings');\nmodule.exports = { migrations: all.migrations };\n",
        "module.exports = { ...require('./settings') };\n",
        "module.exports = { migrations: { schemaName: 'public' } };\n",
        "module.exports = { migrations: { migrationSource: { getMigrations: async () => ['x'], getMigrationName: (x) => x,"
        " getMigration: async () => ({ up: async () => {}, down: async () => {} }) } } };\n",
    ]

    def add(self, case, name):
        case.files[f"{self.directory}/{name}"] = self.JS

    def ordinary(self, case):
        extension = self.chance.choice(["js", "js", "js", "cjs", "ts"])
        names = [f"{version}_{self.chance.choice(WORDS)}.{extension}" for version in self.versions()]
        for name in names:
            self.add(case, name)
        for name in self.chance.sample([".keep", "README.md", "x.sql", "tsconfig.json", "x.js.map", "20990101_x.mjs"], 2):
            self.add(case, name)
        case.files["knexfile.js"] = self.chance.choice(self.PLAIN)
        self.state(case, names)
        if case.table == "table" and self.chance.random() < 0.1:
            case.table = "locked"
        if case.rows and self.chance.random() < 0.1:
            case.rows.append("20991231000000_later.js")

    def oddities(self):
        return [
            *[self.move] * 5,
            lambda case: self.add(case, ".js"),
            lambda case: self.add(case, ".hidden.js"),
            lambda case: self.add(case, "20990101_types.d.ts"),
            lambda case: self.add(case, "no version.js"),
            lambda case: self.add(case, "20990101_BIG.JS"),
            lambda case: self.add(case, "20990101_dot."),
            lambda case: self.add(case, "deep/20990102_deep.js"),
            lambda case: case.folders.append(f"{self.directory}/20990103_folder.js"),
            lambda case: case.links.update({f"{self.directory}/20990104_loop.js": "20990104_loop.js"}),
            lambda case: case.rows.append(self.chance.choice(case.rows or ["x.js"]).upper())
            if case.table == "table" else None,
            lambda case: case.files.clear() or case.files.update({"knexfile.js": self.PLAIN[0]}),
        ]

    def move(self, case):
        case.files["knexfile.js"] = self.chance.choice(self.MOVED)
        case.files["settings.js"] = "module.exports = { migrations: { directory: './other' } };\n"
        case.files["other/20990107_moved.js"] = self.JS


# What the tool does, by what the reader concludes: a number of migrations, or an error.
ACTS = {"at head": "nothing", "pending": "applies", "empty": "applies", "unversioned": "applies", "foreign": "fails",
        "broken": "fails", "half-applied": "fails"}


def agrees(finding, answer):
    act = ACTS[finding.kind]
    if act == "fails":
        return isinstance(answer, str)
    return answer == (0 if act == "nothing" else finding.pending)


def compare(tool, inspect_files, record_property):
    seed = int(os.environ.get("ORACLE_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"ORACLE_SEED={seed}")
    tool.chance.seed(seed)
    kinds = collections.Counter()
    unknown = []
    ordinary = 0
    for number in range(CASES):
        case = tool.case()
        folder = harness.Folder()
        case.write(folder.path)
        finding = inspect_files(tool.name, tool.directory, case.table, case.rows, folder=folder.path,
                                environment=case.environment)
        answer = tool.answer(case, folder.path)
        folder.remove()
        kinds[finding.kind] += 1
        ordinary += case.ordinary
        if finding.kind != "unknown":
            assert agrees(finding, answer), (seed, number, finding, answer, case)
        elif case.ordinary:
            unknown.append((finding, case))
    record_property("figure", f"{tool.name}: {CASES} cases (seed {seed}), none wrong, {len(unknown)} of {ordinary} "
                              f"ordinary ones unknown; {dict(kinds)}")
    assert len(unknown) <= MOST_UNKNOWN * ordinary, (seed, unknown[0])


def test_dbmate_applies_what_its_reader_calls_pending(inspect_files, dbmate, record_property):
    compare(Dbmate(random.Random(), dbmate), inspect_files, record_property)


def test_rails_applies_what_its_reader_calls_pending(inspect_files, record_property):
    with Rails(random.Random()).asked("ruby", "rails.rb") as tool:
        compare(tool, inspect_files, record_property)


def test_knex_applies_what_its_reader_calls_pending(inspect_files, node_modules, record_property):
    with servers.Postgres() as server:
        command = ["node", "knex.js", str(node_modules), str(server.folder), str(server.port)]
        with Knex(random.Random()).asked(*command) as tool:
            compare(tool, inspect_files, record_property)
