#!/bin/sh
set -e
python3 manage.py migrate --noinput
exec supervisord -n -c /app/supervisord.conf
