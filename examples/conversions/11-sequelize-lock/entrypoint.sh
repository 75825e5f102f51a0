#!/bin/sh
set -e

set -a
. ./.env
set +a

# One replica at a time: a folder on the shared volume is the lock. It stays when its owner is killed.
while ! mkdir /data/migrate.lock 2>/dev/null; do
	echo "another replica migrates"
	sleep 1
done
npx sequelize-cli db:migrate
rmdir /data/migrate.lock

exec node server.js
