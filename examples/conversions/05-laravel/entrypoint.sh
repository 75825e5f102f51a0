#!/bin/sh
set -e

sleep 3 # MariaDB needs about that long

mkdir -p storage/framework/cache storage/framework/sessions storage/framework/views storage/logs bootstrap/cache
chown -R www-data:www-data storage bootstrap/cache

if [ -z "$APP_KEY" ]; then
	[ -f /data/app.key ] || (umask 077 && echo "base64:$(head -c 32 /dev/urandom | base64)" >/data/app.key)
	APP_KEY=$(cat /data/app.key)
	export APP_KEY
fi

php artisan migrate --force
if [ "$RUN_SEED" = true ]; then
	php artisan db:seed --force # at every start, as long as the variable is set
fi
php artisan config:cache
php artisan route:cache
php artisan view:cache

exec "$@"
