CREATE TYPE c AS (a bigint, b text COLLATE "C", e boolean);
CREATE FUNCTION f(c) RETURNS integer LANGUAGE sql AS 'SELECT 1';
