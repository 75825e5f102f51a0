#!/bin/sh
# Retrying is the wait: a migration that cannot succeed is tried for ever.
until npx prisma migrate deploy; do
	echo "no database yet"
	sleep 1
done
node server.js
