INSERT INTO a_rows VALUES (1, 2), (2, 3);
