INSERT INTO kept VALUES (1, ROW('old', 'chair'), 'new');
