CREATE TABLE other (id int CONSTRAINT t_a_not_null NOT NULL);
CREATE TABLE t (a int, b int, c int, d int);
