INSERT INTO t VALUES (1, 'a', 'good'); INSERT INTO refers VALUES (1, 2);
INSERT INTO holds VALUES (1, ROW(1, 'a', 'odd', 2), ARRAY[ROW(2, 'b', 'good', 4)]::t[]), (2, NULL, NULL);
