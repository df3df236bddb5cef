CREATE TABLE a (id integer NOT NULL, common text);
CREATE TABLE b (w text NOT NULL, common text, g integer GENERATED ALWAYS AS (length(w)) STORED);
CREATE TABLE c (z text CONSTRAINT no_z CHECK (z <> ''));
CREATE TABLE ab (x text) INHERITS (b, a);
CREATE TABLE abc (x text, z text) INHERITS (b, a);
CREATE TABLE bc (id integer NOT NULL) INHERITS (a, c, b);
CREATE TABLE below () INHERITS (abc);
