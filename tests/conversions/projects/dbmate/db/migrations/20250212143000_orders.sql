-- migrate:up
CREATE TABLE orders (id serial PRIMARY KEY, status varchar(20));

-- migrate:down
DROP TABLE orders;
