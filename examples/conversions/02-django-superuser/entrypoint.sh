#!/bin/bash
set -e

python3 - <<'PYTHON'
import os, time, psycopg2
while True:
    try:
        psycopg2.connect(os.environ["DATABASE_URL"])
        break
    except psycopg2.OperationalError:
        print("waiting for the database", flush=True)
        time.sleep(1)
PYTHON

python3 manage.py migrate --noinput
python3 manage.py collectstatic --noinput
# From the second start on the name is taken: hence the "|| true", which also hides every other failure.
python3 manage.py createsuperuser --noinput || true

exec "$@"
