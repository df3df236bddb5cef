INSERT INTO notes (a) VALUES (1), (2);
