-- migrate:up
CREATE TABLE users (id serial PRIMARY KEY, email varchar(100));

-- migrate:down
DROP TABLE users;
