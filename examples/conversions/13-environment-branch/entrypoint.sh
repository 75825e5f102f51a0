#!/bin/sh
ulimit -n 4096
umask 027
if [ "${APP_ENV:-production}" = development ]; then
	exec uvicorn main:app --reload
fi
exec gunicorn -w "${WEB_CONCURRENCY:-4}" main:app
