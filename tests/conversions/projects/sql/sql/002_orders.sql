CREATE TABLE IF NOT EXISTS orders (id integer PRIMARY KEY, status varchar(20));
