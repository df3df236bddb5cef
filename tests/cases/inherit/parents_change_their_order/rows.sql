INSERT INTO ab VALUES (1, 'b', 'w', DEFAULT, 'x');
