CREATE TYPE c AS (a integer, b text, d date);
CREATE FUNCTION f(c) RETURNS integer LANGUAGE sql AS 'SELECT 1';
