INSERT INTO p VALUES (1, 'x');
INSERT INTO c VALUES (2, 'y', 3);
INSERT INTO keyed VALUES (1, 'x');
INSERT INTO refers VALUES (1);
INSERT INTO parts VALUES ('x', 1), ('y', 2);
INSERT INTO of_both VALUES (1, 2);
