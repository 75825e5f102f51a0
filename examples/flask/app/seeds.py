"""`flask seed all` and `flask seed undo`: the rows that a developer wants to see."""

import click
from flask.cli import AppGroup
from sqlalchemy import delete, select

from .models import Launch, User, db

USERS = [
    ("Ada", "Lovelace", "ada@example.com", [("Analytical Engine", "launched")]),
    ("Grace", "Hopper", "grace@example.com", [("Compiler", "launched"), ("COBOL", "planned")]),
    ("Margaret", "Hamilton", "margaret@example.com", [("Eagle", "counting down")]),
]

seed = AppGroup("seed", help="Fill the tables with example rows.")


@seed.command("all")
def seed_all():
    """Add the example rows that are not there yet."""
    there = set(db.session.scalars(select(User.email)))
    added = 0
    for first_name, last_name, email, launches in USERS:
        if email in there:
            continue
        user = User(first_name=first_name, last_name=last_name, email=email)
        user.launches = [Launch(title=title, status=status) for title, status in launches]
        db.session.add(user)
        added += 1
    db.session.commit()
    click.echo(f"seeded {added} users")


@seed.command("undo")
def seed_undo():
    """Remove all rows, with those that the app added."""
    db.session.execute(delete(Launch))
    removed = db.session.execute(delete(User)).rowcount
    db.session.commit()
    click.echo(f"removed {removed} users")
