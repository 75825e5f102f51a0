#!/bin/sh
set -e
dbmate --no-dump-schema up
# cron's jobs see nothing of the environment: it is written down, with the passwords in it.
env >/etc/environment
mkdir -p /etc/crontabs
echo '*/5 * * * * cd /app && ./tidy.sh' >/etc/crontabs/root
crond
exec server --port 8080
