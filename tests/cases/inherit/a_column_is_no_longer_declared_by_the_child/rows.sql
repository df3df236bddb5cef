INSERT INTO b VALUES (1, 'x'), (2, 'y');
