INSERT INTO t SELECT i, 'n' FROM generate_series(1, 40) i; INSERT INTO t VALUES (1, 'x'), (2, NULL);
