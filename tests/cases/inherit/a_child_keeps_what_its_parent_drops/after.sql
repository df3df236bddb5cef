
CREATE TABLE a (id int);
CREATE TABLE b (z int, c text, CONSTRAINT pos CHECK (id > 0)) INHERITS (a);
CREATE TABLE d (y int) INHERITS (a);
