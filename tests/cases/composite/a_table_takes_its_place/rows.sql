INSERT INTO offers VALUES (1, (2.5, 'EUR')), (2, NULL);
