
CREATE TYPE row_type AS (id int, name text);
CREATE TABLE plain (id int, name text);
