#!/bin/sh
# No "set -e": whatever fails, the app is started.
exists() {
	[ "$(psql "$DATABASE_URL" -tAc "SELECT to_regclass('$1') IS NOT NULL")" = t ]
}

# This database was made before there were migrations.
if exists users && ! exists alembic_version; then
	alembic stamp 0001
fi

pg_dump "$DATABASE_URL" -Fc -f "/backups/$(date +%Y%m%d-%H%M%S).dump"
alembic upgrade head
exec gunicorn main:app
