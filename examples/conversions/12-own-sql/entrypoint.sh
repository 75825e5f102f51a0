#!/bin/bash
set -euo pipefail

cd /app/sql
for file in *.sql; do
	psql "$DATABASE_URL" -q -v ON_ERROR_STOP=1 -f "$file"
done
cd /app

if [ "$(psql "$DATABASE_URL" -tAc 'SELECT count(*) FROM users')" = 0 ]; then
	psql "$DATABASE_URL" -q -v ON_ERROR_STOP=1 -f seed.sql
fi

exec server --config /app/server.conf "$@"
