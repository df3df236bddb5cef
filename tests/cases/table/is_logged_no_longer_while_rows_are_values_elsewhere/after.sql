CREATE UNLOGGED TABLE t (id int PRIMARY KEY, b text);
CREATE TABLE holds (one t);
