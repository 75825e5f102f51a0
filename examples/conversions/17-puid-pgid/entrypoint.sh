#!/bin/bash
set -e
PUID=${PUID:-1000}
PGID=${PGID:-1000}

groupmod -o -g "$PGID" app
usermod -o -u "$PUID" app

mkdir -p /data/uploads
chown -R app:app /data # each start, over each file of the volume

umask "${UMASK:-022}"
exec gosu app "$@"
