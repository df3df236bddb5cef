CREATE TABLE a (id integer, v integer GENERATED ALWAYS AS (id * 2) STORED);
CREATE TABLE b (id integer, v integer GENERATED ALWAYS AS (id * 2) STORED);
CREATE TABLE c (x text) INHERITS (a, b);
