INSERT INTO orders VALUES (1, 'new', '{new,done}', 'new', (1, 'done')), (2, 'done', NULL, 'done', NULL);
