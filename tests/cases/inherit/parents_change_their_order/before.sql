CREATE TABLE a (id integer NOT NULL, common text);
CREATE TABLE b (w text NOT NULL, common text, g integer GENERATED ALWAYS AS (length(w)) STORED);
CREATE TABLE c (z text CONSTRAINT no_z CHECK (z <> ''));
CREATE TABLE ab (x text) INHERITS (a, b);
CREATE TABLE abc (x text) INHERITS (a, b, c);
CREATE TABLE bc () INHERITS (b, c);
CREATE TABLE below () INHERITS (abc);
