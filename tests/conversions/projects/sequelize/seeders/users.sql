INSERT INTO users SELECT COALESCE(MAX(id), 0) + 1, 'ada@example.com' FROM users;
