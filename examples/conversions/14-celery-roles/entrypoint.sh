#!/bin/sh
set -e
role=${CONTAINER_ROLE:-web}

export CELERY_BROKER_URL="redis://$REDIS_HOST:${REDIS_PORT:-6379}/0"
until [ "$(redis-cli -u "$CELERY_BROKER_URL" ping 2>/dev/null)" = PONG ]; do
	sleep 1
done

case $role in
web)
	alembic upgrade head
	exec gunicorn main:app
	;;
worker)
	until alembic current 2>/dev/null | grep -q "(head)"; do
		echo "waiting for the migration of web"
		sleep 1
	done
	exec celery -A tasks worker --pool solo --loglevel info
	;;
beat)
	exec celery -A tasks beat --schedule /tmp/beat --pidfile= --loglevel debug
	;;
*)
	echo "unknown role $role" >&2
	exit 1
	;;
esac
