INSERT INTO stays VALUES (1, 1, 2, 2, '{1,2,3}');
