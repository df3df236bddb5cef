
CREATE TABLE a (id int NOT NULL, x text DEFAULT 'a', CONSTRAINT pos CHECK (id > 0));
CREATE TABLE b (y int);
CREATE TABLE c (id int NOT NULL, x text, y int, z int, CONSTRAINT pos CHECK (id > 0));
CREATE TABLE d (w int) INHERITS (a, b);
