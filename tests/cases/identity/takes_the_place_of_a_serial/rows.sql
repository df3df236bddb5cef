
INSERT INTO t (a) VALUES ('a'), ('b'); INSERT INTO u (big) VALUES (1), (2);
