INSERT INTO shirts VALUES (7, 'linen', 30, 'L');
