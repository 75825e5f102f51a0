"""The example applications do under tminus what their READMEs say; with TMINUS_LONG=1 on every database."""

import itertools

import psycopg2
import pytest

import harness
from example import SEEDED, Example

EXAMPLES = ["flask", "django"]
DATABASES = ["sqlite", "postgresql", "mariadb"]
PAIRS = itertools.product(EXAMPLES, DATABASES) if harness.LONG else [
    ("flask", "sqlite"), ("flask", "postgresql"), ("django", "mariadb")]


@pytest.mark.parametrize("name, database", PAIRS)
def test_boots_twice_with_the_seed_present_once(name, database, new_database, tmp_path):
    example = Example(name, tmp_path, DATABASE_URL=new_database(database))
    for _ in range(2):
        with example.boot() as boot:
            assert boot.get("/health") == (200, {"status": "ok"})
            assert boot.emails() == SEEDED
            assert example.is_at_head()
            assert boot.stop() == 0, boot.log()


@pytest.mark.parametrize("name", EXAMPLES)
def test_boots_with_no_setting_at_all(name, tmp_path):
    example = Example(name, tmp_path)
    with example.boot() as boot:
        assert boot.emails() == SEEDED
        assert boot.stop() == 0, boot.log()


def test_the_order_of_the_steps_is_that_of_the_readme(tmp_path):
    example = Example("django", tmp_path)
    with example.boot() as boot:
        log = boot.log()
        order = [log.index(text) for text in (
            "Applying launches.0003", "1 static file copied", "Installed 7 object(s)")]
        assert order == sorted(order)
        assert boot.stop() == 0, log


@pytest.mark.parametrize("database", DATABASES if harness.LONG else ["mariadb"])
def test_flask_rows_of_an_older_revision_are_carried_over(database, new_database, tmp_path):
    # In production, because development removes all rows before it seeds.
    example = Example(
        "flask", tmp_path, DATABASE_URL=new_database(database), FLASK_ENV="production")
    example.tool("flask", "db", "upgrade", "1f0c6d3a9b52")
    example.tool("/usr/bin/python3", "-c", """
from wsgi import app
from app.models import db
with app.app_context(), db.engine.begin() as connection:
    connection.execute(db.text(
        "INSERT INTO users (name, email) VALUES ('Katherine Johnson', 'katherine@example.com')"))
""")
    with example.boot() as boot:
        _, document = boot.get("/api/users")
        first = document["users"][0]
        assert (first["first_name"], first["last_name"]) == ("Katherine", "Johnson")
        assert boot.emails()[1:] == SEEDED
        assert boot.stop() == 0, boot.log()


def test_django_rows_of_an_older_revision_are_carried_over(tmp_path):
    example = Example("django", tmp_path)
    example.tool("python3", "manage.py", "migrate", "launches", "0001")
    example.tool("python3", "manage.py", "shell", "-c", """
from django.db import connection
connection.cursor().execute(
    "INSERT INTO launches_user (id, name, email) VALUES (9, 'Katherine', 'Katherine@Example.com')")
""")
    with example.boot() as boot:
        assert boot.emails() == [*SEEDED, "katherine@example.com"]
        assert boot.stop() == 0, boot.log()


def test_flask_in_production_keeps_to_its_schema_and_keeps_its_rows(new_database, tmp_path):
    url = new_database("postgresql")
    example = Example(
        "flask", tmp_path, DATABASE_URL=url, FLASK_ENV="production", SCHEMA="calendar")
    with example.boot() as boot:
        assert boot.emails() == SEEDED
        assert example.is_at_head()
        assert boot.stop() == 0, boot.log()

    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables"
                       " WHERE table_schema = 'calendar' ORDER BY table_name")
        assert cursor.fetchall() == [("alembic_version",), ("launches",), ("tminus_ledger",), ("users",)]
        cursor.execute("SELECT count(*) FROM information_schema.tables"
                       " WHERE table_schema = 'public'")
        assert cursor.fetchone() == (0,)
        cursor.execute("INSERT INTO calendar.users (first_name, last_name, email)"
                       " VALUES ('Katherine', 'Johnson', 'katherine@example.com')")
    connection.close()

    with example.boot() as boot:
        assert boot.emails() == [*SEEDED, "katherine@example.com"]
        assert boot.stop() == 0, boot.log()


def test_flask_models_and_migrations_agree(new_database, tmp_path):
    example = Example("flask", tmp_path, DATABASE_URL=new_database("postgresql"),
                      FLASK_ENV="production", SCHEMA="calendar")
    example.tool("flask", "db", "upgrade")
    example.tool("flask", "db", "migrate")
    assert len(list((example.folder / "migrations/versions").glob("*.py"))) == 3


def test_django_models_and_migrations_agree(tmp_path):
    example = Example("django", tmp_path)
    example.tool("python3", "manage.py", "makemigrations", "--check", "--dry-run")
