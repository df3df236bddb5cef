CREATE TABLE a (id integer, v integer NOT NULL DEFAULT 3 CHECK (v > 0));
CREATE TABLE b (w text, v integer NOT NULL DEFAULT 3);
CREATE TABLE c (x text) INHERITS (a, b);
CREATE TABLE d (x text) INHERITS (c);
