INSERT INTO pairs VALUES (1, 2), (5, 4);
