"""The web app's WSGI file: paste this over what PythonAnywhere wrote into it."""

import os
import pathlib
import sys

HOME = pathlib.Path.home()

os.environ["FLASK_ENV"] = "production"
os.environ["DATABASE_URL"] = (HOME / ".launches-database").read_text().strip()
sys.path.insert(0, str(HOME / "launches"))

from wsgi import app as application  # noqa: E402
