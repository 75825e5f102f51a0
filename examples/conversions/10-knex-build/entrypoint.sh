#!/bin/sh
set -e
wait-for-it "$DB_HOST:$DB_PORT" -t 30
wait-for-it "$REDIS_HOST:$REDIS_PORT" -t 30
[ -d dist ] || npm run build
npx knex migrate:latest
exec node server.js
