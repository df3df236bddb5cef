INSERT INTO events VALUES (2, 'new');
INSERT INTO readings VALUES (2);
