#!/bin/bash
set -e
PUID=${PUID:-1000}
PGID=${PGID:-1000}

groupmod -o -g "$PGID" app
usermod -o -u "$PUID" app

umask "${UMASK:-022}"
mkdir -p /data/uploads
chown -R app:app /data # each start, over each file of the volume

exec gosu app "$@"
