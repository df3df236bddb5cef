CREATE TABLE a (id bigint, v integer GENERATED ALWAYS AS (id * 3) STORED);
CREATE TABLE c (x text) INHERITS (a);
CREATE TABLE d (x text, v integer GENERATED ALWAYS AS (id * 8) STORED) INHERITS (a);
