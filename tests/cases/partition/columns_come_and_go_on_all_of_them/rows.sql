
INSERT INTO t SELECT i, i + 1, 'g' FROM generate_series(1, 9) i;
