-- migrate:up
CREATE TABLE launches (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title text NOT NULL UNIQUE
);

-- migrate:down
DROP TABLE launches;
