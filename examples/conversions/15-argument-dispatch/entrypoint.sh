#!/bin/bash
set -e

case "$1" in
web)
	alembic upgrade head
	exec gunicorn main:app
	;;
worker)
	exec rq worker --burst
	;;
migrate)
	exec alembic upgrade head
	;;
esac

exec "$@"
