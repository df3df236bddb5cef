SELECT nextval('s'), nextval('own'); INSERT INTO t VALUES (1), (2);
