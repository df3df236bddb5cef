CREATE TABLE a (id integer NOT NULL, v integer NOT NULL DEFAULT 1);
CREATE TABLE b (v integer NOT NULL DEFAULT 1, w text);
CREATE TABLE c (x text) INHERITS (a, b);
CREATE TABLE d (v integer DEFAULT 5, y text) INHERITS (a, b);
