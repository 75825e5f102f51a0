#!/bin/sh
set -e
# The app connects to DATABASE_URL; this waits for something else.
until pg_isready -h "${POSTGRES_HOST:-db}" -p "${POSTGRES_PORT:-5432}"; do
	sleep 1
done
alembic upgrade head
exec uvicorn main:app --host 0.0.0.0 --port "${PORT:-8000}"
