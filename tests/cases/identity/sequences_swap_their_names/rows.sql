INSERT INTO t (b) VALUES (1), (2), (3);
INSERT INTO u (b) VALUES (1), (2);
INSERT INTO round_3 (b) VALUES (1);
