from flask_sqlalchemy import SQLAlchemy

from .config import SCHEMA

db = SQLAlchemy()


def add_prefix(column):
    """The target of a foreign key, "users.id", in the schema where the tables are."""
    return f"{SCHEMA}.{column}" if SCHEMA else column


class User(db.Model):
    __tablename__ = "users"
    __table_args__ = {"schema": SCHEMA}

    id = db.Column(db.Integer, primary_key=True)
    first_name = db.Column(db.String(80), nullable=False)
    last_name = db.Column(db.String(80), nullable=False)
    email = db.Column(db.String(255), nullable=False, unique=True)
    launches = db.relationship("Launch", back_populates="user", order_by="Launch.id")

    def to_dict(self):
        return {
            "id": self.id,
            "first_name": self.first_name,
            "last_name": self.last_name,
            "email": self.email,
            "launches": [launch.to_dict() for launch in self.launches],
        }


class Launch(db.Model):
    __tablename__ = "launches"
    # Named here: index=True would put the schema into the name, and the migrations do not.
    __table_args__ = (db.Index("ix_launches_status", "status"), {"schema": SCHEMA})

    id = db.Column(db.Integer, primary_key=True)
    title = db.Column(db.String(120), nullable=False)
    status = db.Column(db.String(20), nullable=False, server_default="planned")
    user_id = db.Column(db.Integer, db.ForeignKey(add_prefix("users.id")), nullable=False)
    user = db.relationship("User", back_populates="launches")

    def to_dict(self):
        return {"id": self.id, "title": self.title, "status": self.status}
