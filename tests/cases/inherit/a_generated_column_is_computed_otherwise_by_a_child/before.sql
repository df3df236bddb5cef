CREATE TABLE a (id integer, v integer GENERATED ALWAYS AS (id * 2) STORED);
CREATE TABLE c (x text) INHERITS (a);
CREATE TABLE d (x text, v integer GENERATED ALWAYS AS (id * 7) STORED) INHERITS (a);
