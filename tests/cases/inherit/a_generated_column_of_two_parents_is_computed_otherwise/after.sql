CREATE TABLE a (id bigint, v integer GENERATED ALWAYS AS (id * 3) STORED);
CREATE TABLE b (id bigint, v integer GENERATED ALWAYS AS (id * 3) STORED);
CREATE TABLE c (x text) INHERITS (a, b);
