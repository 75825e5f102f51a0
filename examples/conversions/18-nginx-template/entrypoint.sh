#!/bin/sh
set -e
export NGINX_PORT="${NGINX_PORT:-8080}"
envsubst '${API_URL} ${NGINX_PORT}' </app/nginx.conf.in >/etc/nginx/nginx.conf
exec nginx -g 'daemon off;'
