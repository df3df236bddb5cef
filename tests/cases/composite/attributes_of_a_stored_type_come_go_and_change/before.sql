CREATE TYPE c AS (a integer, b text, "C d" date);
CREATE TYPE outer_ AS (inner_ c, n integer);
CREATE TABLE t (id integer PRIMARY KEY, x c, o outer_);
CREATE VIEW v AS SELECT (x).a FROM t;
CREATE FUNCTION f(c) RETURNS text LANGUAGE sql AS 'SELECT ($1).b';
COMMENT ON COLUMN c.b IS 'b';
