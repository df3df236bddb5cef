
INSERT INTO t VALUES (1, 'n'), (11, 'n'), (2, 's');
