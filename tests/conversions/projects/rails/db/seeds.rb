ActiveRecord::Base.connection.execute("INSERT INTO users (email) VALUES ('ada@example.com')")
