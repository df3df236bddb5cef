
CREATE TABLE a (id int, c text, CONSTRAINT pos CHECK (id > 0));
CREATE TABLE b (z int) INHERITS (a);
CREATE TABLE d (y int) INHERITS (a);
