CREATE TABLE a (id integer NOT NULL, v bigint DEFAULT 2);
CREATE TABLE b (v bigint DEFAULT 2, w text);
CREATE TABLE c (x text) INHERITS (a, b);
CREATE TABLE d (v bigint DEFAULT 5, y text) INHERITS (a, b);
