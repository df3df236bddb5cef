CREATE TABLE a (id integer, v integer);
CREATE TABLE b (id integer, v integer);
CREATE TABLE c (x text) INHERITS (a, b);
