#!/bin/sh
set -e

for name in DB_HOST DB_USER DB_PASSWORD DB_NAME; do
	eval "value=\$$name"
	if [ -z "$value" ]; then
		echo "$name is not set" >&2
		exit 1
	fi
done

export DATABASE_URL="postgres://$DB_USER:$DB_PASSWORD@$DB_HOST:${DB_PORT:-5432}/$DB_NAME"
migrate -path migrations -database "$DATABASE_URL" up

exec server --listen :8080
