#!/bin/sh
set -e

# DATABASE_URL is taken apart: nc wants the host and the port.
address=$(echo "$DATABASE_URL" | sed -e 's|.*@||' -e 's|/.*||')
until nc -z "${address%:*}" "${address#*:}"; do sleep 1; done

name=${DATABASE_URL##*/}
server=${DATABASE_URL%/*}/postgres
if ! psql "$server" -tAc "SELECT 1 FROM pg_database WHERE datname = '$name'" | grep -q 1; then
	psql "$server" -qc "CREATE DATABASE \"$name\""
fi

bin/shop eval "Shop.Release.migrate()"

RELEASE_NODE="shop@$(cat node-name)"
export RELEASE_NODE
exec bin/shop start
