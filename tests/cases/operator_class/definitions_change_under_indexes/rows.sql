INSERT INTO numbers VALUES (1, 2, 3), (2, 3, 4);
