#!/bin/bash -e
rm -f tmp/pids/server.pid
bundle check || bundle install
bin/rails db:migrate
if [ "$PRECOMPILE" != no ]; then
	bin/rails assets:precompile
fi
exec bundle exec "$@"
