#!/bin/bash
#
# One image, three roles: web (nginx, gunicorn), worker and beat (Celery).
#
#   CONTAINER_ROLE          web (the default), worker, beat
#   DB_HOST, DB_PORT, DB_USER, DB_NAME, DB_PASSWORD or DB_PASSWORD_FILE
#   REDIS_HOST, REDIS_PORT
#   SECRET_KEY or SECRET_KEY_FILE; without either one is made, and kept on the volume
#   ADMIN_PASSWORD or ADMIN_PASSWORD_FILE: makes the account "admin"
#   LOAD_PRODUCTS=yes       loads the products, where there are none
#   PUID, PGID              who the app runs as
#   HTTP_PORT, SERVER_NAME  of nginx
#
set -eo pipefail

CONTAINER_ROLE=${CONTAINER_ROLE:-web}
DB_PORT=${DB_PORT:-5432}
REDIS_PORT=${REDIS_PORT:-6379}
PUID=${PUID:-1000}
PGID=${PGID:-1000}
export HTTP_PORT=${HTTP_PORT:-8080}
export SERVER_NAME=${SERVER_NAME:-localhost}
WAIT_ATTEMPTS=${WAIT_ATTEMPTS:-30}

log() {
	echo "[entrypoint] $*"
}

die() {
	echo "[entrypoint] error: $*" >&2
	exit 1
}

# --- settings ------------------------------------------------------------------------------------

# The value of NAME from the file that NAME_FILE names.
file_env() {
	local name=$1
	local file="${name}_FILE"
	if [ -n "${!name}" ] && [ -n "${!file}" ]; then
		die "$name and $file are both set"
	fi
	if [ -n "${!file}" ]; then
		[ -r "${!file}" ] || die "${!file} cannot be read"
		export "$name"="$(<"${!file}")"
	fi
	unset "$file"
}

require() {
	local name
	for name in "$@"; do
		[ -n "${!name}" ] || die "$name is not set"
	done
}

load_settings() {
	file_env DB_PASSWORD
	file_env SECRET_KEY
	file_env ADMIN_PASSWORD
	require DB_HOST DB_USER DB_NAME DB_PASSWORD REDIS_HOST
	export DATABASE_URL="postgres://$DB_USER:$DB_PASSWORD@$DB_HOST:$DB_PORT/$DB_NAME"
	export CELERY_BROKER_URL="redis://$REDIS_HOST:$REDIS_PORT/0"
	if [ -f /app/defaults.env ]; then
		set -a
		# shellcheck disable=SC1091
		. /app/defaults.env
		set +a
	fi
}

# A key that is made once. Replicas that start together on one volume make one each.
make_key() {
	local file=/data/secret-key
	if [ -n "$SECRET_KEY" ]; then
		return
	fi
	if [ ! -s "$file" ]; then
		log "making a key"
		(umask 077 && python3 -c 'import secrets; print(secrets.token_hex(32))' >"$file")
	fi
	SECRET_KEY=$(cat "$file")
	export SECRET_KEY
}

# --- waiting -------------------------------------------------------------------------------------

wait_for() {
	local what=$1 host=$2 port=$3 left=$WAIT_ATTEMPTS
	log "waiting for $what"
	until nc -z "$host" "$port" 2>/dev/null; do
		left=$((left - 1))
		if [ "$left" -le 0 ]; then
			log "$what did not come, trying all the same"
			return
		fi
		sleep 1
	done
	log "$what is there"
}

wait_for_migration() {
	until python3 manage.py migrate --check >/dev/null 2>&1; do
		log "waiting for the migration of web"
		sleep 1
	done
}

# --- what is done --------------------------------------------------------------------------------

make_folders() {
	mkdir -p /data/uploads /data/exports /var/log/shop
	chown -R "$PUID:$PGID" /data/uploads /data/exports /var/log/shop
	chmod 750 /data/exports
}

migrate() {
	log "migrating"
	python3 manage.py migrate --noinput
}

load_products() {
	local count
	[ "$LOAD_PRODUCTS" = yes ] || return 0
	count=$(psql "$DATABASE_URL" -tAc 'SELECT count(*) FROM shop_product')
	if [ "$count" -eq 0 ]; then
		log "loading products"
		python3 manage.py loaddata products
	fi
}

make_admin() {
	[ -n "$ADMIN_PASSWORD" ] || return 0
	DJANGO_SUPERUSER_PASSWORD=$ADMIN_PASSWORD python3 manage.py createsuperuser --noinput \
		--username admin --email admin@example.com 2>/dev/null || log "admin is there already"
}

collect_static() {
	[ "$COLLECT_STATIC" = no ] || python3 manage.py collectstatic --noinput
}

write_configuration() {
	# shellcheck disable=SC2016
	envsubst '${HTTP_PORT} ${SERVER_NAME}' </app/nginx.conf.in >/etc/nginx/shop.conf
}

run_hooks() {
	local hook
	for hook in /app/hooks.d/*; do
		[ -x "$hook" ] || continue
		log "hook $hook"
		"$hook"
	done
}

# --- roles ---------------------------------------------------------------------------------------

as_app() {
	HOME=/data exec setpriv --reuid "$PUID" --regid "$PGID" --groups "$PGID" -- "$@"
}

stop() {
	kill -TERM "$nginx" "$app" 2>/dev/null || true
	wait || true
	exit 0
}

web() {
	migrate
	load_products
	make_admin
	collect_static
	run_hooks
	write_configuration
	trap stop TERM INT
	(as_app gunicorn --bind 127.0.0.1:8000 --workers "${WEB_CONCURRENCY:-2}" config.wsgi) &
	app=$!
	nginx -c /etc/nginx/shop.conf -g 'daemon off;' &
	nginx=$!
	wait -n || true
	stop
}

worker() {
	wait_for_migration
	as_app celery -A tasks worker --pool solo --loglevel info
}

beat() {
	wait_for_migration
	as_app celery -A tasks beat --schedule /data/exports/beat --pidfile= --loglevel debug
}

case $CONTAINER_ROLE in
web | worker | beat) ;;
*) die "unknown role $CONTAINER_ROLE" ;;
esac

cd /app
umask 027
ulimit -n 4096
load_settings
make_folders
make_key
wait_for PostgreSQL "$DB_HOST" "$DB_PORT"
wait_for Redis "$REDIS_HOST" "$REDIS_PORT"
"$CONTAINER_ROLE"
