"""The environment of a small project: one database, given by DATABASE_URL."""

import os

from sqlalchemy import create_engine, pool

from alembic import context

URL = os.environ["DATABASE_URL"].replace("mysql://", "mysql+pymysql://")


def note(step, **others):
    """Writes down each revision that is applied, where a test wants to know."""
    if "APPLIED" in os.environ:
        with open(os.environ["APPLIED"], "a", encoding="utf-8") as applied:
            applied.write(f"{step.up_revision_id}\n")


with create_engine(URL, poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True, on_version_apply=note)
    with context.begin_transaction():
        context.run_migrations()
