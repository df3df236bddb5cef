INSERT INTO p VALUES (1);
INSERT INTO t (id, pid, name, n, code) VALUES (1, 1, 'a', 1.5, '12'), (2, 1, 'b', NULL, NULL);
