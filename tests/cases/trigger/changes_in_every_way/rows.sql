INSERT INTO t VALUES (1, 'a', 'b');
INSERT INTO parts VALUES (1, 'a');
