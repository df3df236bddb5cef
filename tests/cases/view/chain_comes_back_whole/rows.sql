INSERT INTO item VALUES (1, 5, 'a'), (2, 0, 'b');
