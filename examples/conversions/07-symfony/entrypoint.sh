#!/bin/sh
set -e

if [ "$1" = php-fpm ] || [ "$1" = php ]; then
	attempts=3
	until [ "$attempts" -eq 0 ] || psql "$DATABASE_URL" -qtAc 'SELECT 1' >/dev/null 2>&1; do
		attempts=$((attempts - 1))
		sleep 1
	done
	echo "the wait is over" # and what has come of it nobody asks

	php bin/console doctrine:migrations:migrate --no-interaction --allow-no-migration
	php bin/console cache:warmup
	mkdir -p var/log
	chown -R www-data:www-data var
fi

exec "$@"
