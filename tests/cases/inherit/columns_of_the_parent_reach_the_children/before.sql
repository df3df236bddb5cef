
CREATE TABLE a (id int, gone text, CONSTRAINT pos CHECK (id > 0));
CREATE TABLE c (z int, own int) INHERITS (a);
CREATE TABLE d (id int) INHERITS (a);
