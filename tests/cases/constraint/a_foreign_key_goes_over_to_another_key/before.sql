CREATE TABLE t (a int, b int, CONSTRAINT t_pkey PRIMARY KEY (a));
CREATE TABLE r (x int REFERENCES t);
CREATE TABLE u (a int, b int);
CREATE UNIQUE INDEX u_one ON u (a, b);
CREATE TABLE s (x int, y int, CONSTRAINT s_u FOREIGN KEY (x, y) REFERENCES u (a, b) ON DELETE CASCADE);
