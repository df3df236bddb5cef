INSERT INTO people VALUES ('a', 1, 'g', 'o'); INSERT INTO people2 VALUES ('a', 1, 'g', 'o');
INSERT INTO turned VALUES (1, 2);
