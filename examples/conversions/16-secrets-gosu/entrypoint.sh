#!/bin/bash
set -e

# file_env NAME: NAME from the file that NAME_FILE names
file_env() {
	local file="${1}_FILE"
	if [ -n "${!1}" ] && [ -n "${!file}" ]; then
		echo "$1 and $file are both set" >&2
		exit 1
	fi
	if [ -n "${!file}" ]; then
		export "$1"="$(<"${!file}")"
	fi
	unset "$file"
}

file_env DATABASE_URL
file_env SECRET_KEY

alembic upgrade head

if [ "$(id -u)" = 0 ]; then
	chown www-data:www-data /data
	exec gosu www-data "$@"
fi
exec "$@"
