#!/bin/bash -e
rm -f tmp/pids/server.pid
bundle check || bundle install
bundle exec rails db:migrate
if [ "$PRECOMPILE" != no ]; then
	bundle exec rails assets:precompile
fi
exec bundle exec "$@"
