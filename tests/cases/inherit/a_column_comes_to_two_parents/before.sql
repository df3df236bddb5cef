CREATE TABLE a (id integer);
CREATE TABLE b (w text);
CREATE TABLE c (x text) INHERITS (a, b);
CREATE TABLE d (x text) INHERITS (c);
