from flask import Blueprint, current_app
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from .models import User, db

blueprint = Blueprint("routes", __name__)


@blueprint.get("/")
def index():
    return {"users": "/api/users", "health": "/health"}


@blueprint.get("/api/users")
def users():
    rows = db.session.scalars(select(User).order_by(User.id))
    return {"users": [user.to_dict() for user in rows]}


@blueprint.get("/health")
def health():
    """200 when this process can use its database."""
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        current_app.logger.exception("the database cannot be used")
        return {"status": "unavailable"}, 503
    return {"status": "ok"}
