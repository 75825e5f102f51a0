# Active Record itself as an oracle: a case a line on standard input, what db:migrate did with it on standard output.
# {"directory", "table", "rows"} -> {"pending"} or {"error"}
require "json"
require "logger"
require "active_record"

$stdout.sync = true
ActiveRecord::Migration.verbose = false

def context(directory)
  ActiveRecord::Migrator.migrations_paths = [directory]
  pool = ActiveRecord::Base.connection_pool
  (pool.respond_to?(:migration_context) ? pool : ActiveRecord::Base.connection).migration_context
end

def versions
  ActiveRecord::Base.connection.select_values("SELECT version FROM schema_migrations")
end

def answer(state)
  ActiveRecord::Base.establish_connection(adapter: "sqlite3", database: ":memory:")
  connection = ActiveRecord::Base.connection
  if state["table"]
    connection.execute("CREATE TABLE schema_migrations (version varchar NOT NULL PRIMARY KEY)")
    state["rows"].each { |row| connection.execute("INSERT INTO schema_migrations VALUES (#{connection.quote(row)})") }
  end
  before = state["rows"].length
  needed = context(state["directory"]).needs_migration?
  context(state["directory"]).migrate
  applied = versions.length - before
  raise "needs_migration? is #{needed}, but #{applied} were applied" if needed != applied.positive?
  { pending: applied }
rescue StandardError, ScriptError => error
  { error: "#{error.class}: #{error.message}" }
end

$stdin.each_line { |line| puts JSON.generate(answer(JSON.parse(line))) }
