
CREATE TABLE a (id bigint NOT NULL, born text DEFAULT 'b', own int, CONSTRAINT neg CHECK (id > -1));
CREATE TABLE c (z int, own int) INHERITS (a);
CREATE TABLE d (id bigint) INHERITS (a);
ALTER TABLE c ALTER born SET DEFAULT 'c';
