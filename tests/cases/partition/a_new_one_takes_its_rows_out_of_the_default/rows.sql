
INSERT INTO t VALUES (1, 'n'), (2, 's'), (3, NULL);
