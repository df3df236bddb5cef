CREATE TABLE other (id int CONSTRAINT t_a_not_null NOT NULL);
CREATE TABLE t (a int, b int NOT NULL, c int, d int);
ALTER TABLE t ADD CONSTRAINT t_a_not_null NOT NULL a, ADD CONSTRAINT filled NOT NULL c, ADD CONSTRAINT t_d_not_null NOT NULL d NO INHERIT;
