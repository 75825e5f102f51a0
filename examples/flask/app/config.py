"""Where the database is. Everything comes from the environment."""

import os

# The drivers that requirements.txt installs; SQLAlchemy wants them in the URL.
# postgres:// is what Heroku, Render and others hand out; SQLAlchemy 1.4 refuses it.
SCHEMES = {
    "postgres": "postgresql+psycopg2",
    "postgresql": "postgresql+psycopg2",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}


def database_url(url):
    """DATABASE_URL as SQLAlchemy takes it. A relative SQLite path is relative to instance/."""
    scheme, separator, rest = url.partition("://")
    return SCHEMES.get(scheme, scheme) + separator + rest


ENVIRONMENT = os.environ.get("FLASK_ENV") or os.environ.get("APP_ENV") or "development"
SQLALCHEMY_DATABASE_URI = database_url(os.environ.get("DATABASE_URL") or "sqlite:///app.db")
SQLALCHEMY_ENGINE_OPTIONS = {"pool_pre_ping": True}


def schema():
    """The PostgreSQL schema that holds all tables, or None for the database's default.

    Several apps can share one database in production, each with a schema of its own: Render gives
    one free database per account.
    """
    if ENVIRONMENT == "production" and SQLALCHEMY_DATABASE_URI.startswith("postgresql"):
        return os.environ.get("SCHEMA") or None
    return None


SCHEMA = schema()
