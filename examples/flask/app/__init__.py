"""A launch calendar: the smallest application that has migrations, seeds and a health check."""

from flask import Flask
from flask_migrate import Migrate

from . import config, routes, seeds
from .models import db

migrate = Migrate()


def create_app():
    app = Flask(__name__)
    app.config.from_object(config)
    db.init_app(app)
    migrate.init_app(app, db)
    app.register_blueprint(routes.blueprint)
    app.cli.add_command(seeds.seed)
    return app
