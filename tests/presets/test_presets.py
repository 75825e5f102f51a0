"""Presets with the real tools: what a first start does, and that the second has nothing to do."""

import shutil
import sqlite3

import pytest

import harness

LARAVEL = harness.ROOT / "tests" / "conversions" / "projects" / "laravel"
DEVELOPMENT = {"TMINUS_ENVIRONMENT": "development"}

KNEXFILE = """\
module.exports = { client: 'pg', connection: process.env.DATABASE_URL };
"""
KNEX = {
    "knexfile.js": KNEXFILE,
    "migrations/20250101000000_books.js":
        "exports.up = (knex) => knex.schema.createTable('books', (table) => { table.increments(); "
        "table.string('title'); });\nexports.down = (knex) => knex.schema.dropTable('books');\n",
    "seeds/books.js": "exports.seed = (knex) => knex('books').insert({ title: 'Emma' });\n",
}

SEQUELIZE = {
    ".sequelizerc": "module.exports = { config: 'config/config.js' };\n",
    "config/config.js": "const all = { use_env_variable: 'DATABASE_URL', dialect: 'postgres' };\n"
                        "module.exports = { production: all, development: all };\n",
    "migrations/20250101000000-books.js":
        "module.exports = { up: (query, types) => query.createTable('books', { id: { type: types.INTEGER, "
        "primaryKey: true, autoIncrement: true }, title: types.STRING }),\n"
        "  down: (query) => query.dropTable('books') };\n",
    "seeders/20250101000000-books.js":
        "module.exports = { up: (query) => query.bulkInsert('books', [{ title: 'Emma' }]),\n"
        "  down: (query) => query.bulkDelete('books', null) };\n",
}

PRISMA = {
    "prisma/schema.prisma": "datasource db {\n  provider = \"postgresql\"\n  url = env(\"DATABASE_URL\")\n}\n"
                            "generator client {\n  provider = \"prisma-client\"\n  engineType = \"client\"\n"
                            "  output = \"../generated\"\n}\n",
    "prisma/migrations/migration_lock.toml": "provider = \"postgresql\"\n",
    "prisma/migrations/20250101000000_books/migration.sql": "CREATE TABLE books (id serial, title text);\n",
    "prisma/seed.mjs": "import pg from 'pg';\n\nconst client = new pg.Client(process.env.DATABASE_URL);\n"
                       "await client.connect();\nawait client.query(\"INSERT INTO books (title) VALUES ('Emma')\");\n"
                       "await client.end();\n",
    # The engine that comes with the package: the other one is downloaded.
    "prisma.config.mjs":
        "import { PrismaPg } from '@prisma/adapter-pg';\nimport { defineConfig } from 'prisma/config';\n\n"
        "export default defineConfig({ schema: 'prisma/schema.prisma', engine: 'js', experimental: { adapter: true },\n"
        "  migrations: { seed: 'node prisma/seed.mjs' },\n"
        "  adapter: async () => new PrismaPg({ connectionString: process.env.DATABASE_URL }) });\n",
}


@pytest.mark.skipif(not harness.LONG, reason="npm's packages for Prisma are large: TMINUS_LONG=1")
@pytest.mark.parametrize("environment, seeded", [({}, []), (DEVELOPMENT, ["Emma"])], ids=["production", "development"])
def test_prisma(project, prisma_modules, environment, seeded):
    project.use(prisma_modules)
    project.write(PRISMA)
    project.environment["CHECKPOINT_DISABLE"] = "1"
    log = project.boot(**environment)
    assert "preset auto chose prisma: there is prisma/migrations" in log and titles(project) == seeded
    log = project.boot(**environment)
    assert "upgrade finished" in log and "due: upgrade;" in log and titles(project) == seeded


@pytest.mark.skipif(not harness.LONG, reason="Laravel brings many packages: TMINUS_LONG=1")
@pytest.mark.parametrize("environment", ["production", "development"])
def test_laravel(project, folder, environment):
    shutil.copytree(LARAVEL, folder.path, dirs_exist_ok=True)
    for path in ("bootstrap/cache", "public", "storage/framework/views"):
        (folder / path).mkdir(parents=True)
    start = {"TMINUS_ENVIRONMENT": environment, "APP_KEY": "base64:" + "x" * 43 + "="}
    log = project.boot(**start)
    assert "preset auto chose laravel: there is artisan, and database/seeders" in log and "warning" not in log
    users = [] if environment == "production" else [("ada@example.com",)]
    assert project.query("SELECT email FROM users") == users
    caches = ["bootstrap/cache/config.php", "bootstrap/cache/routes-v7.php", "storage/framework/views/*.php"]
    assert [bool(list(folder.path.glob(path))) for path in caches] == [environment == "production"] * 3
    assert (folder / "public/storage").is_symlink()
    log = project.boot(**start)
    assert "upgrade finished" in log and "due: upgrade;" in log
    assert project.query("SELECT email FROM users") == users


DBMATE = {"db/migrations/20250101000000_books.sql":
          "-- migrate:up\nCREATE TABLE books (id serial, title text);\n-- migrate:down\nDROP TABLE books;\n"}


def titles(project):
    return [row[0] for row in project.query("SELECT title FROM books")]


@pytest.mark.parametrize("environment, seeded", [({}, []), (DEVELOPMENT, ["Emma"])], ids=["production", "development"])
def test_knex(node_project, environment, seeded):
    node_project.write(KNEX)
    log = node_project.boot(**environment)
    assert "preset auto chose knex: there is knexfile.js, and seeds" in log
    assert titles(node_project) == seeded
    log = node_project.boot(**environment)
    assert "migrations: at head" in log and "nothing is due" in log and titles(node_project) == seeded


@pytest.mark.parametrize("environment, seeded", [({}, []), (DEVELOPMENT, ["Emma"])], ids=["production", "development"])
def test_sequelize(node_project, environment, seeded):
    node_project.write(SEQUELIZE)
    node_project.environment["NODE_ENV"] = environment.get("TMINUS_ENVIRONMENT", "production")
    log = node_project.boot(**environment)
    assert "preset auto chose sequelize: there is .sequelizerc, and seeders" in log
    assert titles(node_project) == seeded
    log = node_project.boot(**environment)
    assert "upgrade finished" in log and "due: upgrade;" in log and titles(node_project) == seeded


def test_dbmate(project, dbmate):
    project.write(DBMATE)
    project.path = f"{dbmate.parent}:{project.path}"
    project.url += "?sslmode=disable"
    log = project.boot()
    assert 'preset auto chose dbmate: there is db/migrations/20250101000000_books.sql with "-- migrate:up"' in log
    assert titles(project) == []
    assert "nothing is due" in project.boot()


RAILS = {
    "bin/rails": "#!/usr/bin/env ruby\nAPP_PATH = File.expand_path('../config/application', __dir__)\n"
                 "require_relative '../config/boot'\nrequire 'rails/commands'\n",
    "config/boot.rb": "",
    "config/application.rb":
        "require 'rails'\nrequire 'active_record/railtie'\nmodule Shop\n  class Application < Rails::Application\n"
        "    config.load_defaults 6.1\n    config.eager_load = false\n"
        "    config.secret_key_base = 'x' * 64\n    config.active_record.dump_schema_after_migration = false\n"
        "    config.logger = Logger.new($stderr)\n  end\nend\n",
    "config/environment.rb": "require_relative 'application'\nRails.application.initialize!\n",
    "config/database.yml": "production:\n  adapter: sqlite3\ndevelopment:\n  adapter: sqlite3\n",
    "Rakefile": "require_relative 'config/application'\nRails.application.load_tasks\n",
    "db/migrate/20250101000000_create_books.rb":
        "class CreateBooks < ActiveRecord::Migration[6.1]\n  def change\n    create_table(:books) { |t| t.string :title }\n"
        "  end\nend\n",
    "db/seeds.rb": "ActiveRecord::Base.connection.execute(\"INSERT INTO books (title) VALUES ('Emma')\")\n",
    "tmp/pids/server.pid": "4711\n",
}


@pytest.mark.parametrize("environment", ["production", "development"])
def test_rails(sqlite_project, folder, environment):
    project = sqlite_project
    project.environment = {"RAILS_ENV": environment}
    project.write(RAILS)
    log = project.boot()
    assert "preset auto chose rails: there is bin/rails and config/application.rb, and db/seeds.rb" in log
    log = project.boot()
    assert "nothing is due" in log and "step pidfile" in log
    assert not (folder / "tmp/pids/server.pid").exists()
    rows = sqlite3.connect(folder / "shop.db").execute("SELECT title FROM books").fetchall()
    assert rows == [("Emma",)]


ALEMBIC = {
    "alembic.ini": "[alembic]\nscript_location = alembic\n",
    "alembic/env.py": "import os\n\nimport sqlalchemy\n\nfrom alembic import context\n\n"
                      "with sqlalchemy.create_engine(os.environ['DATABASE_URL']).begin() as connection:\n"
                      "    context.configure(connection=connection)\n    context.run_migrations()\n",
    "alembic/versions/1_books.py":
        "import sqlalchemy as sa\n\nfrom alembic import op\n\nrevision = '1'\ndown_revision = None\n\n\n"
        "def upgrade():\n    op.create_table('books', sa.Column('title', sa.String(80)))\n",
}


def test_alembic(project):
    project.write(ALEMBIC)
    project.url = project.url.replace("postgresql://", "postgres://")
    log = project.boot()
    assert "preset auto chose alembic: there is alembic.ini" in log and titles(project) == []
    assert "nothing is due" in project.boot()


DJANGO = {
    "manage.py": "#!/usr/bin/env python3\nimport os\nimport sys\n\nfrom django.core.management import "
                 "execute_from_command_line\n\nos.environ['DJANGO_SETTINGS_MODULE'] = 'settings'\n"
                 "execute_from_command_line(sys.argv)\n",
    "settings.py": "import os\nimport pathlib\n\nBASE = pathlib.Path(__file__).parent\nSECRET_KEY = 'x'\n"
                   "INSTALLED_APPS = ['django.contrib.staticfiles', 'books']\nSTATIC_URL = '/static/'\n"
                   "STATIC_ROOT = os.environ.get('STATIC')\n"
                   "DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': BASE / 'shop.db'}}\n",
    "books/__init__.py": "",
    "books/static/style.css": "body {}\n",
    "books/models.py": "",
    "books/migrations/__init__.py": "",
    "books/migrations/0001_initial.py":
        "from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n    initial = True\n"
        "    operations = [migrations.CreateModel('Book', [('id', models.AutoField(primary_key=True)),\n"
        "                                                  ('title', models.CharField(max_length=80))])]\n",
}


@pytest.mark.parametrize("environment, collected", [("production", True), ("development", False)])
def test_django(sqlite_project, folder, environment, collected):
    sqlite_project.write(DJANGO)
    log = sqlite_project.boot(TMINUS_ENVIRONMENT=environment, STATIC=str(folder / "public"))
    assert "preset auto chose django: there is manage.py" in log
    assert sqlite3.connect(folder / "shop.db").execute("SELECT count(*) FROM books_book").fetchone() == (0,)
    assert (folder / "public/style.css").exists() == collected


def test_a_django_project_without_static_files_starts_with_a_warning(sqlite_project):
    sqlite_project.write(DJANGO)
    log = sqlite_project.boot()
    assert "warning: step static failed: " in log and "on_failure = continue" in log
