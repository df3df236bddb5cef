INSERT INTO events VALUES (2, 'new');
