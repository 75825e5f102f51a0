-- migrate:up
ALTER TABLE launches ADD COLUMN status text NOT NULL DEFAULT 'planned';

-- migrate:down
ALTER TABLE launches DROP COLUMN status;
