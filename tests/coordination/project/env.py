"""The environment of a small project: one database, given by DATABASE_URL."""

import os

from sqlalchemy import create_engine, pool

from alembic import context

URL = os.environ["DATABASE_URL"].replace("mysql://", "mysql+pymysql://")

with create_engine(URL, poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
