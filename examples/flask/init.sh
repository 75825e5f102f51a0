#!/bin/sh
# What tminus replaces: the start script that thousands of projects carry, kept for comparison.
set -e

if [ -n "$DB_HOST" ]; then
	while ! nc -z "$DB_HOST" "${DB_PORT:-5432}"; do
		sleep 1
	done
fi

flask db upgrade
flask seed undo
flask seed all
exec gunicorn --bind "0.0.0.0:${PORT:-5000}" wsgi:app
