#!/bin/bash
stop() {
	kill -TERM "$app" "$nginx" 2>/dev/null
	wait
	exit 0
}
trap stop TERM INT

gunicorn --bind 127.0.0.1:8000 main:app &
app=$!
nginx -c /app/nginx.conf -g 'daemon off;' &
nginx=$!

# When one of them ends, so does the other.
wait -n
kill -TERM "$app" "$nginx" 2>/dev/null
wait
