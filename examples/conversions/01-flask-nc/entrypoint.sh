#!/bin/sh
while ! nc -z "$DB_HOST" "$DB_PORT"; do sleep 1; done # without limit, and a port is not a database
echo "database is up"
flask db upgrade # goes on when it fails
flask seed all   # at every start
exec gunicorn --bind 0.0.0.0:5000 wsgi:app
